"""What the timeline reads is bounded, whoever has nearly all runs."""

from datetime import timedelta

import sqlalchemy as sa

from models.forecast import EACH, LAST, median_durations, what_ran
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from tests.models.rows import add_run, add_schedule

MANY, OTHERS = 20_000, 20
READ = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
COPIES = """
INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id',
    overlay(r.id::text PLACING lpad(to_hex(n), 12, '0') FROM 25 FOR 12)::uuid))).*
FROM runs r, generate_series(1, %(many)s) n WHERE r.id = %(id)s
"""


def test_the_newest_runs_are_read_and_no_others(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        now = read_clock(connection)
        busy = add_schedule(connection, "busy")
        others = [add_schedule(connection, f"other-{number}") for number in range(OTHERS)]
        run = add_run(connection, schedule_id=busy, id=new_run_id(now))
        for other in others[:5]:
            add_run(connection, schedule_id=other, id=new_run_id(now))
        connection.exec_driver_sql(
            "UPDATE runs SET state = 'succeeded', started_at = due_at, finished_at = due_at + interval '7 seconds'"
        )
        connection.exec_driver_sql(COPIES, {"many": MANY, "id": run})
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE runs")
    engine.dispose()  # a session that has looked at nothing yet
    hour = timedelta(hours=1)
    with engine.begin() as connection:
        ran = what_ran(connection, [busy, *others], now - hour, now + hour, hour / 12)
        assert connection.exec_driver_sql(READ).scalar_one() <= EACH + OTHERS + 10
    with engine.begin() as connection:
        usual = median_durations(connection, [busy, *others])
        assert connection.exec_driver_sql(READ).scalar_one() <= EACH + LAST + 2 * OTHERS + 20
    assert {each.schedule_id: each.runs for each in ran} == {busy: EACH, **dict.fromkeys(others[:5], 1)}
    assert ran[0].seen in (EACH, 1)
    assert usual == dict.fromkeys([busy, *others[:5]], timedelta(seconds=7))


def test_runs_of_one_cell_are_counted_by_their_states(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        now = read_clock(connection)
        schedule = add_schedule(connection, "busy")
        runs = [add_run(connection, schedule_id=schedule, id=new_run_id(now)) for _ in range(5)]
        connection.exec_driver_sql(
            "UPDATE runs SET state = CASE WHEN id = %(id)s THEN 'failed' ELSE 'succeeded' END, started_at = now(),"
            " finished_at = now()",
            {"id": runs[0]},
        )
        hour = timedelta(hours=1)
        [found] = what_ran(connection, [schedule], now - hour, now + hour, 2 * hour)
        assert (found.runs, found.states["failed"], found.states["succeeded"], found.states["running"]) == (5, 1, 4, 0)
        connection.exec_driver_sql("DELETE FROM runs WHERE id <> ALL(%(ids)s)", {"ids": runs[:3]})
        alone = what_ran(connection, [schedule], now - hour, now + hour, 2 * hour)
        assert {(each.id, each.runs) for each in alone} == {(run, 1) for run in runs[:3]}
        assert what_ran(connection, [schedule], now - 3 * hour, now - 2 * hour, hour) == []
