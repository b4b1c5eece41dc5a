"""Actors, workers and health."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from api.shapes import readiness
from config.database import make_engine
from config.settings import Settings, load_settings
from models.words.states import Trigger
from tests.api.conftest import HEADERS, TOKEN
from tests.api.documented import DocumentedClient
from tests.models.rows import sqlalchemy_url
from tests.waiting import eventually

Execute = Callable[..., Any]


def test_actors_show_what_they_take(client: TestClient, announce: Callable[..., None]) -> None:
    announce("b", parameters={"type": "object", "properties": {"x": {}}}, options={"max_retries": 3})
    announce("a", ago=61)
    items = client.simulate_get("/v1/actors").json["items"]
    assert [(item["name"], item["live"]) for item in items] == [("a", False), ("b", True)]
    assert (items[1]["queue"], items[1]["doc"], items[1]["options"]) == ("mail", "Says something.", {"max_retries": 3})
    assert items[1]["parameters"]["properties"] == {"x": {}}
    page = client.simulate_get("/v1/actors?limit=1").json
    assert client.simulate_get(f"/v1/actors?cursor={page['next']}").json["items"] == items[1:]


def _add_worker(execute: Execute, ago: float) -> str:
    worker = str(uuid4())
    execute(
        "INSERT INTO workers (id, host, pid, queues, threads, version, started_at, last_seen_at, running)"
        " VALUES (%(id)s, 'h', 1, %(queues)s, 8, '1', now(), now() - make_interval(secs => %(ago)s), 2)",
        id=worker,
        queues=json.dumps(["default"]),
        ago=ago,
    )
    return worker


def test_workers_are_live_for_a_minute(client: TestClient, execute: Execute) -> None:
    fresh, gone = _add_worker(execute, 50), _add_worker(execute, 70)
    _add_worker(execute, 90_000)
    items = client.simulate_get("/v1/workers").json["items"]
    assert {item["id"]: item["live"] for item in items} == {fresh: True, gone: False}
    page = client.simulate_get("/v1/workers?limit=1").json
    assert client.simulate_get(f"/v1/workers?cursor={page['next']}").json["items"] == items[1:]


def _tick(execute: Execute, ago: float) -> None:
    execute(
        "INSERT INTO schedulers (id, host, pid, started_at, ticked_at)"
        " VALUES (gen_random_uuid(), 'h', 1, now(), now() - make_interval(secs => %(ago)s))",
        ago=ago,
    )


def test_the_process_lives_whatever_the_database_does(broken: TestClient) -> None:
    assert broken.simulate_get("/health/live").json == {"status": "ok"}


def test_the_service_is_ready_while_a_scheduler_ticks(
    client: TestClient, execute: Execute, add_run: Callable[..., Any]
) -> None:
    _tick(execute, ago=1)
    _tick(execute, ago=500)
    _add_worker(execute, 5)
    add_run(age_seconds=30)
    answer = client.simulate_get("/health/ready", headers={"Authorization": ""})
    assert answer.status_code == 200, answer.text
    assert (answer.json["database"], answer.json["migrations"], answer.json["workers"]) == (True, True, 1)
    assert 1 <= answer.json["last_tick_age_seconds"] < 20
    assert 30 <= answer.json["oldest_due_run_seconds"] < 50
    assert answer.json["problems"] == []


@pytest.mark.parametrize("ago", [None, 31])
def test_it_is_not_ready_without_a_recent_tick(client: TestClient, execute: Execute, ago: float | None) -> None:
    if ago is not None:
        _tick(execute, ago)
    answer = client.simulate_get("/health/ready")
    assert answer.status_code == 503
    assert answer.json["database"] is True
    assert "scheduling process" in answer.json["problems"][0]


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "UPDATE alembic_version SET version_num = '0001'"])
def test_it_is_not_ready_before_the_migrations(client: TestClient, execute: Execute, statement: str) -> None:
    _tick(execute, 1)
    execute(statement)
    answer = client.simulate_get("/health/ready")
    assert (answer.status_code, answer.json["migrations"]) == (503, False)


def test_a_database_that_a_newer_release_has_migrated_is_no_reason_to_be_unready(
    client: TestClient, execute: Execute
) -> None:
    _tick(execute, 1)
    execute("UPDATE alembic_version SET version_num = '9999'")
    answer = client.simulate_get("/health/ready")
    assert (answer.status_code, answer.json["migrations"]) == (200, True)


@pytest.mark.parametrize(
    ("columns", "status", "seconds"),
    [
        ("next_due_at = now() - interval '29 s'", 200, 29),
        ("next_due_at = now() - interval '45 s'", 503, 45),
        ("next_due_at = now() - interval '45 s', error = 'unplannable'", 200, None),
        ("next_due_at = now() + interval '45 s'", 200, None),
        ("next_due_at = NULL", 200, None),
    ],
)
def test_it_is_not_ready_while_a_schedule_that_is_due_is_not_planned(
    client: TestClient,
    create: Callable[..., Any],
    execute: Execute,
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
    status: int,
    seconds: float | None,
) -> None:
    monkeypatch.setattr(readiness, "OVERDUE_SECONDS", 40)
    _tick(execute, 1)
    create("nightly", every_seconds=3600)
    execute(f"UPDATE schedules SET {columns}")
    answer = client.simulate_get("/health/ready")
    assert answer.status_code == status
    assert answer.json["oldest_due_schedule_seconds"] == (seconds and pytest.approx(seconds, abs=8))
    assert ["nobody has planned it" in problem for problem in answer.json["problems"]] == [True] * (status == 503) + [
        False
    ] * ("error" in columns)


def test_a_schedule_that_is_locked_while_others_are_planned_is_no_reason_to_be_unready(
    client: TestClient, create: Callable[..., Any], execute: Execute, add_run: Callable[..., UUID]
) -> None:
    _tick(execute, 1)
    create("locked", every_seconds=3600)
    execute("UPDATE schedules SET next_due_at = now() - interval '1 hour'")
    assert client.simulate_get("/health/ready").status_code == 503
    add_run(trigger=Trigger.SCHEDULE)
    answer = client.simulate_get("/health/ready")
    assert (answer.status_code, answer.json["problems"]) == (200, [])
    assert answer.json["oldest_due_schedule_seconds"] > 3000


def test_it_is_not_ready_where_nothing_can_be_written(client: TestClient, engine: sa.Engine, execute: Execute) -> None:
    _tick(execute, 1)
    [(name,)] = execute("SELECT current_database()")
    execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    engine.dispose()
    answer = client.simulate_get("/health/ready")
    assert (answer.status_code, answer.json["migrations"]) == (503, True)
    assert "read-only" in answer.json["problems"][0]


@pytest.fixture
def broken() -> Iterator[TestClient]:
    """A client of an app whose database is not there."""
    settings = load_settings({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "CALLSHEET_ADMIN_TOKEN": TOKEN})
    engine = make_engine(settings.database, pool_size=1, application="test")
    yield DocumentedClient(make_app(engine, settings), headers=HEADERS)
    engine.dispose()


def test_without_a_database_nothing_is_ready_and_calls_are_a_503(broken: TestClient) -> None:
    ready = broken.simulate_get("/health/ready")
    assert (ready.status_code, ready.json["database"]) == (503, False)
    call = broken.simulate_get("/v1/schedules")
    assert (call.status_code, call.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(call.headers["Retry-After"]) > 0


def test_a_database_that_hangs_is_noticed_quickly(
    client: TestClient, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "DATABASE_SECONDS", 0.2)
    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE schedulers IN ACCESS EXCLUSIVE MODE")
        answer = client.simulate_get("/health/ready")
        assert (answer.status_code, answer.json["database"]) == (503, False)
    eventually(lambda: not any(thread.name == "ready" for thread in threading.enumerate()))


def test_a_connection_that_breaks_under_a_request_is_a_503(
    client: TestClient, engine: sa.Engine, execute: Execute
) -> None:
    def break_connection(connection: sa.Connection, *_: Any) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    sa.event.listen(engine, "begin", break_connection)
    answer = client.simulate_get("/v1/schedules")
    assert (answer.status_code, answer.json["title"]) == (503, "Service Unavailable")
    sa.event.remove(engine, "begin", break_connection)
    assert client.simulate_get("/v1/schedules").status_code == 200


def test_a_database_whose_connections_are_all_in_use_is_a_503(settings: Settings) -> None:
    url = sqlalchemy_url(settings.database.url.get_secret_value())
    engine = sa.create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    client = DocumentedClient(make_app(engine, settings), headers=HEADERS)
    with engine.connect():
        assert client.simulate_get("/v1/schedules").status_code == 503
    assert client.simulate_get("/v1/schedules").status_code == 200
    engine.dispose()


def test_the_unexpected_is_a_500_without_details(client: TestClient, execute: Execute) -> None:
    _add_worker(execute, 1)
    execute("ALTER TABLE workers RENAME COLUMN host TO workers_host")
    answer = client.simulate_get("/v1/workers")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "workers" not in answer.text
