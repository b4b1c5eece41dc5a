"""Statements that know their rows by id look them up by the key, whatever the planner believes of live rows."""

import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Database
from models import claiming, finishing, publishing
from models.finishing import FinishedAttempt
from models.ids import new_run_id
from models.planning import NewRun, count_active_runs, insert_runs
from models.rows import by_attempt, read_clock
from models.states import Outcome, State, Trigger
from tests.models.rows import WORKER, announce

MANY, FEW = 3000, 8


@pytest.fixture
def runs(engine: sa.Engine) -> list[UUID]:
    """Many queued runs, which came after PostgreSQL had counted that there are none."""
    with engine.begin() as connection:
        announce(connection)
        now = read_clock(connection)
        rows = [NewRun(new_run_id(now), Trigger.MANUAL, now, now, actor="work") for _ in range(MANY)]
        insert_runs(connection, rows)
        connection.exec_driver_sql("UPDATE runs SET state = 'succeeded'")
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE runs")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET state = 'queued'")
    return by_attempt((row.id, 0) for row in rows)[0][:FEW]


def rows_read(engine: sa.Engine, statement: str, parameters: dict[str, Any]) -> int:
    """How many rows of `runs` the statement looked at, by a plan made without knowing the parameters."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        raw: Any = connection.connection.driver_connection
        explained = raw.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters, prepare=True).fetchone()[0]
        connection.rollback()
    plan = explained if isinstance(explained, list) else json.loads(explained)
    return sum(_rows_of(plan[0]["Plan"]))


def _rows_of(node: dict[str, Any]) -> list[float]:
    below = [rows for child in node.get("Plans", ()) for rows in _rows_of(child)]
    if node.get("Relation Name", "").startswith("runs") and "Scan" in node["Node Type"]:
        below.append((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
    return below


def test_a_claim(engine: sa.Engine, runs: list[UUID]) -> None:
    parameters = {"ids": runs, "attempt": 0, "worker": WORKER, "lease": 30.0}
    assert rows_read(engine, claiming._CLAIM, parameters) == FEW


def test_a_mark_of_what_was_published(engine: sa.Engine, runs: list[UUID]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET state = 'planned'")
    assert rows_read(engine, publishing._MARK_QUEUED, {"ids": runs, "attempt": 0}) == FEW


def test_ends_and_renewals(engine: sa.Engine, runs: list[UUID]) -> None:
    with engine.begin() as connection:
        claims = claiming.claim_runs(connection, runs, 0, WORKER, 30)
    ends = [
        FinishedAttempt(
            each.id, each.attempt, Outcome.SUCCEEDED, State.SUCCEEDED, started_at=None, finished_at=each.claimed_at
        )
        for each in claims
    ]
    parameters = finishing.finish_parameters(ends, WORKER)
    assert rows_read(engine, finishing._FINISH, parameters) == FEW
    held = [{"id": each.id, "attempt": each.attempt, "started_at": None} for each in claims]
    assert rows_read(engine, finishing._RENEW, finishing.renewal_parameters(held, WORKER, 30)) == FEW


def test_what_was_planned_while_tables_were_empty_does_not_scan_them_later(database_url: str) -> None:
    database = Database(url=SecretStr(database_url))
    engine = make_engine(database, pool_size=1, application="test", plan_once=True)

    def use(connection: sa.Connection) -> None:
        publishing.take_publishable_runs(connection, MANY, MANY)
        claiming.claim_runs(connection, [new_run_id(read_clock(connection))], 0, WORKER, 30)
        count_active_runs(connection, [WORKER])

    with engine.begin() as connection:
        announce(connection)
        use(connection)
    with engine.begin() as connection:
        now = read_clock(connection)
        insert_runs(connection, [NewRun(new_run_id(now), Trigger.MANUAL, now, now, actor="work") for _ in range(MANY)])
    with engine.begin() as connection:
        use(connection)
        scans = "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
        assert connection.exec_driver_sql(scans).scalar_one() == 0
    engine.dispose()
