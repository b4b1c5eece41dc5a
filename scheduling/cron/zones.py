"""Time zones from the pinned `tzdata` package, cut into segments of constant UTC offset.

Instants are Unix seconds; local times are written alike, as the seconds that a clock in UTC would show.
"""

import importlib.resources
from bisect import bisect_right
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_SECOND = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
LAST_SECOND = (datetime(MAXYEAR, 12, 31, 23, 59, 59, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)

# No zone has ever changed its offset twice within six days, so a probe a day misses nothing.
_PROBE_SECONDS = DAY
# Offsets lie within 16 hours of UTC, so a local time that is two days old lies below every later one.
_LOOK_BACK_SECONDS = 2 * DAY
_LONGEST_KEY = 64


class Segment(NamedTuple):
    """A stretch of time, `starts` to before `ends`, in which a zone keeps one UTC offset. All in seconds.

    `change` is by how much the offset grew at `starts`; `seen` is the local time up to which every
    earlier clock reading lies below: above `starts + offset` after a backward change, below it after a gap.
    """

    starts: int
    ends: int
    offset: int
    change: int
    seen: int


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of all zones that `load_zone` knows."""
    return frozenset((importlib.resources.files("tzdata") / "zones").read_text("utf-8").split())


@lru_cache(maxsize=1024)
def load_zone(tz: str) -> ZoneInfo:
    """The zone of that name, as the `tzdata` package has it. ValueError for an unknown name."""
    if tz not in zone_names():
        raise ValueError(f"unknown time zone {tz[:_LONGEST_KEY]!r}{_suggestion(tz)}")
    file = importlib.resources.files("tzdata").joinpath("zoneinfo", *tz.split("/"))
    with file.open("rb") as data:
        return ZoneInfo.from_file(data, key=tz)


def segment_at(tz: str, at: int) -> Segment:
    """The segment that holds the instant `at`. ValueError for an unknown zone, or outside the years 1 to 9999.

    Segments also end with each year, which changes nothing in the offset.
    """
    if not FIRST_SECOND <= at <= LAST_SECOND:
        raise ValueError("the instant lies outside the years 1 to 9999")
    found = _year_segments(tz, (EPOCH + timedelta(seconds=at)).year)
    return found[bisect_right(found, at, key=lambda segment: segment.starts) - 1]


def segments(tz: str, starts: int, ends: int) -> Iterator[Segment]:
    """The segments that overlap `starts` to before `ends`, in order, whole. ValueError for an unknown zone."""
    at, ends = max(starts, FIRST_SECOND), min(ends, LAST_SECOND + 1)
    while at < ends:
        segment = segment_at(tz, at)
        yield segment
        at = segment.ends


def _suggestion(tz: str) -> str:
    if len(tz) > _LONGEST_KEY:
        return ""
    folded = {name.casefold(): name for name in sorted(zone_names())}
    near = get_close_matches(tz.casefold(), folded, n=1, cutoff=0.75)
    return f"; did you mean {folded[near[0]]!r}?" if near else "; write a name such as 'Europe/Berlin' or 'UTC'"


@lru_cache(maxsize=8192)
def _year_segments(tz: str, year: int) -> tuple[Segment, ...]:
    zone = load_zone(tz)
    opens = _year_starts(year)
    starts = opens - _LOOK_BACK_SECONDS
    offset, change = _offset_at(zone, starts), 0
    seen = starts + offset
    found = []
    for ends, next_offset in _changes(zone, starts, _year_starts(year + 1)):
        if ends > opens:
            cut = starts < opens
            starts = max(starts, opens)
            mark = max(seen, starts + offset) if cut else seen
            found.append(Segment(starts, ends, offset, 0 if cut else change, mark))
        seen = max(seen, ends + offset)
        starts, offset, change = ends, next_offset, next_offset - offset
    return tuple(found)


def _changes(zone: ZoneInfo, starts: int, ends: int) -> Iterator[tuple[int, int]]:
    """Each instant from which on another offset holds, with that offset; last `ends` itself."""
    offset = _offset_at(zone, starts)
    for probe in range(starts, ends, _PROBE_SECONDS):
        before, after = probe - 1, min(probe + _PROBE_SECONDS, ends) - 1
        if _offset_at(zone, after) == offset:
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if _offset_at(zone, middle) == offset else (before, middle)
        offset = _offset_at(zone, after)
        yield after, offset
    yield ends, _offset_at(zone, ends)


def _offset_at(zone: ZoneInfo, at: int) -> int:
    # Local clocks run past the year 9999, or start before the year 1, where datetime has no words for it.
    at = min(max(at, FIRST_SECOND + DAY), LAST_SECOND - DAY)
    offset = (EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def _year_starts(year: int) -> int:
    return LAST_SECOND + 1 if year > MAXYEAR else (date(year, 1, 1) - EPOCH.date()).days * DAY
