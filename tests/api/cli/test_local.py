"""Commands on this machine: doctor, migrate, openapi."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import psycopg
import pytest

from api.app import OPENAPI
from tests.api.cli.served import CommandLine, Said

TOKEN = "an-admin-token-of-32-characters-or-more"


@pytest.fixture
def local(tmp_path: Path) -> Callable[..., Said]:
    """The command line with these variables."""

    def run(*args: str, **environment: str) -> Said:
        return CommandLine(tmp_path, environment)(*args)

    return run


@pytest.fixture
def execute(database_url: str) -> Callable[..., None]:
    def run(statement: str, *parameters: Any) -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute(statement, parameters)

    return run


def found_by(said: Said) -> dict[str, dict[str, str]]:
    return {finding["check"]: finding for finding in said.json}


def test_a_fresh_database_lacks_processes_alone(local: Callable[..., Said], database_url: str) -> None:
    said = local("doctor", "-o", "json", DATABASE_URL=database_url)
    assert said.code == 1
    states = {check: finding["state"] for check, finding in found_by(said).items()}
    assert {check for check, state in states.items() if state == "problem"} == {"scheduling", "workers"}
    assert {check for check, state in states.items() if state == "note"} == {"rabbitmq"}
    fine = "settings postgresql clock migrations connections actors leases partitions work modules"
    assert {check for check, state in states.items() if state == "ok"} == {*fine.split()}
    assert all(finding["mend"] for finding in said.json if finding["state"] != "ok")


def test_what_is_wrong_with_the_work_is_found(
    local: Callable[..., Said], database_url: str, execute: Callable[..., None]
) -> None:
    execute("INSERT INTO schedulers (id, host, pid, started_at, ticked_at) VALUES (%s, 'h', 1, now(), now())", uuid4())
    execute(
        "INSERT INTO workers (id, host, pid, queues, actors, threads, version, started_at, last_seen_at, running)"
        " VALUES (%s, 'h', 7, '[]', '[]', 8, '1', now(), now(), 0)",
        uuid4(),
    )
    said = local("doctor", "-o", "json", DATABASE_URL=database_url)
    assert said.code == 0
    execute("ALTER TABLE runs DETACH PARTITION " + _next_month(database_url))
    execute("ALTER TABLE " + _next_month(database_url) + " RENAME TO elsewhere")
    fields = "id, name, source, version, actor, args, priority, timezone, jitter_seconds, overlap, catchup"
    execute(
        f"INSERT INTO schedules ({fields}, catchup_window_seconds, tags, created_at, updated_at, cursor_at,"
        " description, slots_run, consecutive_failures) VALUES (%s, 'lost', 'api', 1, 'nobody', '{}', 5, 'UTC', 0,"
        " 'skip', 'latest', 1, '[]', now(), now(), now(), '', 0, 0)",
        uuid4(),
    )
    found = found_by(local("doctor", "-o", "json", DATABASE_URL=database_url))
    assert "'nobody'" in found["actors"]["found"]
    assert found["partitions"]["state"] == "note"


def _next_month(database_url: str) -> str:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT 'runs_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')"
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_queues_with_other_arguments_are_found(
    local: Callable[..., Said], database_url: str, amqp_url: str, execute: Callable[..., None]
) -> None:
    execute("INSERT INTO queues (name, paused_at) VALUES ('strange', now()), ('missing', now())")
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    connection.channel().queue_declare("strange", durable=True)
    connection.close()
    found = found_by(local("doctor", "-o", "json", DATABASE_URL=database_url, AMQP_URL=amqp_url))
    assert found["rabbitmq"]["state"] == "ok"
    assert "strange was declared with other arguments" in found["queues"]["found"]
    assert "rabbitmqctl delete_queue" in found["queues"]["mend"]
    assert "consumer_timeout" in found


def test_servers_that_do_not_answer_are_found(local: Callable[..., Said]) -> None:
    nowhere = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "AMQP_URL": "amqp://127.0.0.1:1"}
    said = local("doctor", **nowhere)
    assert said.code == 1
    assert "PROBLEM  postgresql: it does not answer" in said.out
    assert "PROBLEM  rabbitmq: it does not answer: [Errno 111] Connection refused" in said.out


def test_settings_with_problems_are_78(local: Callable[..., Said]) -> None:
    said = local("doctor", DATABASE_URL="mysql://x", CALLSHEET_LOG__LEVEL="loud")
    assert said.code == 78
    assert "database.url" in said.out
    assert "log.level" in said.out
    assert local("config", CALLSHEET_NO__SUCH="1").code == 78


def test_an_empty_database_is_migrated(local: Callable[..., Said], empty_database_url: str) -> None:
    before = found_by(local("doctor", "-o", "json", DATABASE_URL=empty_database_url))
    assert (before["migrations"]["state"], before["migrations"]["mend"]) == ("problem", "callsheet migrate")
    assert local("migrate", DATABASE_URL=empty_database_url).code == 0
    after = found_by(local("doctor", "-o", "json", DATABASE_URL=empty_database_url))
    assert after["migrations"]["state"] == "ok"
    assert local("migrate", DATABASE_URL="postgresql://u@127.0.0.1:1/x").code == 3


def test_the_description_of_the_api_is_that_of_the_server(local: Callable[..., Said]) -> None:
    assert local("openapi").json == OPENAPI
