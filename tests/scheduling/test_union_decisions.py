"""Decisions over a long time and many expressions: their work is bounded, whatever people have written."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from models.words.states import Catchup
from scheduling import plan
from scheduling.cron import fires, next_fire
from scheduling.cron.union import count_union
from scheduling.plan import plan_due
from scheduling.slots.decisions import Policy, decide
from scheduling.slots.spec import Spec
from tests.models.rows import add_schedule

NOW = datetime(2026, 11, 30, 4, 5, 6, tzinfo=UTC)
TO_THE_SECOND = tuple(f"{n}-59/7 {n}-59/3 * * * *" for n in range(10)) + tuple(
    f"*/{n + 2} * 1-{n + 3} * {n % 7}" for n in range(10)
)
A_DAY = timedelta(days=1)


def test_a_day_of_twenty_expressions_is_counted_as_it_is_enumerated() -> None:
    for tz, after in (("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC)), ("UTC", NOW)):
        found = set()
        for expr in TO_THE_SECOND[:4] + TO_THE_SECOND[12:14]:
            fire = next_fire(expr, tz, after)
            while fire <= after + A_DAY / 4:
                found.add(fire)
                fire = next_fire(expr, tz, fire)
        exprs = TO_THE_SECOND[:4] + TO_THE_SECOND[12:14]
        assert count_union(exprs, tz, after, after + A_DAY / 4) == len(found)


@pytest.mark.parametrize("catchup", Catchup)
def test_a_year_is_decided_without_going_through_it(catchup: Catchup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fire that is looked for by itself is counted."""
    looked_for: list[object] = []
    original = fires._first_fire
    monkeypatch.setattr(fires, "_first_fire", lambda *args: looked_for.append(args) or original(*args))
    spec = Spec(cron=TO_THE_SECOND, timezone="America/New_York")
    policy = Policy(catchup=catchup, catchup_window=timedelta(days=400))
    decision = decide(spec, policy, NOW - timedelta(days=365), NOW, 0)
    slots = len(decision.runs) + sum(skip.count for skip in decision.skips)
    assert slots == count_union(TO_THE_SECOND, "America/New_York", NOW - timedelta(days=365), NOW) > 10_000_000
    assert len(looked_for) < 20_000


def test_what_would_be_the_work_of_a_century_is_set_aside(connection: sa.Connection) -> None:
    far = add_schedule(connection, "far", 40_000 * 86_400, cron=["* * * * *"])
    near = add_schedule(connection, "near", 120, cron=["* * * * *"])
    planned = plan_due(connection, 10)
    assert (planned.quarantined, planned.runs) == (1, 1)
    assert "hundred years" in error_of(connection, far)
    assert error_of(connection, near) is None


def test_a_round_that_has_decided_for_long_leaves_the_rest_to_the_next(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        add_schedule(connection, f"s{number}", 7200, cron=[f"{number} * * * *"])
    monkeypatch.setattr(plan, "DECIDING_SECONDS", -1.0)
    planned = plan_due(connection, 10)
    assert (planned.schedules, planned.full) == (1, True)


def error_of(connection: sa.Connection, schedule: UUID) -> str | None:
    row = connection.exec_driver_sql("SELECT error FROM schedules WHERE id = %(id)s", {"id": schedule}).one()
    error: str | None = row.error
    return error
