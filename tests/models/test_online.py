"""Changes of a table that is written to meanwhile: nobody who writes waits for what takes long."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from migrations.online import add_check, create_index
from tests.models.releasing import Writer, wait_for_lock
from tests.models.rows import add_run, sqlalchemy_url

INDEX = ("runs", "runs_trace", "(trace) WHERE trace IS NOT NULL", "a test")
VALID = "SELECT bool_and(indisvalid), count(*) FROM pg_index WHERE indexrelid::regclass::text LIKE 'runs_trace%'"

# It holds up the migration and nobody else.
GATE = """
CREATE FUNCTION passes_gate(anything int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('application_name') = 'migration' THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
    RETURN true;
END $$
"""


class Migration:
    """A migration in a thread."""

    def __init__(self, database_url: str, change: Callable[[], None]) -> None:
        self._url = f"{sqlalchemy_url(database_url)}?application_name=migration"
        self._change = change
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._migrate, daemon=True)
        self._thread.start()

    def result(self) -> BaseException | None:
        """Once it has ended; what it raised."""
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self._error

    def _migrate(self) -> None:
        engine = sa.create_engine(self._url)
        try:
            with engine.connect() as connection:
                context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
                with context.begin_transaction(_per_migration=True), Operations.context(context):
                    self._change()
        except sa.exc.DBAPIError as error:
            self._error = error
        engine.dispose()


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def writer(engine: sa.Engine, database_url: str) -> Iterator[Writer]:
    with engine.begin() as connection:
        run = add_run(connection)
    with Writer(database_url, run) as writer:
        yield writer


def hold_up(engine: sa.Engine, connection: psycopg.Connection[Any]) -> None:
    """Write to a partition, by its name, in a transaction that goes on."""
    with engine.begin() as other:
        run = add_run(other)
    row = connection.execute("SELECT tableoid::regclass::text FROM runs WHERE id = %s", [run]).fetchone()
    connection.execute("BEGIN")
    connection.execute(f"UPDATE {row and row[0]} SET priority = 1 WHERE id = %s", [run])


def test_an_index_is_made_while_the_table_is_written_to(
    engine: sa.Engine, database_url: str, session: psycopg.Connection[Any], writer: Writer
) -> None:
    with psycopg.connect(database_url, autocommit=True) as other:
        hold_up(engine, other)
        migration = Migration(database_url, partial(create_index, *INDEX))
        wait_for_lock(session, "CREATE INDEX")
        writer.go_on()
        other.execute("COMMIT")
        assert migration.result() is None
    parts = session.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'runs'::regclass").fetchone()
    assert parts is not None
    assert session.execute(VALID).fetchone() == (True, parts[0] + 1)
    assert session.execute("SELECT obj_description('runs_trace'::regclass)").fetchone() == ("a test",)


def test_what_was_left_half_done_is_done_at_the_next_attempt(
    engine: sa.Engine, database_url: str, session: psycopg.Connection[Any]
) -> None:
    with psycopg.connect(database_url, autocommit=True) as other:
        hold_up(engine, other)
        migration = Migration(database_url, partial(create_index, *INDEX))
        wait_for_lock(session, "CREATE INDEX")
        session.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'migration'"
        ).fetchall()
        assert "canceling statement" in str(migration.result())
    row = session.execute(VALID).fetchone()
    assert row is not None
    assert row[0] is False
    assert Migration(database_url, partial(create_index, *INDEX)).result() is None
    row = session.execute(VALID).fetchone()
    assert row is not None
    assert row[0] is True


def test_a_check_looks_at_old_rows_while_the_table_is_written_to(
    database_url: str, session: psycopg.Connection[Any], writer: Writer
) -> None:
    session.execute(GATE)
    session.execute("SELECT pg_advisory_lock(7)")
    migration = Migration(database_url, partial(add_check, "runs", "runs_gate_check", "passes_gate(priority)"))
    wait_for_lock(session, "ALTER TABLE runs VALIDATE")
    writer.go_on()
    session.execute("SELECT pg_advisory_unlock(7)")
    assert migration.result() is None
    checks = "SELECT bool_and(convalidated) FROM pg_constraint WHERE conname = 'runs_gate_check'"
    assert session.execute(checks).fetchone() == (True,)


def test_a_check_takes_the_place_of_the_one_of_its_name(database_url: str, session: psycopg.Connection[Any]) -> None:
    for condition in ("priority >= 0", "priority >= 1"):
        change = partial(add_check, "runs", "runs_lowest_check", condition)
        assert Migration(database_url, change).result() is None
    found = session.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'runs_lowest_check' AND conrelid = 'runs'::regclass"
    ).fetchall()
    assert found == [("CHECK ((priority >= 1))",)]
