"""Each thing that doctor finds, on real servers, with the command that mends it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import SHUT_WR, create_connection, socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from tests.api.cli.served import CommandLine
from tests.end_to_end.deployment import ROOT
from tests.models.rows import add_run, add_worker, sqlalchemy_url

Find = Callable[..., list[dict[str, str]]]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """What a check of doctor's has found, with these variables."""

    def run(check: str, *args: str, **environment: str) -> list[dict[str, str]]:
        said = CommandLine(tmp_path, environment)("doctor", *args, "-o", "json")
        assert said.code in (0, 1, 78), said
        assert all(finding["mend"] for finding in said.json if finding["state"] != "ok")
        return [finding for finding in said.json if finding["check"] == check]

    return run


@pytest.mark.parametrize(
    ("environment", "found", "mend"),
    [
        ({}, "database.url: must be set", "export DATABASE_URL=…"),
        ({"CALLSHEET_LOG__LEVEL": "loud"}, "log.level: ", "export CALLSHEET_LOG__LEVEL=…"),
        ({"CALLSHEET_NO__SUCH": "1"}, "CALLSHEET_NO__SUCH: no such setting", "unset CALLSHEET_NO__SUCH"),
        ({"PORT": "many"}, "http.port: ", "export PORT=…"),
    ],
)
def test_settings(find: Find, environment: dict[str, str], found: str, mend: str) -> None:
    assert any(each["found"].startswith(found) and each["mend"] == mend for each in find("settings", **environment))


def test_a_database_that_is_not_utf8(find: Find, empty_database_url: str) -> None:
    name = f"plain_{uuid4().hex}"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        try:
            url = urlsplit(empty_database_url)._replace(path=f"/{name}").geturl()
            [found] = find("postgresql", DATABASE_URL=url)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert found["state"] == "problem"
    assert "must be UTF8, and is SQL_ASCII" in found["found"]


def test_a_clock_that_goes_wrong(find: Find, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA skewed")
        connection.execute(
            "CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
            " $$ SELECT pg_catalog.clock_timestamp() + interval '10 s' $$"
        )
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET search_path = skewed, public, pg_catalog")
    [found] = find("clock", DATABASE_URL=database_url)
    assert found["state"] == "note"
    assert "seconds ahead of this machine's" in found["found"]
    assert "timedatectl" in found["mend"]


def test_a_server_that_may_run_out_of_connections(find: Find, database_url: str) -> None:
    with engine_of(database_url).begin() as connection:
        allowed = int(connection.exec_driver_sql("SHOW max_connections").scalar_one())
        for number in range(allowed // 2):
            add_worker(connection, f"q{number}")
    [found] = find("connections", DATABASE_URL=database_url)
    assert found["state"] == "note"
    assert "max_connections" in found["mend"]


def test_leases_that_nobody_rescues(find: Find, database_url: str) -> None:
    with engine_of(database_url).begin() as connection:
        run = add_run(connection)
        connection.exec_driver_sql(
            "UPDATE runs SET state = 'running', attempt = 1, started_at = now(), worker_id = %(run)s,"
            " lease_until = now() - interval '2 min' WHERE id = %(run)s",
            {"run": run},
        )
    [found] = find("leases", DATABASE_URL=database_url)
    assert found["state"] == "problem"
    assert "1 run has lost its worker" in found["found"]


@contextmanager
def older(amqp_url: str) -> Iterator[str]:
    """The address of a RabbitMQ that says it is an old one: another's, whose greeting is changed on the way."""
    parts = urlsplit(amqp_url)

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            with create_connection((parts.hostname or "", parts.port or 5672)) as far:
                there = threading.Thread(target=pump, args=(self.request, far, bytes))
                there.start()
                pump(far, self.request, aged)
                there.join()

    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{server.server_address[1]}").geturl()
        server.shutdown()


def pump(source: socket, target: socket, change: Callable[[bytes], bytes]) -> None:
    with suppress(OSError):  # whichever end is gone first
        while data := source.recv(65536):
            target.sendall(change(data))
        target.shutdown(SHUT_WR)


def aged(data: bytes) -> bytes:
    """The same with a version of the same length that is old."""
    head, mark, rest = data.partition(b"\x07versionS")
    if not mark:
        return data
    size = int.from_bytes(rest[:4], "big")
    return head + mark + rest[:4] + b"3.7.9".ljust(size, b"9") + rest[4 + size :]


def test_a_rabbitmq_that_is_too_old(find: Find, database_url: str, amqp_url: str) -> None:
    with older(amqp_url) as url:
        [found] = find("rabbitmq", DATABASE_URL=database_url, AMQP_URL=url)
    assert (found["state"], found["mend"]) == ("problem", "use RabbitMQ 3.8 or later")
    assert "3.7.9" in found["found"]


def test_a_rabbitmq_that_lets_nobody_in(find: Find, database_url: str, amqp_url: str) -> None:
    parts = urlsplit(amqp_url)
    for wrong in (
        parts._replace(netloc=f"nobody:x@{parts.hostname}:{parts.port}"),
        parts._replace(path="/no-such-vhost"),
    ):
        [found] = find("rabbitmq", DATABASE_URL=database_url, AMQP_URL=wrong.geturl())
        assert found["state"] == "problem"
        assert found["found"].startswith("it lets us not in: ")
        assert found["mend"].startswith("export AMQP_URL=")


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        ("echo '{ok,1800000}'", "ok", "30 minutes"),
        ("echo '{ok,60000}'", "note", "60 seconds: a consumer that is slow for so long loses its connection"),
        ("echo no; exit 64", "note", "not known"),
    ],
)
def test_how_long_consumers_may_take(
    find: Find, database_url: str, amqp_url: str, tmp_path: Path, answer: str, state: str, said: str
) -> None:
    (tmp_path / "rabbitmqctl").write_text(f"#!/bin/sh\n{answer}\n")
    (tmp_path / "rabbitmqctl").chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    [found] = find("consumer_timeout", DATABASE_URL=database_url, AMQP_URL=amqp_url, PATH=path)
    assert found["state"] == state
    assert said in found["found"]


def test_modules_with_what_has_no_effect(find: Find, database_url: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "__init__.py").write_text("")
    (mine / "tasks.py").write_text("import dramatiq\n\n@dramatiq.actor(max_age=1)\ndef a(): ...\n")
    (mine / "broken.py").write_text("def (")
    given: dict[str, Any] = {"DATABASE_URL": database_url, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    [fine] = find("modules", **given)
    assert fine["state"] == "ok"
    broken, option, lost = find("modules", "mine", "no.such.module", **given)
    assert broken["found"].startswith(f"{mine}/broken.py:1 is no Python that can be read")
    assert option["found"] == f"{mine}/tasks.py:3: the option max_age is unknown here: the actor is refused"
    assert "start_deadline_seconds" in option["mend"]
    assert "there is no module no.such.module" in lost["found"]
    [named] = find("modules", CALLSHEET_ACTORS__MODULES='["mine.tasks"]', **given)
    assert named["state"] == "problem"


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
