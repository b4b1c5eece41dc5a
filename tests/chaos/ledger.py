"""The ledger: what actors really did, written by themselves to a PostgreSQL that no fault touches.

A start is written before anything else an actor does, an end after everything else; callsheet knows nothing of it.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import local
from uuid import UUID

import psycopg

URL_VARIABLE = "CHAOS_LEDGER_URL"
WRITERS = 8

_CREATE = """
CREATE TABLE events (
    run_id uuid NOT NULL, attempt int NOT NULL, phase text NOT NULL, outcome text, pid int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_by_run ON events (run_id);
"""


@dataclass(frozen=True)
class Event:
    """The start of an attempt, or its end with the outcome `ok` or `error`."""

    run_id: UUID
    attempt: int
    phase: str
    outcome: str | None
    pid: int
    at: datetime


Attempts = dict[tuple[UUID, int], list[Event]]


class Writer:
    """The side of a worker process: writes in threads of its own, where no interrupt of a run can strike."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = ThreadPoolExecutor(WRITERS)
        self._local = local()

    def write(self, run_id: UUID, attempt: int, phase: str, outcome: str | None, pid: int) -> None:
        """Returns when the row is committed."""
        self._pool.submit(self._insert, (run_id, attempt, phase, outcome, pid)).result()

    def _insert(self, row: tuple[object, ...]) -> None:
        if not hasattr(self._local, "connection"):
            self._local.connection = psycopg.connect(self._url, autocommit=True)
        self._local.connection.execute(
            "INSERT INTO events (run_id, attempt, phase, outcome, pid) VALUES (%s, %s, %s, %s, %s)", row
        )


class Ledger:
    """The side of the harness."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            connection.execute(_CREATE)

    def now(self) -> datetime:
        """The ledger's clock, which all its rows have."""
        with psycopg.connect(self.url) as connection:
            return connection.execute("SELECT clock_timestamp()").fetchone()[0]

    def starts(self, run_ids: list[UUID]) -> list[Event]:
        """All starts of these runs, first to last."""
        return [event for event in self._read("WHERE run_id = ANY(%s)", run_ids) if event.phase == "start"]

    def count_starts(self) -> int:
        """How many attempts have started so far."""
        with psycopg.connect(self.url) as connection:
            return connection.execute("SELECT count(*) FROM events WHERE phase = 'start'").fetchone()[0]

    def attempts(self, since: datetime) -> tuple[Attempts, Attempts]:
        """Starts and ends since then, by run and attempt."""
        starts: Attempts = defaultdict(list)
        ends: Attempts = defaultdict(list)
        for event in self._read("WHERE at >= %s", since):
            (starts if event.phase == "start" else ends)[event.run_id, event.attempt].append(event)
        return starts, ends

    def _read(self, where: str, value: object) -> list[Event]:
        sql = f"SELECT run_id, attempt, phase, outcome, pid, at FROM events {where} ORDER BY at"
        with psycopg.connect(self.url) as connection:
            return [Event(*row) for row in connection.execute(sql, (value,))]
