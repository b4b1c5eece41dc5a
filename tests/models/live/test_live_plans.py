"""What statements look at: what is shown is found by key, and of lists only by what runs."""

from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Database
from models.lifecycle.claiming import claim_runs
from models.lifecycle.new_runs import NewRun, insert_runs
from models.live.reading import get_output, read_live
from models.live.showing import Shown, hide_runs, show_runs
from models.runs import get_run, list_runs
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.parts import Part
from models.words.states import Trigger
from tests.models.rows import WORKER, announce

MANY, FEW = 3000, 8

SAID = {"done": 1, "total": None, "note": None, "eta_seconds": None}


@pytest.fixture
def held(engine: sa.Engine) -> list[UUID]:
    """Many runs of a worker, of which all show something."""
    with engine.begin() as connection:
        announce(connection)
        now = read_clock(connection)
        rows = [NewRun(new_run_id(now), Trigger.MANUAL, now, now, actor="work") for _ in range(MANY)]
        insert_runs(connection, rows)
        ids = [row.id for row in rows]
        assert len(claim_runs(connection, ids, 0, WORKER, 30)) == MANY
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE runs")
    with engine.begin() as connection:
        show_runs(connection, [shown(id_) for id_ in ids], WORKER)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE live_outputs, live_progress")
    return ids


def shown(id_: UUID) -> Shown:
    return Shown((id_, 1), [Part(0, b"text")], (0, 0), SAID, 0)


def rows_read(connection: sa.Connection, tables: str) -> int:
    read = (
        "SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE %(t)s"
    )
    return int(connection.exec_driver_sql(read, {"t": tables}).scalar_one())


STATEMENTS: dict[str, Callable[[sa.Connection, list[UUID]], object]] = {
    "show": lambda connection, ids: show_runs(connection, [shown(id_) for id_ in ids], WORKER),
    "hide": lambda connection, ids: hide_runs(connection, [(id_, 1) for id_ in ids]),
    "read": lambda connection, ids: read_live(connection, [(id_, 1) for id_ in ids]),
    "output": lambda connection, ids: [get_output(connection, id_) for id_ in ids],
    "get": lambda connection, ids: [get_run(connection, id_) for id_ in ids],
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_what_is_shown_is_found_by_its_key(
    database_url: str, held: list[UUID], statement: Callable[[sa.Connection, list[UUID]], object]
) -> None:
    engine = make_engine(Database(url=SecretStr(database_url)), pool_size=1, application="test", plan_once=True)
    with engine.begin() as connection:
        statement(connection, held[:FEW])
        assert rows_read(connection, "runs%") <= FEW
        assert rows_read(connection, "live%") <= 4 * FEW
    engine.dispose()


def test_a_list_looks_for_the_progress_of_what_runs_alone(engine: sa.Engine, held: list[UUID]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE runs SET state = 'failed' WHERE id <> ALL(%(ids)s)", {"ids": sorted(held)[-FEW:]}
        )
    with engine.begin() as connection:
        listed = list_runs(connection, 100, {}).runs
        assert sum(run.progress is not None for run in listed) == FEW
        assert rows_read(connection, "live%") == FEW
