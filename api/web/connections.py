"""A connection: what its client may ask for, how long it may take, and the errors that the server answers itself."""

import socket
import struct
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.task import ErrorTask
from waitress.utilities import BadRequest

from api.web.problems import PROBLEM_JSON, problem_json

HEAD_BYTES = 16 * 1024
MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Above our own limit, so that a body moderately too large is read and gets a proper answer, not a reset."""

HEAD_SECONDS = 10
REQUEST_SECONDS = 60
"""For a whole request, its head among it."""

TAKE_SECONDS = 10
"""Who takes nothing of an answer for so long gets no more of it."""

KERNEL_BYTES = 256 * 1024
"""Of a connection's answers the kernel holds so much: left to itself, several MiB for each."""

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""What every answer says about how to treat it: it is data for the one who asked, not to be kept nor guessed at."""

_DETAILS = {
    400: "the request is not well-formed HTTP",
    413: f"the request is larger than {MAX_REQUEST_BYTES // 1024} KiB",
    431: f"the head of the request is longer than {HEAD_BYTES // 1024} KiB",
    501: "of transfer codings there is chunked alone",
}
_UNEXPECTED = "something unexpected happened; the log of the service has more"


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads one request. What others could read differently is an error, not a guess."""

    def __init__(self, adjustments: Any) -> None:
        super().__init__(adjustments)
        self.began_at = time.monotonic()

    def received(self, data: bytes) -> int:
        """Take what belongs to the request; returns how much that is."""
        taken: int = super().received(data)
        receiver = self.body_rcv
        if isinstance(receiver, ChunkedReceiver) and len(receiver.control_line + receiver.trailer) > HEAD_BYTES:
            self.error = BadRequest(_DETAILS[400])
            self.completed = True
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head. Raises ParsingError."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # such as a length of very many digits
            raise ParsingError(_DETAILS[400]) from error
        # Of a version before 1.1 waitress leaves the coding there, and does not look at it.
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError(_DETAILS[400])


class Refusal(ErrorTask):  # type: ignore[misc]
    """The answer to what can't reach the app."""

    def execute(self) -> None:
        """Write it, and end the connection."""
        status = self.request.error.code
        body = problem_json(status, _DETAILS.get(status, _UNEXPECTED))
        self.status = f"{status} {HTTPStatus(status).phrase}"
        self.response_headers += [("Content-Type", PROBLEM_JSON), *HEADERS.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection with one request at a time. What its client sends meanwhile waits unread, and a thread is never
    held by a client that does not take the answer to the request before."""

    parser_class = Parser
    error_task_class = Refusal
    request: Parser | None
    sent_continue: bool
    _rest = b""
    _held = 0
    _held_at = 0.0

    def __init__(self, server: Any, sock: socket.socket, *args: Any, **options: Any) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        super().__init__(server, sock, *args, **options)
        self.asked_at = time.monotonic()
        """When its last request had come; that it connected counts as the first."""

    def readable(self) -> bool:
        """Whether there is room for a request; one that came along with the request before is taken up then."""
        if self._rest and super().readable():
            try:
                self.received(self._rest)
            except Exception:  # noqa: BLE001 - as waitress does with what it reads: one connection ends, no more
                self.handle_error()
        return not self._rest and bool(super().readable())

    def received(self, data: bytes) -> bool:
        """Take up to one request, and keep what comes behind it."""
        with self.requests_lock:
            while data and not (self.requests or self.will_close or self.close_when_flushed):
                request = self.request = self.request or self.parser_class(self.adj)
                data = data[request.received(data) :]
                if request.completed:
                    self._take(request)
                elif request.expect_continue and request.headers_finished and not self.sent_continue:
                    self.send_continue()
            self._rest = data
        return True

    def is_late(self, now: float) -> bool:
        """Whether its client has had its time: to send a request, or to take some of an answer. Ask often."""
        if self.total_outbufs_len != self._held:
            self._held, self._held_at = self.total_outbufs_len, now
        if self._held:
            return now - self._held_at > TAKE_SECONDS
        request = self.request
        return request is not None and now - request.began_at > (
            REQUEST_SECONDS if request.headers_finished else HEAD_SECONDS
        )

    def drop(self) -> None:
        """Close it, and have the kernel forget at once what its client has not taken."""
        if self.total_outbufs_len and self.socket is not None:
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handle_close()

    def _take(self, request: Parser) -> None:
        self.request = None
        self.sent_continue = False
        if not request.empty:
            self.asked_at = time.monotonic()
            self.requests.append(request)
            self.server.add_task(self)
