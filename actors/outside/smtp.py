"""Mail: hand a letter to a server by SMTP, with one deadline for all, in short steps that an interrupt can end."""

import io
import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from actors.outside.deadline import Deadline
from actors.outside.transport import GuardedBackend
from config.smtp import Smtp

_READY = 220
_ANYWHERE = tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "::/0")))
"""The server is the operator's choice, who may have one in the house."""


class LetterRefused(Exception):
    """The server has not taken the letter; what it said."""


def send(letter: EmailMessage, server: Smtp, deadline: Deadline) -> list[str]:
    """Hand the letter over. Returns whom the server has refused among several, with its words.

    Raises LetterRefused, DeadlineExceeded, httpcore's errors.
    """
    try:
        with _session(server, deadline) as session:
            refused = session.send_message(letter)
            # The letter is theirs now: whatever becomes of the farewell, it must not be sent again.
            with suppress(Exception):
                session.quit()
    except smtplib.SMTPRecipientsRefused as error:
        raise LetterRefused("; ".join(_each(error.recipients))) from None
    except smtplib.SMTPResponseException as error:
        raise LetterRefused(_say(error.smtp_code, error.smtp_error)) from None
    except smtplib.SMTPException as error:
        raise LetterRefused(str(error)) from None
    return _each(refused)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """One of its own: that of requests says that HTTP is to follow. `SSL_CERT_FILE` counts for both."""
    return httpx.create_ssl_context(trust_env=True)


@contextmanager
def _session(server: Smtp, deadline: Deadline) -> Iterator[smtplib.SMTP]:
    """Greeted, encrypted and signed in, as the settings have it."""
    stream = GuardedBackend(_ANYWHERE, deadline).connect_tcp(server.host, server.port)
    session = smtplib.SMTP(local_hostname=_own_name())
    try:
        if server.tls == "implicit":
            stream = _encrypted(stream, server.host)
        _use(session, stream)
        code, words = session.getreply()
        if code != _READY:
            raise smtplib.SMTPConnectError(code, words)
        if server.tls == "starttls":
            stream = _start_tls(session, stream, server.host)
        if server.username:
            session.login(server.username, server.password.get_secret_value())
        yield session
    finally:
        stream.close()


def _start_tls(session: smtplib.SMTP, stream: httpcore.NetworkStream, host: str) -> httpcore.NetworkStream:
    """As `SMTP.starttls` does, which wants a socket. What was said in the clear counts no more."""
    session.ehlo_or_helo_if_needed()
    if not session.has_extn("starttls"):
        raise smtplib.SMTPNotSupportedError("the server has no STARTTLS; the setting smtp.tls can be implicit or off")
    code, words = session.docmd("STARTTLS")
    if code != _READY:
        raise smtplib.SMTPResponseException(code, words)
    stream = _encrypted(stream, host)
    _use(session, stream)
    session.helo_resp = session.ehlo_resp = None
    session.esmtp_features = {}
    session.does_esmtp = False
    return stream


def _encrypted(stream: httpcore.NetworkStream, host: str) -> httpcore.NetworkStream:
    return stream.start_tls(tls_context(), server_hostname=host)


def _use(session: smtplib.SMTP, stream: httpcore.NetworkStream) -> None:
    session.sock = _Wire(stream)  # type: ignore[assignment]  # it has what is called
    session.file = None


class _Wire:
    """What smtplib takes for its socket."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def sendall(self, data: bytes) -> None:
        self._stream.write(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._stream))

    def close(self) -> None:
        self._stream.close()


class _Incoming(io.RawIOBase):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _own_name() -> str:
    """How it introduces itself, without asking a resolver."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _each(refused: dict[str, tuple[int, bytes]]) -> list[str]:
    return [f"{address}: {_say(code, words)}" for address, (code, words) in refused.items()]


def _say(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"
