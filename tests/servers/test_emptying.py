"""Databases that are emptied for the next test."""

import psycopg
import pytest

from tests.servers.databases import database
from tests.servers.emptying import look_at

OID = "SELECT oid FROM pg_database WHERE datname = current_database()"
ROW = "INSERT INTO trigger_keys VALUES (gen_random_uuid(), 'key', gen_random_uuid(), now())"


def oid_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        found: tuple[int] | None = connection.execute(OID).fetchone()
    assert found is not None
    return found[0]


def test_the_next_test_gets_it_as_it_was_made() -> None:
    with database(migrated=True) as url:
        before, oid = look_at(url), oid_of(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ROW)
            connection.execute("DELETE FROM alembic_version")
        assert look_at(url) != before
    with database(migrated=True) as again:
        assert oid_of(again) == oid
        assert look_at(again) == before


def test_who_still_runs_for_the_test_before_finds_no_database() -> None:
    with database(migrated=True) as url:
        left = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    with database(migrated=True), pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE things (id int)",
        "CREATE SCHEMA elsewhere",
        "ALTER TABLE runs ADD COLUMN more int",
        "CREATE TRIGGER t BEFORE UPDATE ON queues FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE schedules SET (fillfactor = 50)",
        "DROP INDEX runs_next",
        "ALTER TABLE runs DROP CONSTRAINT runs_slots_check",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW seen AS SELECT 1",
        "INSERT INTO alembic_version VALUES ('other'); ANALYZE alembic_version",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 65', current_database()); END $$",
    ],
)
def test_one_that_was_changed_is_nobodys_again(change: str) -> None:
    with database(migrated=True) as url:
        oid = oid_of(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(change)
    with database(migrated=True) as other:
        assert oid_of(other) != oid


def test_one_that_is_gone_needs_no_emptying() -> None:
    with database(migrated=True) as url:
        name = url.rpartition("/")[2]
        with psycopg.connect(url.replace(name, "postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}"')
    with database(migrated=True) as other:
        assert oid_of(other)
