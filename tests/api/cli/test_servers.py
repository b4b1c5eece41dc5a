"""Servers that are away, or are no callsheet: a sentence that says so, and its exit code."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.api.cli.served import CommandLine
from tests.servers.places import free_port


class Strange(BaseHTTPRequestHandler):
    """Answers as callsheet never does: the status is the path's first part."""

    def do_GET(self) -> None:
        status = int(self.path.split("/")[1])
        self.send_response(status)
        self.send_header("Location", "https://elsewhere.example.com/")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"<html")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def strange() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Strange)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "complaint"),
    [
        (200, 3, "is no JSON"),
        (302, 3, "sends to https://elsewhere.example.com/"),
        (401, 4, "lets nobody in"),
        (404, 3, "not as callsheet does"),
        (500, 3, "answers with 500"),
    ],
)
def test_what_is_no_callsheet_is_said_to_be_none(
    callsheet: CommandLine, strange: str, status: int, code: int, complaint: str
) -> None:
    said = callsheet("schedules", "list", "--url", f"{strange}/{status}")
    assert (said.code, said.out) == (code, "")
    assert complaint in said.err


def test_a_server_that_is_not_there_is_a_sentence(callsheet: CommandLine) -> None:
    said = callsheet("schedules", "list", CALLSHEET_URL=f"http://127.0.0.1:{free_port()}")
    assert said.code == 3
    assert "nothing listens there" in said.err
    assert callsheet("schedules", "list", CALLSHEET_URL="http://no-such-host.invalid").code == 3
    assert callsheet("schedules", "list", CALLSHEET_URL="ftp://x").code == 2
    assert callsheet("schedules", "list", CALLSHEET_URL="http://x:port").code == 2


def test_a_server_that_hangs_up_is_a_sentence(callsheet: CommandLine) -> None:
    def hang_up(listener: socket.socket) -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        said = callsheet("schedules", "list", CALLSHEET_URL=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert said.code == 3
    assert "can't reach" in said.err
