"""Rows for tests: schedules whose slots lie in the past, runs in every state, an announced actor."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa

from models.announcing import Announcement, announce_actors, report_worker
from models.lifecycle.claiming import ClaimedRun, claim_runs
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.publishing import take_publishable_runs
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Trigger

WORKER = UUID(int=1)
OTHER_WORKER = UUID(int=2)


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def announce(connection: sa.Connection, *names: str, queue: str = "default", **options: Any) -> None:
    """Actors of a queue, by a worker that consumes it."""
    names = names or ("work",)
    actors = [Announcement(name, queue, "", {"type": "object"}, options) for name in names]
    add_worker(connection, queue, actors=list(names))
    announce_actors(connection, actors, WORKER)


def add_worker(connection: sa.Connection, *queues: str, actors: list[str] | None = None) -> UUID:
    """A live worker that consumes these queues, and knows these actors: by default whichever are announced."""
    worker = uuid5(WORKER, repr((queues, actors)))
    row = {"id": worker, "host": "h", "pid": 1, "threads": 1, "version": "1", "running": 0, "secrets": "[]"}
    row |= {"secret_rules": "{}", "release": None, "parent_pid": 1, "stuck_threads": 0}
    report_worker(connection, row | {"queues": json.dumps(queues), "actors": actors and json.dumps(actors)})
    return worker


def add_schedule(connection: sa.Connection, name: str = "tick", cursor_seconds_ago: float = 0, **columns: Any) -> UUID:
    """A schedule of the actor `work`, whose slots since `cursor_seconds_ago` are undecided; due at once."""
    schedule = uuid4()
    values: dict[str, Any] = {
        "id": schedule,
        "name": name,
        "description": "",
        "actor": "work",
        "args": "{}",
        "priority": 5,
        "timezone": "UTC",
        "jitter_seconds": 0,
        "overlap": "skip",
        "catchup": "latest",
        "catchup_window_seconds": 86400,
        "tags": "[]",
        "source": "api",
        "version": 1,
        "slots_run": 0,
        "consecutive_failures": 0,
    } | {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in columns.items()}
    names = ", ".join(values)
    places = ", ".join(f"%({key})s" for key in values)
    connection.exec_driver_sql(
        f"INSERT INTO schedules ({names}, created_at, updated_at, cursor_at, next_due_at) VALUES ({places}, now(),"
        " now(), now() - make_interval(secs => %(ago)s), now())",
        values | {"ago": cursor_seconds_ago},
    )
    return schedule


def add_run(connection: sa.Connection, due_seconds: float = 0, **columns: Any) -> UUID:
    """A planned run of the actor `work`, due in `due_seconds`: by hand, or that of a schedule's slot."""
    now = read_clock(connection)
    run = NewRun(
        **{
            "id": new_run_id(now),
            "actor": "work",
            "trigger": Trigger.SCHEDULE if "schedule_id" in columns else Trigger.MANUAL,
            "due_at": now + timedelta(seconds=due_seconds),
            "planned_at": now,
        }
        | columns
    )
    insert_runs(connection, [run])
    return run.id


def claim(connection: sa.Connection, run: UUID, attempt: int = 0, worker: UUID = WORKER) -> list[ClaimedRun]:
    return claim_runs(connection, [run], attempt, worker, 30)


def read_run(connection: sa.Connection, run: UUID) -> sa.Row[Any]:
    return connection.exec_driver_sql("SELECT * FROM runs WHERE id = %(id)s", {"id": run}).one()


def set_run(connection: sa.Connection, run: UUID, assignments: str) -> None:
    connection.exec_driver_sql(f"UPDATE runs SET {assignments} WHERE id = %(id)s", {"id": run})


def taken(connection: sa.Connection, limit: int = 100, window: int = 1000) -> list[UUID]:
    """The runs that are taken for publishing now."""
    return [run.id for run in take_publishable_runs(connection, limit, window)]
