"""Statements that know their rows by id look them up by the key, whatever the planner believes of live rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Database
from models.lifecycle import claiming, confirming, finishing, leasing, publishing
from models.lifecycle.finishing import FinishedAttempt
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.planning import count_live_runs
from models.sql.clock import read_clock
from models.sql.rows import by_attempt
from models.tables.run import Run
from models.words.ids import new_run_id
from models.words.states import Outcome, State, Trigger
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


@contextmanager
def looking_at_nothing_else(database_url: str, times: int = 1) -> Iterator[sa.Connection]:
    """A statement for a few runs, by a plan made without knowing them, looks at no others, and so often at these."""
    engine = make_engine(Database(url=SecretStr(database_url)), pool_size=1, application="test", plan_once=True)
    read = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
    with engine.begin() as connection:
        yield connection
        assert connection.exec_driver_sql(read).scalar_one() == FEW * times
    engine.dispose()


def test_a_claim(database_url: str, runs: list[UUID]) -> None:
    with looking_at_nothing_else(database_url) as connection:
        assert len(claiming.claim_runs(connection, runs, 0, WORKER, 30)) == FEW


def test_a_note_of_what_was_confirmed(database_url: str, engine: sa.Engine, runs: list[UUID]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET state = 'queued', lease_until = now()")
        rows = connection.execute(sa.select(Run.__table__).where(Run.__table__.c.id.in_(runs))).all()
    with looking_at_nothing_else(database_url, 2) as connection:
        confirming.note_confirmed(connection, rows)


def test_ends_and_renewals(database_url: str, engine: sa.Engine, runs: list[UUID]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET schedule_id = gen_random_uuid(), overlap = 'skip'")
        claims = claiming.claim_runs(connection, runs, 0, WORKER, 30)
    held = [{"id": each.id, "attempt": each.attempt, "started_at": None} for each in claims]
    with looking_at_nothing_else(database_url) as connection:
        assert len(leasing.renew_leases(connection, held, WORKER, 30)) == FEW
    ends = [
        FinishedAttempt(
            each.id, each.attempt, Outcome.SUCCEEDED, State.SUCCEEDED, started_at=None, finished_at=each.claimed_at
        )
        for each in claims
    ]
    with looking_at_nothing_else(database_url) as connection:
        assert len(finishing.finish_runs(connection, ends, WORKER)) == FEW


def test_what_was_planned_while_tables_were_empty_does_not_scan_them_later(database_url: str) -> None:
    database = Database(url=SecretStr(database_url))
    engine = make_engine(database, pool_size=1, application="test", plan_once=True)

    def use(connection: sa.Connection) -> None:
        publishing.take_publishable_runs(connection, MANY, MANY)
        claiming.claim_runs(connection, [new_run_id(read_clock(connection))], 0, WORKER, 30)
        count_live_runs(connection, [WORKER])

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
