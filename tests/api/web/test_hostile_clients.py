"""Clients without a token: whatever they do, others get their answers, and the process stays small."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.app import make_app
from api.web.server import CONNECTION_LIMIT
from config.settings import Settings
from tests.api.conftest import HEADERS
from tests.api.web.conftest import Serve, web_process
from tests.waiting import eventually

PIPELINE = b"GET /openapi.json HTTP/1.1\r\n\r\n" * 273
"""As many as are read at once."""

MEBIBYTE = 1024 * 1024


class Attack:
    """The web process, and the sockets that are at it."""

    def __init__(self, process: subprocess.Popen[str], port: int, stack: ExitStack) -> None:
        self.pid = process.pid
        self.port = port
        self._stack = stack

    def connect(self) -> socket.socket:
        """One more connection that stays until the end of the test; it takes little."""
        client = self._stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.connect(("127.0.0.1", self.port))
        return client

    def check_answers(self, seconds: float = 3) -> None:
        """For so long health and a call with a token are answered. What hangs does so for minutes."""
        end = time.monotonic() + seconds
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=HEADERS, timeout=10) as client:
            while time.monotonic() < end:
                assert client.get("/health/live").status_code == 200
                assert client.get("/v1/schedules").status_code == 200

    def memory(self) -> int:
        """What the process has resident, in bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096

    def cpu_seconds(self) -> float:
        """What the process has used of processors."""
        return sum(int(ticks) for ticks in Path(f"/proc/{self.pid}/stat").read_text().split()[13:15]) / 100


@pytest.fixture
def attack(database_url: str) -> Iterator[Attack]:
    with web_process(database_url) as (process, port), ExitStack() as stack:
        attack = Attack(process, port, stack)
        attack.check_answers(0.5)
        yield attack


@pytest.mark.parametrize(("pipelining", "idle"), [(12, 0), (12, 490), (40, 0)])
def test_who_asks_for_much_and_takes_nothing_holds_nobody_up(attack: Attack, pipelining: int, idle: int) -> None:
    before = attack.memory()
    for _ in range(pipelining):
        attack.connect().sendall(PIPELINE)
    for _ in range(idle):
        attack.connect()
    attack.check_answers()
    assert attack.memory() - before < 100 * MEBIBYTE


def test_who_fills_all_connections_with_answers_that_nobody_takes_shuts_nobody_out(attack: Attack) -> None:
    before = attack.memory()
    for _ in range(CONNECTION_LIMIT + 50):
        attack.connect().sendall(PIPELINE)
    attack.check_answers()
    assert attack.memory() - before < 150 * MEBIBYTE


def test_heads_that_drip_cost_little(attack: Attack) -> None:
    """200 clients send 250 KB of head each, a bit at a time."""
    clients = [attack.connect() for _ in range(200)]
    before = attack.cpu_seconds()
    for number in range(250):
        for client in list(clients):
            try:
                client.sendall(b"X: " + b"y" * 1000 if number else b"GET / HTTP/1.1\r\n")
            except OSError:
                clients.remove(client)
    attack.check_answers(1)
    assert attack.cpu_seconds() - before < 5
    eventually(lambda: all(_is_closed(client) for client in clients))


def test_a_database_that_hangs_does_not_hang_the_health_of_the_process(
    serve: Serve, engine: sa.Engine, settings: Settings
) -> None:
    server = serve(make_app(engine, settings))
    url = f"http://127.0.0.1:{server.port}"
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            statuses.append(httpx.get(f"{url}/health/ready", timeout=20).status_code)

    clients = [threading.Thread(target=ask) for _ in range(8)]
    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE schedulers IN ACCESS EXCLUSIVE MODE")
        for client in clients:
            client.start()
        try:
            end = time.monotonic() + 5
            while time.monotonic() < end:
                assert httpx.get(f"{url}/health/live", timeout=1).status_code == 200
                assert sum(thread.name == "ready" for thread in threading.enumerate()) <= 1
        finally:
            done.set()
            for client in clients:
                client.join()
    assert set(statuses) == {503}
    eventually(lambda: "no scheduling process" in httpx.get(f"{url}/health/ready", timeout=20).text)


def test_a_reading_under_way_is_shared_and_each_is_told_what_it_may_know(
    serve: Serve, engine: sa.Engine, settings: Settings, execute: Callable[..., Any], add_run: Callable[..., Any]
) -> None:
    execute("INSERT INTO schedulers VALUES (gen_random_uuid(), 'h', 1, now(), now())")
    add_run(age_seconds=100, columns={"waiting_for": "actor"})
    url = f"http://127.0.0.1:{serve(make_app(engine, settings)).port}/health/ready"
    answers: dict[str, str] = {}
    readings = []
    sa.event.listen(engine, "begin", readings.append)

    def ask(name: str, headers: dict[str, str]) -> None:
        answers[name] = httpx.get(url, headers=headers, timeout=20).text

    clients = [threading.Thread(target=ask, args=("named", HEADERS)), threading.Thread(target=ask, args=("", {}))]
    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE schedulers IN ACCESS EXCLUSIVE MODE")
        for client in clients:
            client.start()
        eventually(lambda: len(readings) > 1)
    for client in clients:
        client.join()
    assert "the actor 'log_message', which" in answers["named"]
    assert "log_message" not in answers[""]


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(65536) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
