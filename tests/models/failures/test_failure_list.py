"""The list of failures reads what was summed up, and of that what it shows."""

import sqlalchemy as sa

from models.failures.folding import MOST_TYPES
from models.failures.listing import list_failures
from tests.models.failures.failing import fail, fold
from tests.models.rows import add_schedule

KINDS = 5000
SOME = """
INSERT INTO errors SELECT md5(n::text), 'actor' || n %% 50, 'ValueError', 'order # failed', now(),
    now() - make_interval(secs => n), n, gen_random_uuid() FROM generate_series(1, %(kinds)s) n
"""
SHARES = """
INSERT INTO error_schedules
SELECT e.fingerprint, gen_random_uuid(), 's' || n, e.first_at, e.last_at, 1, e.last_run_id, n
FROM errors e, generate_series(1, 10) n
"""
READ = """
SELECT relname, idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_xact_user_tables
WHERE relname ~ '^(runs|run_outputs|failed_runs|errors|error_schedules)'
"""


def test_it_looks_at_no_run_and_at_few_others(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection)
        fail(connection, schedule_id=schedule, schedule_name="tick")
        fold(connection)
        connection.exec_driver_sql(SOME, {"kinds": KINDS})
        connection.exec_driver_sql(SHARES)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE errors, error_schedules")
    for filters in ({}, {"actor": "actor7"}, {"schedule_id": schedule}):
        engine.dispose()
        with engine.begin() as connection:
            found = list_failures(connection, 51, **filters)
            rows = {row.relname: row.rows for row in connection.exec_driver_sql(READ)}
        assert len(found) == (1 if "schedule_id" in filters else 51)
        assert {name: number for name, number in rows.items() if name.startswith(("run", "failed")) and number} == {}
        assert rows["errors"] <= MOST_TYPES
        assert rows["error_schedules"] <= 51 * 11
