"""Slow servers, redirects, addresses and certificates: a request ends in time and goes nowhere it may not."""

import shutil
import socket
import ssl
import threading
import time

import httpcore
import httpx
import pytest

from actors.http_request import http_request
from actors.outside.addresses import AddressNotAllowed
from actors.outside.deadline import DeadlineExceeded
from actors.outside.transport import tls_context
from tests.actors.conftest import RUN_ID
from tests.actors.http_servers import Exchange, drip, hang, ok, serving
from tests.actors.mail_servers import make_certificate
from tests.actors.worker.interrupts import seconds_until_interrupted

call = http_request.fn


@pytest.fixture(autouse=True)
def _loopback_is_allowed(allow):
    allow(networks=["127.0.0.0/8"])


SLOW_ANSWERS = {
    "never answers": hang,
    "drips headers": lambda exchange: (exchange.send(b"HTTP/1.1 200 OK\r\nX: "), drip(exchange, b"x")),
    "drips the body": lambda exchange: (exchange.send(b"HTTP/1.1 200 OK\r\n\r\n"), drip(exchange, b"x")),
    "drips chunks": lambda exchange: (
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        drip(exchange, b"1\r\nx\r\n"),
    ),
    "says to go on for ever": lambda exchange: drip(exchange, b"HTTP/1.1 102 Processing\r\n\r\n"),
}


@pytest.mark.parametrize("answer", SLOW_ANSWERS.values(), ids=SLOW_ANSWERS.keys())
def test_the_deadline_holds_for_a_server_that(run, answer):
    with serving(answer) as server:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded, match=r"within 0\.4 seconds"):
            call(server.url, timeout_seconds=0.4)
        assert 0.35 < time.monotonic() - started < 2


def test_the_deadline_is_one_for_all_redirects(run):
    def slowly_to_the_next(exchange: Exchange) -> None:
        exchange.pause(0.2)
        exchange.answer("302 Found", Location="/next")

    with serving(slowly_to_the_next) as server:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            call(server.url, timeout_seconds=0.5, follow_redirects=True)
        assert time.monotonic() - started < 2


def test_the_deadline_holds_for_a_server_that_takes_nothing_in(run):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(DeadlineExceeded):
            call(url, method="POST", body="x" * 50_000_000, timeout_seconds=0.4)


def test_the_deadline_holds_for_a_name_server_that_hangs(run, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    try:
        with pytest.raises(DeadlineExceeded):
            call("http://slow.example/", timeout_seconds=0.3)
    finally:
        over.set()


def test_the_deadline_holds_for_a_tls_handshake(run):
    with serving(hang) as server, pytest.raises(DeadlineExceeded):
        call(server.url.replace("http:", "https:"), timeout_seconds=0.3)


def test_what_came_before_the_deadline_is_in_the_output(run):
    def start(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\nso far")
        hang(exchange)

    with serving(start) as server, pytest.raises(DeadlineExceeded):
        call(server.url, timeout_seconds=0.3)
    assert run.output.text()[0] == "so far"


@pytest.mark.parametrize("answer", [hang, SLOW_ANSWERS["drips the body"]], ids=["no answer", "dripping body"])
def test_an_interrupt_ends_a_request_that_waits(new_run, answer):
    with serving(answer) as server:
        seconds = seconds_until_interrupted(lambda: call(server.url), new_run(), lambda: server.requests)
    assert seconds < 1


def test_an_interrupt_ends_a_tls_handshake(new_run):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []

        def is_connected():
            accepted.append(listener.accept()[0])
            return accepted[0].recv(1)

        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        assert seconds_until_interrupted(lambda: call(url), new_run(), is_connected) < 1
        accepted[0].close()


def test_redirects_are_not_followed_unless_asked(run):
    with serving(lambda exchange: exchange.answer("302 Found", Location="/next")) as server:
        assert call(server.url, expected_status=["302"])["headers"]["location"] == "/next"
        assert len(server.requests) == 1


def test_a_redirect_is_followed_if_asked(run):
    def answer(exchange: Exchange) -> None:
        if exchange.path == "/end":
            exchange.answer(body=b"there")
        else:
            exchange.answer("303 See Other", b"not this", Location="/end")

    with serving(answer) as server:
        call(server.url, method="POST", body="x", headers={"X-Key": "k"}, follow_redirects=True)
        assert server.requests[1].startswith(b"GET /end ")
        assert server.headers()["x-key"] == "k"
    assert run.output.text()[0] == "there"


def test_redirects_for_ever_are_an_error(run):
    with serving(lambda exchange: exchange.answer("302 Found", Location="/next")) as server:
        with pytest.raises(httpx.TooManyRedirects):
            call(server.url, follow_redirects=True)
        assert len(server.requests) == 21


def test_given_headers_stay_with_the_origin_they_were_given_for(run):
    with serving(ok) as other:
        with serving(lambda exchange: exchange.answer("307 Temporary", Location=f"{other.url}/")) as server:
            call(server.url, headers={"X-Api-Key": "k", "Authorization": "Bearer k"}, follow_redirects=True)
        assert not {"x-api-key", "authorization"} & set(other.headers())
        assert other.headers()["callsheet-run-id"] == str(RUN_ID)


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/", "http://[::ffff:7f00:2]:{port}/", "http://2130706434:{port}/"]
)
def test_a_redirect_to_an_address_that_is_not_allowed_is_blocked(run, allow, target):
    allow(networks=["127.0.0.1/32"])
    with socket.create_server(("127.0.0.2", 0)) as secret:
        location = target.format(port=secret.getsockname()[1])
        to_it = serving(lambda exchange: exchange.answer("302 Found", Location=location))
        with to_it as server, pytest.raises(AddressNotAllowed, match=r"http_request\.allow_networks"):
            call(server.url, follow_redirects=True)
        secret.setblocking(False)
        with pytest.raises(BlockingIOError):
            secret.accept()


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:70/_x"])
def test_a_redirect_to_another_scheme_is_blocked(run, location):
    with (
        serving(lambda exchange: exchange.answer("302 Found", Location=location)) as server,
        pytest.raises(AddressNotAllowed, match="http:// and https://"),
    ):
        call(server.url, follow_redirects=True)


def test_the_name_is_kept_as_host_though_the_address_is_what_is_connected_to(run, monkeypatch):
    _resolve_to(monkeypatch, "127.0.0.1")
    with serving(ok) as server:
        call(f"http://name.example:{server.port}/")
        assert server.headers()["host"] == f"name.example:{server.port}"


def test_a_dead_address_leaves_time_for_the_next_one(run, monkeypatch):
    _resolve_to(monkeypatch, "127.0.0.3", "127.0.0.1")
    with serving(ok) as server:
        assert call(f"http://name.example:{server.port}/")["status"] == 200


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_tls_is_checked_against_the_name_and_the_name_is_sent(run, monkeypatch, tmp_path):
    context, names = _tls_server(tmp_path, "name.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    tls_context.cache_clear()
    _resolve_to(monkeypatch, "127.0.0.1")
    try:
        with serving(ok, wrap=lambda connection: context.wrap_socket(connection, server_side=True)) as server:
            assert call(f"https://name.example:{server.port}/")["status"] == 200
            assert names == ["name.example"]
            with pytest.raises(httpcore.ConnectError, match=r"(?i)certificate"):
                call(f"https://other.example:{server.port}/")
    finally:
        tls_context.cache_clear()


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def fake_getaddrinfo(_host: str, port: int, *_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", fake_getaddrinfo)


def _tls_server(folder, name: str) -> tuple[ssl.SSLContext, list[str]]:
    _, context = make_certificate(folder, name)
    names: list[str] = []
    context.sni_callback = lambda _socket, sent, _context: names.append(sent)
    return context, names
