"""Addresses: libpq and pika are handed them as they are, and what can't be kept is a problem at start."""

from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from pydantic import SecretStr

from config.broker import connection_parameters
from config.conninfo import OURS
from config.database import fingerprint, listen_connection, make_engine
from config.sections import Database
from config.settings import SettingsError, load_settings


def database(url: str) -> Database:
    return load_settings({"DATABASE_URL": url}).database


def with_query(url: str, **query: str) -> str:
    more = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return f"{url}{'&' if '?' in url else '?'}{more}"


@pytest.mark.parametrize("pgbouncer", [False, True])
def test_what_an_address_says_of_its_connections_holds(database_url: str, pgbouncer: bool) -> None:
    url = with_query(database_url, options="-csearch_path=app -c work_mem=7MB", application_name="mine")
    given = Database(url=SecretStr(url), pgbouncer=pgbouncer)
    engine = make_engine(given, pool_size=1, application="test")
    shown = ("search_path", "work_mem", "application_name", "default_transaction_isolation")
    with engine.begin() as connection:
        values = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in shown]
    assert values == ["app", "7MB", "mine", "read committed"]
    engine.dispose()
    with listen_connection(given, "test") as listening:
        assert listening.execute("SHOW search_path").fetchone() == ("app",)


def test_of_several_hosts_one_that_answers_is_taken(database_url: str) -> None:
    parts: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(database_url)
    hosts, ports = f"127.0.0.1,{parts['host']}", f"1,{parts.get('port', 5432)}"
    query = {"host": hosts, "port": ports, "target_session_attrs": "read-write"}
    rest = {name: str(parts[name]) for name in ("user", "password") if parts.get(name)}
    engine = make_engine(
        database(with_query(f"postgresql:///{parts['dbname']}", **query, **rest)), pool_size=1, application="test"
    )
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:hidden@h/db?foo=1", "no parameter foo"),
        ("postgresql://u:hid%zzden@h/db", "libpq"),
        ("postgresql://u:hidden@h:x/db", "port"),
        *(
            (f"postgresql://u:hidden@h/db?options={quote(f'-c {name.upper()}=1 --work_mem=1MB')}", f"can't set {name}")
            for name in sorted(OURS)
        ),
    ],
)
def test_what_cannot_be_kept_is_a_problem_at_start(url: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"DATABASE_URL": url})
    [problem] = caught.value.problems
    assert problem.startswith("database.url: ")
    assert said in problem
    assert "hid" not in problem


def test_a_database_has_one_name_for_what_a_machine_keeps_of_it() -> None:
    names = {
        fingerprint(database(url)) for url in ("postgresql://a:b@h:1/x", "postgres://c:d@h:1/x", "postgresql://h:1/x")
    }
    assert len(names) == 1
    assert fingerprint(database("postgresql://h1:1,h2:2/x")) not in names


def test_what_an_address_of_rabbitmq_says_holds() -> None:
    amqp = load_settings({"AMQP_URL": "amqp://h/?heartbeat=7&client_properties={'a': 'b'}"}).amqp
    [parameters] = connection_parameters(amqp)
    assert (parameters.heartbeat, parameters.blocked_connection_timeout) == (7, 10)
    assert parameters.client_properties == {"connection_name": "callsheet", "a": "b"}


def test_the_nodes_of_a_cluster_are_all_used_and_none_is_always_the_first() -> None:
    amqp = load_settings({"AMQP_URL": "amqp://u:a;b@h1/x?heartbeat=7;amqps://u:p@h2:5/x"}).amqp
    tries = [connection_parameters(amqp) for _ in range(100)]
    assert all(sorted((each.host, each.port) for each in tried) == [("h1", 5672), ("h2", 5)] for tried in tries)
    assert {tried[0].host for tried in tries} == {"h1", "h2"}
    [first] = [each for each in tries[0] if each.host == "h1"]
    assert (first.credentials.password, first.heartbeat, first.blocked_connection_timeout) == ("a;b", 7, 10)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://u:hidden@h/?foo=1",
        "amqp://u:hidden@h:x/",
        "amqp://h/?heartbeat=hidden",
        "amqp://u:hidden@h;amqp://u:hidden@h:x/",
    ],
)
def test_an_address_that_pika_cannot_read_is_a_problem_at_start(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"AMQP_URL": url})
    [problem] = caught.value.problems
    assert problem.startswith("amqp.url: ")
    assert "hidden" not in problem
