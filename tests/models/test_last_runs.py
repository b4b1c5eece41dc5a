"""The last run of each schedule is found in its own part of the index, whoever has nearly all runs."""

from uuid import UUID

import sqlalchemy as sa

from models.schedules import last_runs
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from tests.models.rows import add_run, add_schedule

MANY, OTHERS = 20_000, 30

# Ids in the order of time, as real ones are.
COPIES = """
INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id',
    overlay(r.id::text PLACING lpad(to_hex(n), 12, '0') FROM 25 FOR 12)::uuid))).*
FROM runs r, generate_series(1, %(many)s) n WHERE r.id = %(id)s
"""


def test_those_without_a_run_are_not_looked_for_among_all_there_are(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        busy = add_schedule(connection, "busy")
        idle = [add_schedule(connection, f"idle-{number}") for number in range(OTHERS)]
        run = add_run(connection, schedule_id=busy, id=new_run_id(read_clock(connection)))
        connection.exec_driver_sql("UPDATE runs SET state = 'succeeded'")
        connection.exec_driver_sql(COPIES, {"many": MANY, "id": run})
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE runs")
    engine.dispose()  # a session that has looked at nothing yet
    with engine.begin() as connection:
        found = last_runs(connection, [busy, *idle])
        read = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
        looked_at = connection.exec_driver_sql(read).scalar_one()
        newest: UUID = connection.exec_driver_sql("SELECT max(id::text)::uuid FROM runs").scalar_one()
    assert {schedule: row.id for schedule, row in found.items()} == {busy: newest}
    assert looked_at < OTHERS + 10
