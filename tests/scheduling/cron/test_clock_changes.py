"""Planning through the clock changes of 2026, with outages: each fire of an expression is decided exactly once."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

import pytest

from models.words.states import Catchup, Overlap
from scheduling.cron import next_fire
from scheduling.cron.zones import load_zone
from scheduling.slots.decisions import Policy, Skip, decide
from scheduling.slots.spec import Spec

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)

CHANGING = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Pacific/Chatham",
    "Pacific/Norfolk",
)
STEADY = ("America/Asuncion", "Asia/Kathmandu", "UTC")
EXPRESSIONS = ("30 2 * * *", "0 0 * * *", "*/15 * * * *", "0 * * * *", "5,35 1-3 * * *")
POLICY = Policy(Overlap.ALLOW, Catchup.ALL)


@cache
def changes(zone: str) -> list[datetime]:
    """When clocks of the zone change in 2026. None changes twice within an hour."""
    info = load_zone(zone)
    found = []
    for hour in range(365 * 24):
        at = YEAR + hour * HOUR
        if info.utcoffset(at.astimezone(info)) != info.utcoffset((at + HOUR).astimezone(info)):
            found.append(at + HOUR)
    return found


def ticks(change: datetime, random: Random) -> Iterator[datetime]:
    """When a scheduler plans: every minute around the change, seldom before and after, and not while it is down."""
    now, end = change - 30 * HOUR, change + 30 * HOUR
    while now < end:
        is_near = abs(now - change) < 2.5 * HOUR
        now += MINUTE if is_near else timedelta(minutes=random.randint(1, 200))
        if random.random() < 0.01:
            now += random.choice((5 * MINUTE, HOUR, 3 * HOUR, 28 * HOUR))
        yield now + timedelta(seconds=random.choice((0, 0, 0.25, 31, 59.999)))


def fires(expr: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    found = [next_fire(expr, zone, after)]
    while found[-1] <= until:
        found.append(next_fire(expr, zone, found[-1]))
    return found[:-1]


def covered(skip: Skip, expected: list[datetime]) -> list[datetime]:
    """The slots that a range of skips stands for."""
    slots = [slot for slot in expected if skip.slot_at <= slot <= skip.slot_until]
    assert (slots[0], slots[-1], len(slots)) == (skip.slot_at, skip.slot_until, skip.count)
    return slots


@pytest.mark.parametrize("zone", CHANGING)
def test_these_clocks_change(zone: str) -> None:
    assert changes(zone)


@pytest.mark.parametrize("zone", CHANGING + STEADY)
@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_no_fire_is_lost_or_doubled_through_clock_changes_and_outages(zone: str, expr: str) -> None:
    spec = Spec(cron=(expr,), timezone=zone)
    for number, change in enumerate(changes(zone) or [YEAR + 90 * 24 * HOUR]):
        random = Random(f"{zone} {expr} {number}")
        start = cursor = change - 30 * HOUR
        expected = fires(expr, zone, start, change + 70 * HOUR)
        decided: Counter[datetime] = Counter()
        for now in ticks(change, random):
            decision = decide(spec, POLICY, cursor, now, active=0)
            decided.update(decision.runs)
            for skip in decision.skips:
                decided.update(covered(skip, expected))
            assert all(cursor < slot <= now for slot in decision.runs)
            cursor = max(cursor, now)
        assert decided == Counter(expected[: bisect_right(expected, cursor)])
