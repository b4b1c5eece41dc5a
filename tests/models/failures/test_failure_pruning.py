"""What failed long ago is forgotten with its history."""

from datetime import timedelta

import sqlalchemy as sa

from models.failures import pruning
from models.lifecycle.pruning import FIRST_ID
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from tests.models.failures.failing import fail, fold
from tests.models.rows import add_schedule

AGE = timedelta(days=90)


def test_kinds_that_were_not_seen_for_so_long_go(connection: sa.Connection) -> None:
    columns = {"schedule_id": add_schedule(connection), "schedule_name": "tick"}
    fail(connection, kind="Old", **columns), fail(connection, kind="New", **columns)
    fold(connection)
    for table in ("errors", "error_schedules"):
        connection.exec_driver_sql(
            f"UPDATE {table} SET last_at = now() - interval '91 days' WHERE fingerprint ="
            " (SELECT fingerprint FROM errors WHERE error_type = 'Old')"
        )
    assert pruning.prune_failures(connection, AGE) == 1
    assert [each.error_type for each in fold(connection)] == ["New"]
    assert connection.exec_driver_sql("SELECT count(*) FROM error_schedules").scalar_one() == 1


def test_what_somebody_has_locked_stays_and_nobody_waits(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        fail(connection)
        fold(connection)
    with engine.begin() as somebody, engine.begin() as connection:
        somebody.exec_driver_sql("SELECT FROM errors FOR UPDATE")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
        assert pruning.prune_failures(connection, timedelta(seconds=-60)) == 0


def test_notes_go_with_their_runs(connection: sa.Connection) -> None:
    now = read_clock(connection)
    runs = [fail(connection) for _ in range(5)]
    old = {run: new_run_id(now - timedelta(days=91, seconds=number)) for number, run in enumerate(runs[:4])}
    for run, other in old.items():
        connection.exec_driver_sql(f"UPDATE runs SET id = '{other}' WHERE id = '{run}'")
        connection.exec_driver_sql(f"UPDATE failed_runs SET run_id = '{other}' WHERE run_id = '{run}'")
    gone = [old[run] for run in runs[:3]]
    connection.exec_driver_sql("DELETE FROM runs WHERE id = ANY(%(ids)s)", {"ids": gone})
    after, pages = FIRST_ID, 0
    while (found := pruning.prune_failed_runs(connection, AGE, after, 3)) is not None:
        after, pages = found, pages + 1
    assert pages == 1
    left = set(connection.exec_driver_sql("SELECT run_id FROM failed_runs").scalars())
    assert left == {old[runs[3]], runs[4]}
