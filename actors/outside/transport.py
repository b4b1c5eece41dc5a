"""httpx over connections that only go where they may, and that keep one deadline over all they do."""

import os
import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, TypeVar

import httpcore
import httpx

from actors.outside.addresses import AddressNotAllowed, IPAddress, IPNetwork, resolve_allowed
from actors.outside.deadline import Deadline, DeadlineExceeded
from config.secret_rules import Target

T = TypeVar("T")


class GuardedTransport(httpx.BaseTransport):
    """For one request and its redirects. All waiting is in short steps, so that an interrupt is seen at once."""

    def __init__(self, networks: Iterable[IPNetwork], deadline: Deadline) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(), network_backend=GuardedBackend(networks, deadline), max_keepalive_connections=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. Raises AddressNotAllowed, DeadlineExceeded, httpcore's errors."""
        url = request.url
        if url.scheme not in ("http", "https") or not url.host:
            raise AddressNotAllowed(
                f"{url.host or 'no host'} by {url.scheme or 'no scheme'}: only http:// and https:// are allowed"
            )
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response), request=request)

    def close(self) -> None:
        self._pool.close()


def target_of(url: httpx.URL) -> Target:
    """Where a request to this URL goes."""
    return Target(url.scheme, url.raw_host.decode("ascii"), url.port, url.raw_path.partition(b"?")[0].decode("ascii"))


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Reads the certificates once. `SSL_CERT_FILE` names an operator's own."""
    return httpx.create_ssl_context(trust_env=True)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class GuardedBackend(httpcore.NetworkBackend):
    """Connections that go where they may and keep the deadline."""

    def __init__(self, networks: Iterable[IPNetwork], deadline: Deadline) -> None:
        self._networks = tuple(networks)
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Connect to an address that was checked, never to a name that may resolve to something else by now."""
        problem: Exception | None = None
        try:
            addresses = resolve_allowed(host, port, self._networks, self._deadline)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            # An address that never answers must leave time for the others.
            patience = Deadline(self._deadline.remaining() / left, "no answer")
            try:
                return _GuardedStream(_connect(address, port, patience), self._deadline)
            except (OSError, DeadlineExceeded) as error:
                problem = error
        self._deadline.remaining()
        raise httpcore.ConnectError(f"can't connect to {host}, port {port}: {problem}")


class _GuardedStream(httpcore.NetworkStream):
    """A socket that does not block. The time limits of single calls are ignored: the deadline is for all of them."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._socket = sock
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._retry(partial(self._socket.recv, max_bytes), select.POLLIN)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        try:
            while rest:
                rest = rest[self._retry(partial(self._socket.send, rest), select.POLLOUT) :]
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._socket = wrapped = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._retry(wrapped.do_handshake, select.POLLIN)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise httpcore.ConnectError(str(error)) from error
            raise
        return self

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Nothing that httpcore could ask for exists: one connection carries one request by HTTP/1.1."""
        return None

    def _retry(self, act: Callable[[], T], event: int) -> T:
        while True:
            self._deadline.remaining()
            try:
                return act()
            except ssl.SSLWantReadError:
                _wait(self._socket, select.POLLIN, self._deadline)
            except ssl.SSLWantWriteError:
                _wait(self._socket, select.POLLOUT, self._deadline)
            except BlockingIOError:
                _wait(self._socket, event, self._deadline)


def _connect(address: IPAddress, port: int, deadline: Deadline) -> socket.socket:
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.connect((str(address), port))
        except BlockingIOError:
            _wait(sock, select.POLLOUT, deadline)
        if problem := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(problem, os.strerror(problem))
        return sock
    except BaseException:
        sock.close()
        raise


def _wait(sock: socket.socket, event: int, deadline: Deadline) -> None:
    poll = select.poll()
    poll.register(sock, event)
    while not poll.poll(deadline.step() * 1000):
        pass
