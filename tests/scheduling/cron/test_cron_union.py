"""Counting a union agrees with enumerating it, through all changes of the clock."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.cron import next_fire
from scheduling.cron.union import count_union

EXPRESSIONS = (
    "*/15 * * * *",
    "30 2 * * *",
    "0 0-23 * * *",
    "0,30 1-3 * * *",
    "0 2 * * 1-5",
    "0 0 1,15 * 3",
    "15 */2 * * SUN",
    "0 3 L * *",
    "*/20 2 * 3,10 *",
    "0 0 * * *",
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Antarctica/Troll")
CHANGES = [
    datetime(2026, month, day, 1, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 5), (4, 24), (10, 25), (11, 1))
]


def enumerate_union(exprs: list[str], tz: str, after: datetime, until: datetime) -> set[datetime]:
    found = set()
    for expr in exprs:
        fire = next_fire(expr, tz, after)
        while fire <= until:
            found.add(fire)
            fire = next_fire(expr, tz, fire)
    return found


@settings(max_examples=250, deadline=None)
@given(
    exprs=st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=4),
    tz=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    before=st.integers(0, 3 * 86400),
    length=st.integers(0, 5 * 86400),
)
def test_a_union_is_counted_as_it_is_enumerated(
    exprs: list[str], tz: str, change: datetime, before: int, length: int
) -> None:
    after = change - timedelta(seconds=before)
    until = after + timedelta(seconds=length)
    assert count_union(exprs, tz, after, until) == len(enumerate_union(exprs, tz, after, until))


def test_a_year_boundary_counts_once() -> None:
    after, until = datetime(2025, 12, 31, 23, 30, tzinfo=UTC), datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert count_union(["0 * * * *", "0 0 1 1 *", "*/30 * * * *"], "UTC", after, until) == 2
