"""The grammar of cron expressions: text in, a checked rule out. Vixie cron's, with `L`, `W`, `#` and seconds first."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

LONGEST_EXPRESSION = 256
LAST = -1  # stands for "the last such weekday" where a weekday is numbered within its month

SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class Field(NamedTuple):
    """One field of an expression: its name, its lowest and highest value, the names of its values."""

    name: str
    lowest: int
    highest: int
    words: tuple[str, ...] = ()


SECOND = Field("second", 0, 59)
MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY_OF_MONTH = Field("day", 1, 31)
MONTH = Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
WEEKDAY = Field("weekday", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))

_ITEM = re.compile(r"(?:(?P<star>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\w+))?")
_NEAREST = re.compile(r"(\d+|L)W", re.IGNORECASE)
_NTH = re.compile(r"(\w+)#(\w+)")
_LAST_WEEKDAY = re.compile(r"(\w+)L", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DayRule:
    """Which days of a month match: by date, by weekday (0 is Sunday), with both or with either.

    `nearest` is the n of `nW`, LAST of `LW`; `nth_weekdays` holds pairs of a weekday and its number, 1 to 5 or LAST.
    """

    dates: tuple[int, ...]
    last_date: bool
    nearest: int | None
    weekdays: tuple[int, ...]
    nth_weekdays: tuple[tuple[int, int], ...]
    needs_both: bool

    @property
    def any_date(self) -> bool:
        """Whether the day field alone lets every day pass."""
        return len(self.dates) == 31

    @property
    def any_weekday(self) -> bool:
        """Whether the weekday field alone lets every day pass."""
        return len(self.weekdays) == 7


@dataclass(frozen=True, slots=True)
class CronRule:
    """A checked expression. An interval job is one whose second, minute or hour field begins with `*`."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    days: DayRule
    is_interval: bool


@lru_cache(maxsize=8192)
def parse(expr: str) -> CronRule:
    """The rule that an expression of five or six fields, or a shorthand such as `@daily`, stands for.

    ValueError names the field and the item at fault. Whether any day matches is not asked here.
    """
    second, minute, hour, day, month, weekday = split_fields(expr)
    return CronRule(
        seconds=_numbers(SECOND, second.split(",")),
        minutes=_numbers(MINUTE, minute.split(",")),
        hours=_numbers(HOUR, hour.split(",")),
        months=_numbers(MONTH, month.split(",")),
        days=_day_rule(day, weekday),
        is_interval=any(text.startswith("*") for text in (second, minute, hour)),
    )


def split_fields(expr: str) -> list[str]:
    """The six texts, seconds first, of an expression. ValueError for anything that has not five or six fields."""
    if len(expr) > LONGEST_EXPRESSION:
        raise ValueError(f"a cron expression has at most {LONGEST_EXPRESSION} characters, this one has {len(expr)}")
    wrong = next((char for char in expr if not (" " <= char <= "~" or char == "\t")), None)
    if wrong is not None:
        raise ValueError(f"a cron expression is plain ASCII with spaces or tabs; {wrong!r} does not belong in it")
    fields = _without_shorthand(expr.strip(" \t")).split()
    if len(fields) not in (5, 6):
        raise ValueError(
            "a cron expression has 5 fields (minute hour day month weekday), or 6 with seconds first; "
            f"{expr.strip()!r} has {len(fields)}"
        )
    return fields if len(fields) == 6 else ["0", *fields]


def _without_shorthand(expr: str) -> str:
    if not expr.startswith("@"):
        return expr
    if expr.lower() not in SHORTHANDS:
        raise ValueError(f"{expr!r} is no known shorthand; there are {', '.join(SHORTHANDS)}")
    return SHORTHANDS[expr.lower()]


def _day_rule(day: str, weekday: str) -> DayRule:
    needs_both = day[0] in "*?" or weekday[0] in "*?"
    nearest = _NEAREST.fullmatch(day)
    dates = ("*" if day == "?" else day).split(",")
    plain_dates = [item for item in dates if item.upper() != "L"]
    weekdays = ("*" if weekday == "?" else weekday).split(",")
    nth_weekdays = {item: _nth_weekday(item) for item in weekdays}
    plain_weekdays = [item for item in weekdays if nth_weekdays[item] is None]
    return DayRule(
        dates=() if nearest else _numbers(DAY_OF_MONTH, plain_dates),
        last_date=len(plain_dates) < len(dates),
        nearest=_nearest(day, nearest[1]) if nearest else None,
        weekdays=tuple(sorted({number % 7 for number in _numbers(WEEKDAY, plain_weekdays)})),
        nth_weekdays=tuple(sorted({nth for nth in nth_weekdays.values() if nth is not None})),
        needs_both=needs_both,
    )


def _nearest(item: str, day: str) -> int:
    return LAST if day.upper() == "L" else _number(DAY_OF_MONTH, item, day)


def _nth_weekday(item: str) -> tuple[int, int] | None:
    """`3#2` as (3, 2), `3L` as (3, LAST), None for what is neither."""
    if last := _LAST_WEEKDAY.fullmatch(item):
        return _number(WEEKDAY, item, last[1]) % 7, LAST
    if nth := _NTH.fullmatch(item):
        if not nth[2].isdigit() or not 1 <= int(nth[2]) <= 5:
            raise _fault(WEEKDAY, item, "the number after # is 1 to 5")
        return _number(WEEKDAY, item, nth[1]) % 7, int(nth[2])
    return None


def _numbers(field: Field, items: list[str]) -> tuple[int, ...]:
    return tuple(sorted({number for item in items for number in _item(field, item)}))


def _item(field: Field, item: str) -> range:
    shape = _ITEM.fullmatch(item)
    if shape is None:
        raise _fault(field, item, _shape_advice(field, item))
    first = field.lowest if shape["star"] else _number(field, item, shape["first"])
    step = 1
    last = field.highest if shape["star"] else first
    if shape["step"]:
        step = _step(field, item, shape["step"])
        last = field.highest
    if shape["last"]:
        last = _number(field, item, shape["last"])
    if first > last:
        raise _fault(field, item, f"the range runs backwards; write {_wrapped(field, first, last)}")
    return range(first, last + 1, step)


def _number(field: Field, item: str, text: str) -> int:
    if text.upper() in field.words:
        return field.words.index(text.upper()) + field.lowest
    if not text.isdigit():
        names = f" or a name such as {field.words[1]}" if field.words else ""
        raise _fault(field, item, _shape_advice(field, item) or f"{text!r} is not a number{names}")
    if not field.lowest <= int(text) <= field.highest:
        raise _fault(field, item, f"{int(text)} lies outside {field.lowest} to {field.highest}")
    return int(text)


def _step(field: Field, item: str, text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise _fault(field, item, "the step after / is a number from 1 up")
    return int(text)


def _shape_advice(field: Field, item: str) -> str:
    """What to write instead of an item that is not understood; empty when only its value may be wrong."""
    if not item:
        return "an item of the list is empty"
    if "?" in item:
        return "? stands alone, as the whole day or weekday field"
    if field is DAY_OF_MONTH and "W" in item.upper():
        return "nW, as in 15W or LW, stands alone in the day field"
    if field is DAY_OF_MONTH and "L" in item.upper():
        return "L, the last day, takes nothing before or after it"
    return "" if _ITEM.fullmatch(item) else "write *, n, a-b, or */s, n/s, a-b/s with a step"


def _wrapped(field: Field, first: int, last: int) -> str:
    highest = 6 if field is WEEKDAY else field.highest
    halves = ((first, highest), (field.lowest, last))
    return ",".join(f"{low}-{high}" if low < high else str(low) for low, high in halves)


def _fault(field: Field, item: str, reason: str) -> ValueError:
    return ValueError(f"{field.name} field: {item!r} is not valid: {reason}")
