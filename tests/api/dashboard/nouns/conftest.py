"""Workers and failures to be seen."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

AddWorker = Callable[..., UUID]


@pytest.fixture
def add_worker(execute: Callable[..., Any]) -> AddWorker:
    """A worker as if it had reported, so many seconds ago."""

    def insert(host: str = "web-1", ago: float = 0, actors: list[str] | None = None, **columns: Any) -> UUID:
        worker = uuid4()
        row = {"id": worker, "host": host, "ago": ago, "actors": actors and json.dumps(actors)}
        execute(
            "INSERT INTO workers (id, host, pid, queues, threads, version, release, running, started_at, last_seen_at,"
            " actors)"
            " VALUES (%(id)s, %(host)s, 17, '[\"mail\"]', 4, '1.2', 'r7', 0, now() - interval '1 hour',"
            " now() - make_interval(secs => %(ago)s), %(actors)s::jsonb)",
            **row,
        )
        for column, value in columns.items():
            execute(f"UPDATE workers SET {column} = %(value)s WHERE id = %(id)s", value=value, id=worker)
        return worker

    return insert
