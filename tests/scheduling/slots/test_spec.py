"""The slots of a spec: intervals open at the start, closed at the end."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.slots.spec import (
    Spec,
    count_slots,
    each_slot,
    instant_at,
    jitter,
    last_slots,
    next_slot,
    upcoming_slots,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

SPECS = {
    "cron": Spec(cron=("*/7 * * * *",), timezone="Europe/Berlin"),
    "union": Spec(cron=("*/10 * * * *", "*/15 * * * *")),
    "interval": Spec(every_seconds=90),
    "anchored interval": Spec(every_seconds=90, starts_at=NOON + timedelta(seconds=17)),
    "once": Spec(at=NOON + timedelta(hours=1)),
    "bounded": Spec(cron=("* * * * *",), starts_at=NOON + 30 * MINUTE, ends_at=NOON + 50 * MINUTE),
}


@pytest.mark.parametrize("name", SPECS)
def test_counting_and_looking_back_agree_with_enumerating(name: str) -> None:
    spec = SPECS[name]
    until = NOON + timedelta(hours=3)
    slots = []
    for slot in upcoming_slots(spec, NOON):
        if slot > until:
            break
        slots.append(slot)
    assert slots == sorted(set(slots))
    assert [instant_at(slot) for slot in each_slot(spec, NOON, until)] == slots
    assert count_slots(spec, NOON, until) == len(slots)
    assert last_slots(spec, NOON, until, 4) == slots[-4:]
    assert last_slots(spec, NOON, until, 10_000) == slots


def test_an_interval_is_anchored_at_the_epoch_so_that_restarts_do_not_move_it() -> None:
    spec = Spec(every_seconds=3600)
    assert next_slot(spec, NOON + timedelta(minutes=20)) == NOON + timedelta(hours=1)
    assert next_slot(spec, NOON) == NOON + timedelta(hours=1)


def test_an_interval_with_a_start_has_its_first_slot_there() -> None:
    spec = Spec(every_seconds=3600, starts_at=NOON + MINUTE)
    assert list(islice(upcoming_slots(spec, NOON - timedelta(days=1)), 2)) == [
        NOON + MINUTE,
        NOON + MINUTE + timedelta(hours=1),
    ]


def test_the_bounds_are_inclusive() -> None:
    spec = SPECS["bounded"]
    slots = last_slots(spec, NOON, NOON + timedelta(hours=3), 1000)
    assert (slots[0], slots[-1]) == (spec.starts_at, spec.ends_at)


def test_once_is_one_slot() -> None:
    spec = SPECS["once"]
    assert spec.at is not None
    assert list(upcoming_slots(spec, NOON)) == [spec.at]
    assert next_slot(spec, spec.at) is None
    assert count_slots(spec, NOON, spec.at) == 1


def test_an_instant_in_both_expressions_of_a_union_is_one_slot() -> None:
    assert count_slots(SPECS["union"], NOON, NOON + timedelta(minutes=30)) == 4


def test_no_spec_has_no_slots() -> None:
    assert next_slot(Spec(), NOON) is None
    assert count_slots(Spec(), NOON, NOON + timedelta(days=9)) == 0
    assert last_slots(Spec(), NOON, NOON + timedelta(days=9), 5) == []
    assert list(each_slot(Spec(), NOON, NOON + timedelta(days=9))) == []


@given(st.uuids(), st.integers(0, 10**6), st.floats(0.001, 86400))
def test_jitter_stays_below_its_bound_and_never_changes(schedule: UUID, minutes: int, bound: float) -> None:
    slot = NOON + minutes * MINUTE
    delay = jitter(schedule, slot, bound)
    assert timedelta(0) <= delay <= timedelta(seconds=bound)
    assert delay == jitter(schedule, slot, bound)


def test_without_jitter_a_slot_is_due_when_it_is() -> None:
    assert jitter(UUID(int=7), NOON, 0) == timedelta(0)
