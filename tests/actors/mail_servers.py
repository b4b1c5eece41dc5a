"""A mail server, as strict as it is asked to be, on a loopback address."""

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Received:
    """A letter, and how it came."""

    sender: str
    to: list[str]
    letter: EmailMessage
    is_encrypted: bool
    is_signed_in: bool


@dataclass
class Mailbox:
    """What a server has taken. It refuses the addresses in `unknown`, and leaves without a word where it is `rude`."""

    port: int = 0
    unknown: frozenset[str] = frozenset()
    rude: bool = False
    received: list[Received] = field(default_factory=list)

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.unknown:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        letter: Any = message_from_bytes(envelope.content or b"", policy=default)
        is_encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.received.append(
            Received(envelope.mail_from or "", envelope.rcpt_tos, letter, is_encrypted, bool(session.authenticated))
        )
        return "250 taken"

    async def handle_QUIT(self, server: SMTP, _: Session, __: Envelope) -> str:  # noqa: N802 - likewise
        if self.rude:
            server.transport.abort()
        return "221 bye"


@contextmanager
def mailbox(
    tls: str = "off",
    context: ssl.SSLContext | None = None,
    password: str | None = None,
    unknown: frozenset[str] = frozenset(),
    rude: bool = False,
) -> Iterator[Mailbox]:
    """A server with TLS as in the setting `smtp.tls`; with a password it signs in `callsheet`, who has it."""
    box = Mailbox(unknown=unknown, rude=rude)
    loop = asyncio.new_event_loop()

    def check(*arguments: Any) -> AuthResult:
        given = arguments[-1]
        return AuthResult(success=given == LoginPassword(b"callsheet", (password or "").encode()), handled=False)

    def serve() -> SMTP:
        # Of TLS that comes first it does not know.
        options: dict[str, Any] = {"authenticator": check, "auth_require_tls": tls == "starttls"} if password else {}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        return SMTP(box, hostname="mail.example", loop=loop, **options)

    listening = loop.create_server(serve, "127.0.0.1", 0, ssl=context if tls == "implicit" else None)
    server = loop.run_until_complete(listening)
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_end(server))
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def make_certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for the name, and a server's context with it."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
