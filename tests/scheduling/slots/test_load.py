"""The load of each minute agrees with enumerating the slots, whatever the zone's clocks do."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.schedules import StoredSchedule
from scheduling.slots.due import spec_of
from scheduling.slots.load import A_DAY, A_WEEK, Quiet, load_of, quietest
from scheduling.slots.spec import TICK, each_slot, instant_at
from tests.scheduling.slots.standing import NOON, schedule

MINUTE = timedelta(minutes=1)
EXPRESSIONS = (
    "*/15 * * * *", "30 2 * * *", "0 0-23 * * *", "0,30 1-3 * * *", "0 2 * * 1-5", "0 0 1,15 * 3", "15 */2 * * SUN",
    "0 3 L * *", "*/20 2 * 3,10 *", "0 0 * * *", "* * * * *", "*/7 30 2 * * *", "0,30 30 2,3 * * *", "45 59 23 * * *",
)  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata")
CHANGES = [
    datetime(2026, month, day, 1, tzinfo=UTC)
    for month, day in ((3, 8), (3, 29), (4, 5), (4, 24), (10, 25), (11, 1), (12, 31))
]

SPECS = st.one_of(
    st.fixed_dictionaries({"cron": st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"every_seconds": st.sampled_from((0.75, 7, 59.5, 60, 61, 90, 3600, 7000, 100_000))}),
    st.fixed_dictionaries({"at": st.integers(-3600, 200_000)}),
)
SECONDS = st.none() | st.integers(-40_000, 200_000)


def enumerated(schedules: list[StoredSchedule], since: datetime, minutes: int) -> list[int]:
    """Slot by slot."""
    found: Counter[int] = Counter()
    end = since + minutes * MINUTE
    for each in schedules:
        begun = max(each.cursor_at, each.paused_until or each.cursor_at)
        slots = each_slot(spec_of(each), begun, end - TICK)
        left = None if each.max_runs is None else max(0, each.max_runs - each.slots_run)
        found.update((instant_at(slot) - since) // MINUTE for slot in islice(slots, left))
    return [found[minute] for minute in range(minutes)]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_load_is_as_it_is_enumerated(data: st.DataObject) -> None:
    since = data.draw(st.sampled_from(CHANGES)) - data.draw(st.integers(0, 2000)) * MINUTE
    minutes = data.draw(st.integers(1, 900))
    schedules = []
    for fields in data.draw(st.lists(SPECS, min_size=1, max_size=4)):
        instants = {name: data.draw(SECONDS) for name in ("starts_at", "ends_at", "paused_until")}
        instants |= {name: fields.pop(name) for name in ("at",) if name in fields}
        given_at = {name: since + timedelta(seconds=at, microseconds=at % 7) for name, at in instants.items() if at}
        stands = {
            "cursor_at": since + timedelta(seconds=data.draw(st.integers(-2000, 4000))),
            "paused_at": since if "paused_until" in given_at else None,
            "max_runs": data.draw(st.none() | st.integers(1, 2000)),
            "slots_run": data.draw(st.integers(0, 3)),
            "timezone": data.draw(st.sampled_from(ZONES)),
        }
        schedules.append(schedule(since, **stands, **fields, **given_at))
    assert list(load_of(schedules, since, minutes).starts) == enumerated(schedules, since, minutes)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("since", CHANGES[1:5:3])
def test_hours_and_minutes_are_those_of_a_clock_in_the_zone(zone: str, since: datetime) -> None:
    since = since.replace(hour=0) - timedelta(days=3)
    schedules = [schedule(since, cron=["*/20 * * * *", "5 9 * * 1-5"]), schedule(since, every_seconds=4321)]
    load = load_of(schedules, since)
    cells: Counter[tuple[int, int]] = Counter()
    days: Counter[tuple[Any, int]] = Counter()
    minutes: Counter[int] = Counter()
    for number, starts in enumerate(load.starts):
        local = (since + number * MINUTE).astimezone(ZoneInfo(zone))
        cells[local.weekday(), local.hour] += starts
        days[local.date(), local.hour * 60 + local.minute] += starts
        minutes[local.minute] += starts
    assert load.by_hour(zone) == tuple(tuple(cells[day, hour] for hour in range(24)) for day in range(7))
    most = [max(starts for (_, at), starts in days.items() if at == minute) for minute in range(0, A_DAY, 5)]
    assert list(load.by_minute(zone)[::5]) == most
    assert load.by_minute_of_hour(zone) == tuple(minutes[minute] for minute in range(60))


@pytest.mark.parametrize(
    "stands",
    [
        {"paused_at": NOON},
        {"error": "it is broken"},
        {"max_runs": 3, "slots_run": 3},
        {"cron": ["61 * * * *"]},
        {"cron": ["* * * * *"], "timezone": "Mars/Olympus"},
        {"cron": None},
        {"ends_at": NOON - timedelta(days=1)},
    ],
)
def test_what_never_starts_is_no_load(stands: dict[str, Any]) -> None:
    assert not any(load_of([schedule(**{"cron": ["* * * * *"]} | stands)], NOON).starts)


def test_what_starts_each_second_is_counted_at_once() -> None:
    load = load_of([schedule(every_seconds=1, cursor_at=NOON - MINUTE) for _ in range(5000)], NOON)
    assert set(load.starts) == {60 * 5000}
    assert len(load.starts) == A_WEEK
    assert load_of([schedule(cron=["* * * * * *"])], NOON).by_hour("UTC")[6][23] == 3600


@pytest.mark.parametrize(
    ("starts", "near", "quiet"),
    [
        ([0, 0, 0, 0], None, Quiet(2, 0)),
        ([5, 0, 3, 1], None, Quiet(1, 0)),
        ([9, 0, 0, 0, 9, 0], None, Quiet(2, 0)),
        ([0, 0, 9, 9, 9, 0], None, Quiet(0, 0)),
        ([7, 7, 4, 7], None, Quiet(2, 4)),
        ([9, 9, 9, 0, 9, 9], 1, Quiet(3, 0)),
        ([9, 0, 0, 0, 9, 1], 4, Quiet(3, 0)),
        ([9, 8, 9, 9, 9, 7], 0, Quiet(5, 7)),
    ],
)
def test_a_quiet_minute_is_found(starts: list[int], near: int | None, quiet: Quiet) -> None:
    assert quietest(starts, near, within=2) == quiet
