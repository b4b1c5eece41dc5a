"""Two releases side by side: the worker that started last decides while it lives."""

import json
from uuid import UUID, uuid4

import sqlalchemy as sa

from models.announcing import Announcement, announce_actors, report_worker
from models.processes import get_actor
from scheduling.declare import apply_declared_schedules
from tests.scheduling.declaring import row


def start_worker(connection: sa.Connection, release: str, minutes_ago: float) -> UUID:
    worker = uuid4()
    report = {"id": worker, "host": "h", "pid": 1, "parent_pid": None, "threads": 1, "version": "1", "running": 0}
    report |= {"stuck_threads": 0}
    names = {
        "queues": '["default"]',
        "actors": json.dumps(["nightly", "nightly2"]),
        "secrets": "[]",
        "secret_rules": "{}",
    }
    report_worker(connection, report | names | {"release": release})
    connection.exec_driver_sql(
        "UPDATE workers SET started_at = now() - make_interval(mins => %(ago)s) WHERE id = %(id)s",
        {"ago": minutes_ago, "id": worker},
    )
    return worker


def announce(
    connection: sa.Connection, worker: UUID, cron: str | None, actor: str = "nightly", queue: str = "default"
) -> None:
    schedule = {"schedule": {"name": "nightly", "actor": actor, "cron": [cron], "timezone": "UTC"}} if cron else {}
    announce_actors(connection, [Announcement(actor, queue, cron or "", {"type": "object"}, schedule)], worker)
    apply_declared_schedules(connection, 3600)


def die(connection: sa.Connection, worker: UUID) -> None:
    silent = "UPDATE workers SET last_seen_at = now() - interval '2 minutes' WHERE id = %(id)s"
    connection.exec_driver_sql(silent, {"id": worker})


def test_an_older_worker_changes_nothing_while_a_newer_one_lives(connection: sa.Connection) -> None:
    old, new = start_worker(connection, "v1", 60), start_worker(connection, "v2", 1)
    announce(connection, old, "0 1 * * *")
    announce(connection, new, "0 2 * * *", queue="reports")
    for worker in (old, new, old, old, new, old):
        cron = "0 1 * * *" if worker == old else "0 2 * * *"
        announce(connection, worker, cron, queue="default" if worker == old else "reports")
    stored, actor = row(connection), get_actor(connection, "nightly")
    assert (stored.cron, stored.version) == (["0 2 * * *"], 2)
    assert actor is not None
    assert (actor.announced_by, actor.queue, actor.doc) == (new, "reports", "0 2 * * *")
    assert stored.declared_by.startswith(f"release v2, worker {new} on h, started at ")


def test_once_the_newer_one_has_gone_the_older_decides_again(connection: sa.Connection) -> None:
    old, new = start_worker(connection, "v1", 60), start_worker(connection, "v2", 1)
    announce(connection, new, "0 2 * * *")
    announce(connection, old, "0 1 * * *")
    assert row(connection).cron == ["0 2 * * *"]
    die(connection, new)
    announce(connection, old, "0 1 * * *")
    assert row(connection).cron == ["0 1 * * *"]
    assert "release v1" in row(connection).declared_by


def test_of_two_actors_that_declare_one_schedule_the_newer_workers_decides(connection: sa.Connection) -> None:
    old, new = start_worker(connection, "v1", 60), start_worker(connection, "v2", 1)
    announce(connection, old, "0 1 * * *")
    announce(connection, new, "0 2 * * *", actor="nightly2")
    for _ in range(3):
        announce(connection, old, "0 1 * * *")
        announce(connection, new, "0 2 * * *", actor="nightly2")
    assert (row(connection).actor, row(connection).version) == ("nightly2", 2)


def test_a_newer_release_that_declares_it_no_more_is_not_overruled(connection: sa.Connection) -> None:
    old, new = start_worker(connection, "v1", 60), start_worker(connection, "v2", 1)
    announce(connection, old, "0 1 * * *")
    announce(connection, new, None)
    announce(connection, old, "0 3 * * *")
    assert (row(connection).cron, row(connection).version) == (["0 1 * * *"], 1)
