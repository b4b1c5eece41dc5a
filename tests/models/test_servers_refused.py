"""Servers that callsheet can't work with are refused by the release, with a sentence."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from migrations.server import problem_of
from tests.models.releasing import start_alembic
from tests.servers.databases import url_of


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def other_url(empty_database_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of another encoding."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        name = sql.Identifier(f"{connection.info.dbname}_other")
        make = "CREATE DATABASE {} ENCODING {} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(sql.SQL(make).format(name, request.param))
        yield url_of(empty_database_url, f"{connection.info.dbname}_other")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_a_database_of_another_encoding(other_url: str) -> None:
    release = start_alembic(other_url, "upgrade", "head")
    said, _ = release.communicate(timeout=60)
    assert release.returncode == 1
    assert "must be UTF8, and is " in said
    assert "Traceback" not in said
    with psycopg.connect(other_url) as connection:
        assert connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ("130011 AS version, 'UTF8' AS encoding, false AS is_standby", "PostgreSQL 14 or later; this server is 13"),
        ("150000 AS version, 'UTF8' AS encoding, true AS is_standby", "is a standby"),
        ("140000 AS version, 'UTF8' AS encoding, false AS is_standby", None),
    ],
)
def test_a_server_that_is_too_old_or_a_standby(database_url: str, facts: str, said: str | None) -> None:
    """By what such a server answers: there is none here."""
    with psycopg.connect(database_url, row_factory=psycopg.rows.namedtuple_row) as connection:
        problem = problem_of(connection.execute(f"SELECT {facts}").fetchone())
    assert (problem is None) == (said is None)
    assert said is None or said in (problem or "")
