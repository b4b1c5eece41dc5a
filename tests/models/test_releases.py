"""Releases: several at once, and on tables that are written to."""

import psycopg
import pytest

from tests.models.releasing import Writer, alembic, start_alembic, wait_for_lock

PGBOUNCER = "CALLSHEET_DATABASE__PGBOUNCER"

# As the first release wrote them: of this month, and of a time that has no month of its own.
OLD_RUNS = """
INSERT INTO runs (id, actor, queue, priority, args, trigger, overlap, slots, due_at, state, attempt, retries,
    max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds, planned_at, finished_at, attempts)
SELECT overlay(gen_random_uuid()::text PLACING left(callsheet_first_id(at)::text, 13) FROM 1)::uuid, 'work',
    'default', 5, '{}', 'manual', 'allow', 1, at, 'failed', 1, 0, 0, 15, 3600, 600, at, at, '[]'
FROM generate_series(now() - interval '400 days', now(), interval '30 minutes') AS at
"""
NEWEST = "SELECT id, tableoid::regclass::text FROM runs ORDER BY id DESC LIMIT 1"


@pytest.mark.parametrize("pgbouncer", ["false", "true"])
def test_of_releases_at_once_all_succeed(empty_database_url: str, pgbouncer: str) -> None:
    releases = [start_alembic(empty_database_url, "upgrade", "head", **{PGBOUNCER: pgbouncer}) for _ in range(3)]
    said = [release.communicate(timeout=90)[0] for release in releases]
    assert [release.returncode for release in releases] == [0, 0, 0], said
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_release_waits_for_one_that_goes_on(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('callsheet release'))")
        waiting = start_alembic(empty_database_url, "upgrade", "head")
        assert waiting.stdout is not None
        assert "another release is at work" in waiting.stdout.readline()
        assert other.execute("SELECT to_regclass('runs')").fetchone() == (None,)
    said, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, said


def test_a_release_may_take_as_long_as_it_takes(empty_database_url: str) -> None:
    """Whatever its role and the processes beside it are held to."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET statement_timeout = '1ms'")
        connection.execute(f"ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '1ms'")
    alembic(empty_database_url, "upgrade", "head", CALLSHEET_DATABASE__STATEMENT_TIMEOUT_SECONDS="0.001")


def test_from_the_first_release_to_the_last_a_table_with_rows_can_be_written_to(empty_database_url: str) -> None:
    """Also while somebody's transaction holds up the making of an index."""
    alembic(empty_database_url, "upgrade", "0001")
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(OLD_RUNS)
        run, partition = connection.execute(NEWEST).fetchone() or (None, None)
        assert run is not None
        with Writer(empty_database_url, run) as writer, psycopg.connect(empty_database_url) as other:
            alembic(empty_database_url, "upgrade", "0002")
            other.execute(f"UPDATE {partition} SET trace = 'x' WHERE id <> %s", [run])
            release = start_alembic(empty_database_url, "upgrade", "head")
            wait_for_lock(connection, "CREATE INDEX")
            writer.go_on()
            other.commit()
            said, _ = release.communicate(timeout=60)
            assert release.returncode == 0, said
