"""Releases as processes, and somebody who writes to a table all the while."""

import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg

from tests.end_to_end.deployment import ROOT
from tests.waiting import eventually


def start_alembic(database_url: str, *command: str, **environment: str) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "alembic", *command]
    env = os.environ | {"DATABASE_URL": database_url} | environment
    return subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def alembic(database_url: str, *command: str, **environment: str) -> None:
    process = start_alembic(database_url, *command, **environment)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said


def wait_for_lock(connection: psycopg.Connection[Any], query: str) -> None:
    """Until somebody waits for a lock in a statement that begins so."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    begins = [f"{query}%"]
    eventually(lambda: (connection.execute(waiting, begins).fetchone() or [0])[0], 20, f"{query} waits for a lock")


class Writer:
    """Renews the lease of a run every 10 ms, and waits for no lock longer than a second."""

    def __init__(self, database_url: str, run: UUID) -> None:
        self._url = database_url
        self._run = run
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self.written = 0
        self.errors: list[psycopg.Error] = []

    def go_on(self) -> None:
        """Wait until it has written some more."""
        before = self.written
        eventually(lambda: self.written >= before + 20 or self.errors, 20, "the writer goes on")
        assert self.errors == []

    def _write(self) -> None:
        with psycopg.connect(self._url, autocommit=True, options="-c lock_timeout=1s") as connection:
            while not self._stopping.wait(0.01):
                try:
                    connection.execute("UPDATE runs SET lease_until = now() WHERE id = %s", [self._run])
                except psycopg.Error as error:
                    self.errors.append(error)
                self.written += 1

    def __enter__(self) -> Self:
        self._thread.start()
        self.go_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(10)
        assert kind is not None or self.errors == []
