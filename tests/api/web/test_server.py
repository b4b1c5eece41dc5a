"""The server on a real socket: who can't hold up whom, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest

from api.app import make_app
from api.web.server import CONNECTION_LIMIT
from api.web.waits.room import ROOM
from config.settings import Settings
from tests.api.conftest import HEADERS
from tests.api.web.conftest import Serve, web_process
from tests.servers.databases import ROOT
from tests.waiting import eventually

App = Callable[[dict[str, Any], Any], list[bytes]]


def _answer(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def test_half_open_clients_do_not_shut_others_out(serve: Serve) -> None:
    server = serve(_answer)
    with ExitStack() as stack:
        for _ in range(CONNECTION_LIMIT + 50):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n")
        assert httpx.get(f"http://127.0.0.1:{server.port}/health/live", timeout=3).text == "ok"


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
def test_health_and_metrics_are_answered_while_all_other_threads_are_busy(serve: Serve, path: str) -> None:
    gate = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            gate.wait(20)
        return _answer(environ, start_response)

    url = f"http://127.0.0.1:{serve(app).port}"
    slow = [threading.Thread(target=httpx.get, args=(f"{url}/slow",), kwargs={"timeout": 20}) for _ in range(4)]
    try:
        for thread in slow:
            thread.start()
        assert httpx.get(f"{url}{path}", timeout=3).text == "ok"
    finally:
        gate.set()
        for thread in slow:
            thread.join()


def test_a_stop_lets_the_request_under_way_end(serve: Serve) -> None:
    entered, gate = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        entered.set()
        gate.wait(20)
        return _answer(environ, start_response)

    server = serve(app)
    answers: list[httpx.Response] = []
    url = f"http://127.0.0.1:{server.port}/"
    client = threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=20)))
    client.start()
    assert entered.wait(10)
    server.stop()
    eventually(lambda: _is_refused(server.port), message="the port is still open")
    gate.set()
    client.join()
    assert [answer.text for answer in answers] == ["ok"]
    server.stop()


def test_a_stop_ends_the_wait_of_a_request(serve: Serve, settings: Settings, engine: Any) -> None:
    server = serve(make_app(engine, settings))
    answers: list[httpx.Response] = []
    url = f"http://127.0.0.1:{server.port}/v1/events?after=latest&wait_seconds=20"
    client = threading.Thread(target=lambda: answers.append(httpx.get(url, headers=HEADERS, timeout=30)))
    client.start()
    eventually(lambda: ROOM._value == 1)
    began = time.monotonic()
    server.stop()
    client.join()
    assert time.monotonic() - began < 9
    assert answers[0].json()["items"] == []
    assert ROOM._value == 2


def test_a_large_body_gets_its_answer(serve: Serve, settings: Settings, engine: Any) -> None:
    server = serve(make_app(engine, settings))
    headers = HEADERS | {"Content-Type": "application/json"}
    answer = httpx.post(f"http://127.0.0.1:{server.port}/v1/schedules", content=b"[" * 1_000_000, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_the_process_drains_on_term(database_url: str, create: Callable[..., Any]) -> None:
    create()
    with web_process(database_url) as (process, port), psycopg.connect(database_url) as blocker:
        blocker.execute("SELECT FROM schedules FOR UPDATE")
        answers: list[httpx.Response] = []
        client = threading.Thread(
            target=lambda: answers.append(
                httpx.patch(
                    f"http://127.0.0.1:{port}/v1/schedules/nightly", json={"priority": 9}, headers=HEADERS, timeout=20
                )
            )
        )
        client.start()
        eventually(lambda: _is_blocked(database_url), message="the request does not wait for the row")
        process.send_signal(signal.SIGTERM)
        eventually(lambda: _is_refused(port), message="the port is still open", ignoring=ConnectionResetError)
        blocker.rollback()
        client.join()
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert [answer.status_code for answer in answers] == [200]


def test_the_process_names_the_settings_that_are_missing() -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("CALLSHEET", "DATABASE_URL"))}
    argv = [sys.executable, "-m", "api"]
    done = subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78
    assert "DATABASE_URL" in done.stderr
    assert "CALLSHEET_ADMIN_TOKEN" in done.stderr


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


def _is_blocked(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        waiting = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
        return bool(waiting and waiting[0])
