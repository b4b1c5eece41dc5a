"""Fields of cron expressions in the dialects of others: what values they stand for, and how we write them. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from api.cli.importing.rules import LAST, OldRule

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_ITEM = re.compile(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?")


@dataclass(frozen=True)
class Range:
    """The values of a field: from, to, and names for some of them."""

    name: str
    lowest: int
    highest: int
    names: Sequence[str] = ()
    first_name: int = 0

    def number(self, text: str) -> int:
        """The value that a text stands for. ValueError."""
        lowered = text.lower()
        for number, name in enumerate(self.names):
            if lowered.startswith(name) and lowered.isalpha():
                return number + self.first_name
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"{self.name}: {text!r} is not understood")
        if not self.lowest <= int(text) <= self.highest:
            raise ValueError(f"{self.name}: {text} is not in {self.lowest} to {self.highest}")
        return int(text)


MINUTE, HOUR = Range("minute", 0, 59), Range("hour", 0, 23)
DATE, MONTH = Range("day", 1, 31), Range("month", 1, 12, MONTHS, 1)
WEEKDAY = Range("weekday", 0, 7, WEEKDAYS)
SECOND = Range("second", 0, 59)


def values(text: str, field: Range, wrapped: Callable[[str], None] | None = None) -> frozenset[int]:
    """All values of a field. `wrapped` is told of ranges that run backwards, else they are a ValueError."""
    found: set[int] = set()
    for item in text.split(","):
        shape = _ITEM.fullmatch(item.strip())
        if shape is None:
            raise ValueError(f"{field.name}: {item!r} is not understood")
        step = int(shape[3] or 1)
        if step < 1:
            raise ValueError(f"{field.name}: the step of {item!r} is not above 0")
        found.update(_range(shape, field, item, wrapped)[::step])
    return frozenset(found)


def _range(shape: re.Match[str], field: Range, item: str, wrapped: Callable[[str], None] | None) -> list[int]:
    if shape[1] in ("*", "?"):
        return list(range(field.lowest, field.highest + 1))
    first = field.number(shape[1])
    last = field.number(shape[2]) if shape[2] else field.highest if shape[3] else first
    if first <= last:
        return list(range(first, last + 1))
    if wrapped is None:
        raise ValueError(f"{field.name}: the range {item!r} runs backwards")
    wrapped(item)
    highest = 6 if field is WEEKDAY else field.highest
    return [*range(first, highest + 1), *range(field.lowest, last + 1)]


def from_sunday(weekdays: frozenset[int]) -> frozenset[int]:
    """Weekdays of which 7 is Sunday too."""
    return frozenset(day % 7 for day in weekdays)


def write_values(given: frozenset[int], lowest: int, highest: int) -> str:
    """A field that has these values: `*`, `*/n`, ranges and numbers."""
    ordered = sorted(given)
    if ordered == list(range(lowest, highest + 1)):
        return "*"
    steps = {later - one for one, later in pairwise(ordered)}
    if len(ordered) > 2 and len(steps) == 1 and (step := steps.pop()) > 1:
        if ordered == list(range(lowest, highest + 1, step)):
            return f"*/{step}"
        return f"{ordered[0]}-{ordered[-1]}/{step}"
    return ",".join(_runs(ordered))


def write_days(rule: OldRule) -> tuple[str, str] | None:
    """The day and weekday fields of our expressions for a rule; None where they can't say it.

    Here both must match where one begins with `*`, and otherwise either is enough.
    """
    dates = ",".join(filter(None, (_runs_of(rule.dates), "L" if rule.last_date else "")))
    weekdays = ",".join(filter(None, (_runs_of(rule.weekdays), *map(_numbered, sorted(rule.nth_weekdays)))))
    any_date, any_weekday = len(rule.dates) == 31, len(rule.weekdays) == 7
    if any_date and any_weekday:
        return "*", "*"
    if rule.either:
        return ("*", "*") if any_date or any_weekday else (dates, weekdays)
    if any_date or any_weekday:
        return "*" if any_date else dates, "*" if any_weekday else weekdays
    if (weeks := _in_whole_weeks(rule)) is not None:
        return weeks
    if 1 in rule.dates:  # "*/31" is the 1st, and says by its star that both must match
        return f"*/31,{dates}", weekdays
    if 0 in rule.weekdays:
        return dates, f"*/7,{weekdays}"
    return None


def _in_whole_weeks(rule: OldRule) -> tuple[str, str] | None:
    """The nth weekdays of a month, for dates that are whole weeks of it."""
    weeks = [number for number in range(1, 6) if set(range(number * 7 - 6, min(number * 7, 31) + 1)) <= rule.dates]
    covered = {day for number in weeks for day in range(number * 7 - 6, min(number * 7, 31) + 1)}
    if covered != rule.dates or rule.last_date or rule.nth_weekdays:
        return None
    return "*", ",".join(f"{day}#{number}" for day in sorted(rule.weekdays) for number in weeks)


def _numbered(nth: tuple[int, int]) -> str:
    weekday, number = nth
    return f"{weekday}L" if number == LAST else f"{weekday}#{number}"


def _runs_of(given: frozenset[int]) -> str:
    return ",".join(_runs(sorted(given)))


def _runs(ordered: Sequence[int]) -> list[str]:
    runs: list[list[int]] = []
    for value in ordered:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
