"""What a connection may ask for, how long it may take, and how the server's own errors look."""

import json
import re
import select
import socket
from collections.abc import Iterable
from typing import Any

import pytest

from api.web import connections, server
from tests.api.web.conftest import Serve

HOST = b"Host: x\r\n"
BEGIN = b"POST /v1/schedules HTTP/1.1\r\n" + HOST
CHUNKED = BEGIN + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAKE_SECONDS", "HEAD_SECONDS", "REQUEST_SECONDS"):
        monkeypatch.setattr(connections, name, 0.3)


def _app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Says the path and what it was sent; `/stream` says much, a piece at a time, and `/fault` nothing at all."""
    path = environ["PATH_INFO"]
    if path == "/fault":
        raise RuntimeError("private")
    if path == "/stream":
        start_response("200 OK", [])
        return (b"x" * 100_000 for _ in range(1000))
    body = b"(" + path.encode() + environ["wsgi.input"].read() + b")"
    start_response("200 OK", [])
    return [body * (10**6 if path == "/much" else 1)]


@pytest.fixture
def connect(serve: Serve) -> Any:
    """Connections to one server of that app."""
    port = serve(_app).port
    clients: list[socket.socket] = []

    def open_one() -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        clients.append(client)
        return client

    yield open_one
    for client in clients:
        client.close()


def test_requests_that_come_at_once_are_answered_one_after_the_other(connect: Any) -> None:
    client = connect()
    asked = [
        b"GET /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n-%02d" % (number, number % 100)
        if number % 2
        else b"\r\nGET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number
        for number in range(500)
    ]
    client.sendall(b"".join(asked[:-1]) + asked[-1].replace(b"Host: x", b"Connection: close"))
    client.shutdown(socket.SHUT_WR)
    bodies = re.findall(r"\(/([\d-]+)\)", _read(client).decode())
    assert bodies == [f"{number}-{number % 100:02}" if number % 2 else f"{number}" for number in range(500)]


@pytest.mark.usefixtures("quick")
def test_a_connection_that_takes_nothing_is_closed(connect: Any) -> None:
    client = connect()
    client.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    assert _is_closed_by_server(client)


def test_of_more_than_there_is_room_for_what_waits_longest_goes(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HELD_BYTES", 10_000_000)
    clients = [connect(), connect(), connect()]
    for client in clients:
        client.sendall(b"GET /much HTTP/1.0\r\n\r\n")
        assert client.recv(1) == b"H"
    assert _is_closed_by_server(clients[0])
    assert _is_closed_by_server(clients[1])
    assert len(_read(clients[2])) > 7_000_000


@pytest.mark.usefixtures("quick")
def test_a_thread_that_writes_to_who_takes_nothing_is_free_again(connect: Any) -> None:
    for _ in range(4):
        connect().sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    client = connect()
    client.sendall(b"GET /me HTTP/1.0\r\n\r\n")
    assert _read(client).endswith(b"(/me)")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "begin", [b"GET / HTTP/1.1\r\nX: ", BEGIN + b"Content-Length: 100000\r\n\r\n", CHUNKED + b"5;"]
)
def test_a_request_that_takes_too_long_is_closed_although_more_of_it_comes(connect: Any, begin: bytes) -> None:
    client = connect()
    client.sendall(begin)
    assert _is_closed_by_server(client, while_sending=b"y")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (BEGIN + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (BEGIN + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (BEGIN + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n", 400),
        (BEGIN + b"Content-Length: 5, 5\r\n\r\nhello", 400),
        (BEGIN + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (BEGIN + b"Content-Length: -5\r\n\r\nhello", 400),
        (BEGIN + b"Content-Length: 5000000\r\n\r\nhello", 413),
        (BEGIN + b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n", 413),
        (BEGIN + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (CHUNKED + b"5;" + b"x" * 20_000, 400),
        (CHUNKED + b"0\r\nX: " + b"x" * 20_000, 400),
        (CHUNKED + b"x\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://[x/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET /fault HTTP/1.1\r\nHost: x\r\n\r\n", 500),
    ],
    ids=lambda value: value[-40:].decode() if isinstance(value, bytes) else "",
)
def test_errors_of_the_server_itself_look_like_ours_and_end_the_connection(
    connect: Any, asked: bytes, status: int
) -> None:
    client = connect()
    client.sendall(asked + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = _read(client).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 %d " % status, b"HTTP/1.0 %d " % status)), head
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    assert (headers["Content-Type"], headers["Connection"]) == ("application/problem+json", "close")
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    problem = json.loads(body)
    assert (problem["status"], problem["type"], problem["errors"]) == (status, "about:blank", [])
    assert problem["title"]
    assert problem["detail"]
    assert "xxx" not in problem["detail"]


def test_who_expects_it_is_told_to_go_on(connect: Any) -> None:
    client = connect()
    client.sendall(BEGIN + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 5\r\n\r\n")
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"hello")
    assert b"/v1/scheduleshello" in _read(client)


def _read(client: socket.socket) -> bytes:
    """All until the end; a reset is one too."""
    found = b""
    try:
        while more := client.recv(65536):
            found += more
    except ConnectionError:
        pass
    return found


def _is_closed_by_server(client: socket.socket, while_sending: bytes = b"") -> bool:
    """Whether the server ends the connection while its client reads nothing, and sends more if asked to."""
    poll = select.poll()
    poll.register(client, 0)
    for _ in range(200):
        if poll.poll(50):
            return True
        try:
            client.sendall(while_sending)
        except OSError:
            return True
    return False
