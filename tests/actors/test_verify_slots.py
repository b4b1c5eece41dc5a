"""The hourly look: what it finds is its result, kept, and a warning."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from actors.verify_slots import verify_slots
from models.definition import Definition
from models.verifying.results import VERIFY, read_result
from scheduling.commands import edit
from scheduling.commands.audit import CALLSHEET
from scheduling.plan import plan_due
from tests.models.rows import sqlalchemy_url


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """With an hour of a schedule that is due every minute."""
    engine = sa.create_engine(sqlalchemy_url(database_url))
    monkeypatch.setattr("actors.verify_slots.worker_engine", lambda: engine)
    definition = Definition(actor="work", every_seconds=60, catchup="all", overlap="allow")
    hour = {"by": timedelta(hours=1)}
    with engine.begin() as connection:
        edit.create(connection, "minutely", definition, CALLSHEET)
        connection.exec_driver_sql("UPDATE schedule_versions SET at = at - %(by)s", hour)
        moved = "created_at = created_at - %(by)s, cursor_at = cursor_at - %(by)s, next_due_at = now()"
        connection.exec_driver_sql(f"UPDATE schedules SET {moved}", hour)
    with engine.begin() as connection:
        plan_due(connection, 1)
    yield engine
    engine.dispose()


def look(engine: sa.Engine) -> tuple[dict[str, Any], list[Any]]:
    """Its result, which is kept, and what it logs."""
    with capture_logs() as logs:
        result = verify_slots.fn()
    with engine.begin() as connection:
        kept = read_result(connection, VERIFY)
    assert kept is not None
    assert kept.result == result
    return result, [each for each in logs if each["event"] == "verify"]


def test_where_nothing_is_wrong_it_says_nothing(engine: sa.Engine) -> None:
    result, logs = look(engine)
    assert result["schedules"] == 1
    assert result["slots"] == result["accounted"] >= 60
    assert (result["unaccounted"], result["first"], logs) == (0, [], [])


def test_what_is_wrong_is_a_warning(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.verify_slots.PART", 7)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY id LIMIT 20 OFFSET 5)")
    result, [line] = look(engine)
    assert result["unaccounted"] == result["slots"] - result["accounted"] == 20
    assert len(result["first"]) == 10
    assert result["first"][0].keys() == {"schedule", "slot_at", "problem"}
    assert (line["log_level"], line["unaccounted"]) == ("warning", 20)
