"""Connections to PostgreSQL."""

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config import database
from config.sections import Database
from models.lifecycle.planning import take_due_schedules
from tests.models.rows import add_schedule
from tests.waiting import eventually


def test_a_process_that_is_frozen_while_it_plans_does_not_keep_the_schedules_from_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others pass over rows that are locked, so one frozen scheduler would end all scheduling."""
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.5)
    engine = database.make_engine(Database(url=SecretStr(database_url)), pool_size=2, application="test")
    with engine.begin() as connection:
        add_schedule(connection)

    def plannable() -> int:
        with engine.begin() as connection:
            return len(take_due_schedules(connection, 10))

    frozen = engine.connect()
    assert len(take_due_schedules(frozen, 10)) == 1
    assert plannable() == 0
    eventually(lambda: plannable() == 1, 10, "the schedule can be planned")
    with pytest.raises(sa.exc.DBAPIError):
        frozen.exec_driver_sql("SELECT 1")
    frozen.invalidate()
    engine.dispose()
