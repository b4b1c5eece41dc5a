"""Mail by a real server: encrypted, signed in, refused, slow, gone."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpcore
import pytest

from actors.outside import smtp
from actors.outside.deadline import Deadline, DeadlineExceeded
from actors.outside.smtp import LetterRefused
from actors.worker.running.current import CurrentRun
from config.smtp import Smtp
from tests.actors.http_servers import drip, serving
from tests.actors.mail_servers import mailbox, make_certificate
from tests.actors.worker.interrupts import seconds_until_interrupted

PASSWORD = "hunter22"


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's context, with a certificate for localhost that clients trust."""
    certificate, context = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    smtp.tls_context.cache_clear()
    yield context
    smtp.tls_context.cache_clear()


def letter(*to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "callsheet <callsheet@example.com>"
    message["To"] = ", ".join(to or ("ops@example.com",))
    message["Subject"] = "grüezi"
    message.set_content("All is well.\n.\nReally.\n")
    return message


def server(port: int, host: str = "127.0.0.1", **settings: Any) -> Smtp:
    return Smtp(host=host, port=port, sender="callsheet@example.com", **{"tls": "off", **settings})


def send(settings: Smtp, *to: str, seconds: float = 10) -> list[str]:
    return smtp.send(letter(*to), settings, Deadline(seconds, "too slow"))


def test_a_letter_arrives_as_it_was_written() -> None:
    with mailbox() as box:
        assert send(server(box.port), "ops@example.com", "chief@example.com") == []
    [received] = box.received
    assert (received.sender, received.to) == ("callsheet@example.com", ["ops@example.com", "chief@example.com"])
    assert received.letter["Subject"] == "grüezi"
    assert received.letter.get_content().splitlines() == ["All is well.", ".", "Really."]
    assert not received.is_encrypted


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_it_goes_encrypted_and_signed_in(context: ssl.SSLContext, tls: str) -> None:
    with mailbox(tls, context, password=PASSWORD) as box:
        settings = server(box.port, "localhost", tls=tls, username="callsheet", password=PASSWORD)
        assert send(settings) == []
    [received] = box.received
    assert (received.is_encrypted, received.is_signed_in) == (True, True)


def test_a_wrong_password_is_said_and_not_shown(context: ssl.SSLContext) -> None:
    with mailbox("starttls", context, password=PASSWORD) as box:
        settings = server(box.port, "localhost", tls="starttls", username="callsheet", password="hunter33")
        with pytest.raises(LetterRefused, match="535") as refused:
            send(settings)
    assert "hunter33" not in str(refused.value)
    assert box.received == []


def test_where_the_server_can_not_encrypt_nothing_goes_in_the_clear() -> None:
    with mailbox() as box, pytest.raises(LetterRefused, match="STARTTLS"):
        send(server(box.port, tls="starttls", username="callsheet", password=PASSWORD))
    assert box.received == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_certificate_must_be_that_of_the_host(context: ssl.SSLContext, tls: str) -> None:
    with mailbox(tls, context) as box, pytest.raises(httpcore.ConnectError, match=r"(?i)certificate"):
        send(server(box.port, tls=tls))
    assert box.received == []


def test_whom_the_server_refuses_is_said_and_the_others_get_it() -> None:
    with mailbox(unknown=frozenset({"gone@example.com"})) as box:
        refused = send(server(box.port), "gone@example.com", "ops@example.com")
        assert refused == ["gone@example.com: 550 5.1.1 nobody of that name"]
        assert box.received[0].to == ["ops@example.com"]
        with pytest.raises(LetterRefused, match=r"550 5\.1\.1 nobody of that name"):
            send(server(box.port), "gone@example.com")
    assert len(box.received) == 1


def test_a_letter_that_was_taken_has_arrived_however_rude_the_farewell() -> None:
    with mailbox(rude=True) as box:
        assert send(server(box.port)) == []
    assert len(box.received) == 1


def test_a_server_that_says_nothing_takes_no_longer_than_there_is_time() -> None:
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(DeadlineExceeded, match="too slow"):
        send(server(silent.getsockname()[1]), seconds=0.5)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("said", [b"2", b"220-more\r\n"], ids=["drips", "never ends"])
def test_a_server_that_goes_on_for_ever_takes_no_longer_either(said: bytes) -> None:
    started = time.monotonic()
    with serving(lambda exchange: drip(exchange, said), reads=False) as slow, pytest.raises(DeadlineExceeded):
        send(server(slow.port), seconds=0.5)
    assert time.monotonic() - started < 3


def test_no_server_is_an_error_that_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(httpcore.ConnectError, match=f"can't connect to 127.0.0.1, port {port}"):
        send(server(port))


def test_an_interrupt_ends_the_wait_for_a_silent_server(new_run: Callable[..., CurrentRun]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = server(silent.getsockname()[1])
        connected: list[socket.socket] = []

        def has_connected() -> bool:
            connected.append(silent.accept()[0])
            return True

        assert seconds_until_interrupted(lambda: send(settings, seconds=30), new_run(), has_connected) < 2
        for connection in connected:
            connection.close()
