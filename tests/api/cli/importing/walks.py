"""A slow second look at when schedules are due: minute by minute, by rules written down again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

NOW = datetime(2026, 11, 30, tzinfo=UTC)
END = NOW + timedelta(days=366)
MINUTE = timedelta(minutes=1)
NAMES = {
    3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
SHORT = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip

Fields = list[set[int]]
Day = Callable[[datetime, Fields, list[str]], bool]


def texts_of(expression: str) -> list[str]:
    return SHORT.get(expression, expression).lower().split()


def expand(number: int, text: str) -> set[int]:
    """The values of a field; ranges that run backwards go round."""
    low, high = LIMITS[number]
    found = set()
    for item in text.split(","):
        body, _, step = item.partition("#")[0].partition("/")
        first, _, last = body.partition("-")
        if first in "*?":
            begin, end = low, high
        else:
            begin = value(number, first)
            end = value(number, last) if last else high if step else begin
        at, taken = begin, 0
        while True:
            if taken % int(step or 1) == 0:
                found.add(at % 7 if number == 4 else at)
            if at == end:
                break
            taken += 1
            at = low if at >= (7 if number == 4 and end == 7 else high) else at + 1
    return found


def value(number: int, text: str) -> int:
    for index, name in enumerate(NAMES.get(number, ())):
        if text.startswith(name):
            return index + (number == 3)
    return int(text)


def by_vixie(at: datetime, fields: Fields, texts: list[str]) -> bool:
    day, weekday = at.day in fields[2], at.isoweekday() % 7 in fields[4]
    if "#" in texts[4]:
        weekday = f"{at.isoweekday() % 7}#{(at.day + 6) // 7}" in texts[4].split(",")
    return (day and weekday) if texts[2][0] in "*?" or texts[4][0] in "*?" else (day or weekday)


def by_both(at: datetime, fields: Fields, _texts: list[str]) -> bool:
    return at.day in fields[2] and at.isoweekday() % 7 in fields[4]


def by_kubernetes(at: datetime, fields: Fields, texts: list[str]) -> bool:
    any_day, any_weekday = texts[2] in ("*", "?"), texts[4] in ("*", "?")
    day, weekday = at.day in fields[2], at.isoweekday() % 7 in fields[4]
    return (day and weekday) if any_day or any_weekday else (day or weekday)


class Minute(NamedTuple):
    """A minute of the year: what the clock there shows then, and what it had shown last, the latest time of all."""

    minute: int
    hour: int
    local: datetime
    at: datetime
    seen: datetime
    is_odd: bool


@lru_cache(maxsize=4)
def minutes(zone: str) -> list[Minute]:
    found, at, clock = [], NOW, ZoneInfo(zone)
    seen = NOW.astimezone(clock).replace(tzinfo=None)
    while at < END:
        at += MINUTE
        local = at.astimezone(clock).replace(tzinfo=None)
        found.append(Minute(local.minute, local.hour, local, at, seen, local - seen != MINUTE))
        seen = max(seen, local)
    return found


def walk_instants(expression: str, zone: str, day: Day) -> set[datetime]:
    """Every instant whose local time matches."""
    texts = texts_of(expression)
    fields = [expand(number, text) for number, text in enumerate(texts)]
    return {
        at
        for minute, hour, local, at, _, _ in minutes(zone)
        if minute in fields[0] and hour in fields[1] and local.month in fields[3] and day(local, fields, texts)
    }


@lru_cache(maxsize=100)
def walk_like_debian(expression: str, zone: str) -> set[datetime]:
    """As cron(8) of Debian: jobs with a * in minute or hour follow the clock. Others run once: what a jump forward of
    less than three hours leaves out just after it, and nothing again of what the clock has shown before."""
    texts = texts_of(expression)
    if texts[0][0] == "*" or texts[1][0] == "*":
        return walk_instants(expression, zone, by_vixie)
    fields = [expand(number, text) for number, text in enumerate(texts)]

    def matches(local: datetime) -> bool:
        is_time = local.minute in fields[0] and local.hour in fields[1] and local.month in fields[3]
        return is_time and by_vixie(local, fields, texts)

    def fires(now: Minute) -> bool:
        if now.local <= now.seen:
            return False
        skipped = between(now.seen, now.local) if now.local - now.seen < timedelta(hours=3) else ()
        return matches(now.local) or any(map(matches, skipped))

    usual, hours = fields[0], fields[1]
    return {
        now.at for now in minutes(zone) if (now.is_odd or (now.minute in usual and now.hour in hours)) and fires(now)
    }


def between(seen: datetime, local: datetime) -> Iterator[datetime]:
    seen += MINUTE
    while seen < local:
        yield seen
        seen += MINUTE


def walk_clock_faces(expression: str, zone: str, day: Day, *, twice: bool = False) -> set[datetime]:
    """Every local time that matches, the first time it comes, and the second if it is `twice`; a time that does not
    come is moved by the length of the gap."""
    texts = texts_of(expression)
    fields = [expand(number, text) for number, text in enumerate(texts)]
    clock, fires = ZoneInfo(zone), set()
    first = NOW.replace(tzinfo=None) - timedelta(days=1)
    for local in (first + timedelta(days=number) for number in range(369)):
        if local.month in fields[3] and day(local, fields, texts):
            for time in range(24 * 60):
                if time % 60 in fields[0] and time // 60 in fields[1]:
                    fires |= set(faces(local + time * MINUTE, clock, twice=twice))
    return {fire for fire in fires if NOW < fire <= END}


def faces(local: datetime, clock: ZoneInfo, *, twice: bool) -> Iterator[datetime]:
    yield local.replace(tzinfo=clock).astimezone(UTC)
    second = local.replace(tzinfo=clock, fold=1).astimezone(UTC)
    if twice and second.astimezone(clock).replace(tzinfo=None) == local:
        yield second
