"""Which definition was in force when."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from models.verifying.lives import Life, Version
from scheduling.slots.spans import BEGINNING, END, NOTHING, SETTLED, Span, spans_of
from scheduling.slots.spec import Spec

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = NOON + 9 * HOUR


def life(version: int = 1, **given: Any) -> Life:
    """Created at noon, decided up to now, every minute by its newest definition."""
    standing: dict[str, Any] = {"updated_at": NOON, "decided_at": NOW, "is_gone": False, "cron": ["* * * * *"]}
    return Life(UUID(int=7), "a", version, **{"created_at": NOON, **standing, **given})


def version(number: int, hours: float, action: str = "schedule.update", **definition: Any) -> Version:
    return Version(number, NOON + hours * HOUR, action, {"actor": "work", **definition})


def brief(spans: list[Span]) -> list[tuple[float | None, str]]:
    """Up to which hour, and what holds there."""
    for before, after in pairwise(spans):
        assert before.until == after.after
    return [(None if each.until == END else (each.until - NOON) / HOUR, say(each.spec)) for each in spans]


def say(spec: Spec | None) -> str:
    return "unknown" if spec is None else "nothing" if spec == NOTHING else str(spec.cron or spec.every_seconds)


MINUTELY = "('* * * * *',)"
CREATED = version(1, 0, "schedule.create", every_seconds=60)


def test_it_has_nothing_before_it_was_created_and_after_what_is_decided() -> None:
    found = spans_of(life(), [version(1, 0, "schedule.create", cron=["* * * * *"])], NOON - HOUR)
    assert brief(found) == [(0, "nothing"), (9, MINUTELY), (None, "nothing")]
    assert found[0].after == BEGINNING


def test_a_version_holds_from_its_instant_on() -> None:
    found = spans_of(life(3), [version(3, 4), version(2, 2, every_seconds=7), CREATED], NOON - HOUR)
    assert brief(found) == [(0, "nothing"), (2, "60.0"), (4, "7.0"), (9, MINUTELY), (None, "nothing")]


def test_what_came_before_a_hole_is_not_known() -> None:
    found = spans_of(life(4), [version(4, 4), version(3, 3, every_seconds=7), CREATED], NOON - HOUR)
    assert brief(found) == [(3, "unknown"), (4, "7.0"), (9, MINUTELY), (None, "nothing")]


def test_without_its_version_a_definition_is_known_since_the_last_touch_and_some_time() -> None:
    touched = NOON + 3 * HOUR
    found = spans_of(life(2, updated_at=touched), [CREATED], NOON - HOUR)
    assert [each.until for each in found[:1]] == [touched + SETTLED]
    assert [say(each.spec) for each in found] == ["unknown", MINUTELY, "nothing"]
    assert [say(each.spec) for each in spans_of(life(2, updated_at=NOW), [], NOON)] == ["unknown", "nothing"]


def test_versions_of_another_that_had_its_name_before_are_none_of_its() -> None:
    earlier = version(1, -5, "schedule.create", every_seconds=60)
    found = spans_of(life(2), [version(2, 1), earlier], NOON - 9 * HOUR)
    assert brief(found) == [(1, "unknown"), (9, MINUTELY), (None, "nothing")]


def test_of_one_that_is_gone_the_versions_tell_all() -> None:
    gone = life(2, is_gone=True, updated_at=None, cron=None)
    found = spans_of(gone, [version(2, 2, every_seconds=7), CREATED], NOON - HOUR)
    assert brief(found) == [(0, "nothing"), (2, "60.0"), (9, "7.0"), (None, "nothing")]
    assert brief(spans_of(gone, [], NOON - HOUR)) == [(9, "unknown"), (None, "nothing")]


def test_a_definition_that_can_not_be_read_or_planned_is_not_known() -> None:
    odd = version(1, 0, "schedule.create", every_seconds="often")
    found = spans_of(life(2, cron=["61 * * * *"]), [version(2, 2), odd], NOON - HOUR)
    assert brief(found) == [(0, "nothing"), (2, "unknown"), (9, "unknown"), (None, "nothing")]
