"""Making a month: what came before it moves into it, and no live run is lost on the way."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from models.lifecycle.finishing import FinishedAttempt, finish_runs
from models.lifecycle.leasing import renew_leases
from models.lifecycle.pruning import make_partitions
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Outcome, State
from tests.models.releasing import wait_for_lock
from tests.models.rows import WORKER, add_run, claim, read_run

MAKE = "SELECT callsheet_make_partitions(6)"
TABLE = "SELECT tableoid::regclass::text FROM runs WHERE id = %(id)s"
MANY = """
INSERT INTO run_outputs (run_id, attempt, output_truncated)
SELECT %(id)s, number, false FROM generate_series(1, 10000) AS number
"""
LARGE = """
INSERT INTO run_outputs (run_id, attempt, output, output_truncated)
SELECT %(id)s, number, text, false FROM generate_series(1, 300) AS number,
    (SELECT string_agg(md5(n::text), '') AS text FROM generate_series(1, 2000) AS n) AS kib_62
"""


@pytest.fixture
def early(engine: sa.Engine) -> UUID:
    """A run that runs, and lives in the default partition as its month is not made yet."""
    with engine.begin() as connection:
        run = add_run(connection, id=new_run_id(read_clock(connection) + timedelta(days=150)))
        assert claim(connection, run)
        assert connection.exec_driver_sql(TABLE, {"id": run}).scalar_one() == "runs_default"
    return run


def finish(connection: sa.Connection, run: UUID) -> bool:
    end = FinishedAttempt(run, 1, Outcome.SUCCEEDED, State.SUCCEEDED, read_clock(connection))
    return [ended.id for ended in finish_runs(connection, [end], WORKER)] == [run]


def renew(connection: sa.Connection, run: UUID) -> bool:
    return renew_leases(connection, [{"id": run, "attempt": 1, "started_at": None}], WORKER, 30) == {(run, 1): False}


@pytest.mark.parametrize("write", [finish, renew])
def test_a_run_whose_month_is_made_meanwhile_is_renewed_and_ends(
    engine: sa.Engine, database_url: str, early: UUID, write: Callable[[sa.Connection, UUID], bool]
) -> None:
    found: list[Any] = []

    def run() -> None:
        with engine.begin() as connection:
            found.append(write(connection, early))

    with engine.connect() as maker, psycopg.connect(database_url, autocommit=True) as session:
        maker.exec_driver_sql(MAKE)
        worker = threading.Thread(target=run)
        worker.start()
        wait_for_lock(session, "\nUPDATE runs")
        maker.commit()
        worker.join(20)
    assert found == [True]
    with engine.begin() as connection:
        assert connection.exec_driver_sql(TABLE, {"id": early}).scalar_one().startswith("runs_2")
        assert read_run(connection, early).state == ("succeeded" if write is finish else "running")


@pytest.mark.parametrize("outputs", [MANY, LARGE])
def test_of_many_early_rows_none_is_moved(engine: sa.Engine, early: UUID, outputs: str) -> None:
    """Everybody would wait for as long as that takes."""
    said: list[str] = []
    with engine.begin() as connection:
        connection.exec_driver_sql(outputs, {"id": early})
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.add_notice_handler(lambda notice: said.append(notice.message_primary))
        connection.exec_driver_sql(MAKE)
        assert connection.exec_driver_sql(TABLE, {"id": early}).scalar_one() == "runs_default"
        assert finish(connection, early)
    [warning] = said
    assert "stay in the default partition" in warning


def test_who_makes_months_at_once_makes_them_one_after_the_other(engine: sa.Engine, early: UUID) -> None:
    errors: list[Exception] = []
    months = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'runs'::regclass"
    together = threading.Barrier(2)

    def make() -> None:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("SELECT 1")
                together.wait(20)
                connection.exec_driver_sql(MAKE)
        except sa.exc.DBAPIError as error:
            errors.append(error)

    makers = [threading.Thread(target=make) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(20)
    assert errors == []
    with engine.begin() as connection:
        made = connection.exec_driver_sql(months).scalar_one()
        make_partitions(connection)
        assert connection.exec_driver_sql(months).scalar_one() == made == 1 + 1 + 7
