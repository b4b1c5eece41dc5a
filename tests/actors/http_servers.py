"""Small HTTP servers, some of them hostile, on a loopback address."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[["Exchange"], None]


@dataclass
class Server:
    """`requests` holds the head of each request in full, with as much of the body as was announced."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def headers(self, number: int = -1) -> dict[str, str]:
        lines = self.requests[number].split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    def body(self, number: int = -1) -> bytes:
        return self.requests[number].split(b"\r\n\r\n", 1)[1]


@dataclass
class Exchange:
    """One request and the connection it came by."""

    connection: socket.socket
    request: bytes
    server: Server

    @property
    def path(self) -> str:
        return self.request.split(b" ")[1].decode()

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: str = "200 OK", body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def pause(self, seconds: float) -> bool:
        """Wait; False once the test is over."""
        return not self.server.stopping.wait(seconds)


@contextmanager
def serving(
    answer: Answer, wrap: Callable[[socket.socket], socket.socket] | None = None, *, reads: bool = True
) -> Iterator[Server]:
    """A server that calls `answer` for each connection, after its first request (at once where it `reads` none), and
    then closes it."""
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    if server.stopping.is_set():
                        connection.close()
                        return
                    thread = threading.Thread(target=_serve, args=(connection, answer, server, wrap, reads))
                    threads.append(thread)
                    thread.start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            server.stopping.set()
            with socket.socket() as last:
                last.connect(("127.0.0.1", server.port))
            for thread in (acceptor, *threads):
                thread.join(10)


def _serve(
    connection: socket.socket,
    answer: Answer,
    server: Server,
    wrap: Callable[[socket.socket], socket.socket] | None,
    reads: bool,
) -> None:
    connection.settimeout(10)
    with suppress(OSError), connection, wrap(connection) if wrap else connection as stream:
        request = _read_request(stream) if reads else b""
        server.requests.append(request)
        answer(Exchange(stream, request, server))
        stream.shutdown(socket.SHUT_WR)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or _closed()
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536) or _closed()
    return head + b"\r\n\r\n" + body


def _closed() -> bytes:
    raise ConnectionError("closed before the request was complete")


def ok(exchange: Exchange) -> None:
    exchange.answer(body=b"hello", X_Custom="yes")


def hang(exchange: Exchange) -> None:
    exchange.server.stopping.wait(30)


def drip(exchange: Exchange, data: bytes) -> None:
    while exchange.pause(0.05):
        exchange.send(data)
