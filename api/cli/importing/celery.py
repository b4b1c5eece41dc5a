"""Celery's schedules, as django-celery-beat and `beat_schedule` have them. Pure."""

import re
from typing import Any

from api.cli.importing import fields
from api.cli.importing.found import write_expression
from api.cli.importing.rules import Clock, OldRule
from scheduling.cron import check

UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1, "microseconds": 1e-6}
ABOUT = (
    "a task is an actor of the same name: declare it with actor_name, or change the names",
    "beat sends a task beside one that still runs (overlap = allow)",
    "beat sends what became due while it was down once (catchup = latest)",
    "the time limit is the actor's, else 600 seconds: Celery has none by itself",
)

_CRONTAB = re.compile(r"<crontab: (\S+) (\S+) (\S+) (\S+) (\S+) \(m/h/(?:dM/MY/d|d/dM/MY)\)>")
_WEEKDAY_LAST = "(m/h/dM/MY/d)"
_FREQUENCY = re.compile(r"<freq: ([\d.]+) (second|minute|hour|day)s?>")


def crontab(given: dict[str, Any], timezone: str, remarks: list[str]) -> tuple[dict[str, Any], OldRule]:
    """The timing of a crontab: each field by Celery's name. ValueError for one that can't be said."""
    texts = {name: _text(given.get(name, "*")) for name in _NAMES}

    def wrapped(item: str) -> None:
        remarks.append(f"the range {item} runs backwards: Celery goes round, and so does what is written here")

    def field(name: str, kind: fields.Range) -> frozenset[int]:
        if re.search(r"(?:^|,)\w+/", texts[name]):
            raise ValueError(f"{name}: Celery has steps of * and of ranges alone")
        return fields.values(texts[name], kind, wrapped)

    rule = OldRule(
        minutes=field("minute", fields.MINUTE),
        hours=field("hour", fields.HOUR),
        dates=field("day_of_month", fields.DATE),
        months=field("month_of_year", fields.MONTH),
        weekdays=field("day_of_week", fields.Range("weekday", 0, 6, fields.WEEKDAYS)),
        either=False,
        clock=Clock.MOVED_ONCE,
        timezone=timezone,
    )
    if len(rule.dates) < 31 and len(rule.weekdays) < 7:
        remarks.append(
            "Celery runs it where the date and the weekday match; an expression in cron's way, where one does"
        )
    written = _as_it_stands(texts, rule) or write_expression(rule)
    check(written, timezone)
    return {"cron": written, "timezone": timezone}, rule


def interval(seconds: float, remarks: list[str]) -> dict[str, Any]:
    """The timing of an interval. ValueError for one that is too short."""
    if seconds < 1:
        raise ValueError(f"every {seconds:g} seconds is more often than once a second")
    remarks.append(
        "Celery counts an interval from the last time it sent the task; here the slots are counted from 1970"
    )
    return {"every_seconds": float(seconds)}


def read_repr(text: str) -> dict[str, Any] | float | None:
    """What the text of one of Celery's schedules says: a crontab's fields, or seconds; None for anything else."""
    if frequency := _FREQUENCY.fullmatch(text):
        return float(frequency[1]) * UNITS[f"{frequency[2]}s"]
    if shape := _CRONTAB.fullmatch(text):
        if text.endswith(f"{_WEEKDAY_LAST}>"):
            names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
        else:
            names = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
        return dict(zip(names, shape.groups(), strict=True))
    return None


_NAMES = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return re.sub(r"\s+", "", str(value)).lower()


def _as_it_stands(texts: dict[str, str], rule: OldRule) -> str | None:
    """The expression as it is written there, where it says the same here: that both date and weekday must match."""
    written = " ".join(texts[name] for name in _NAMES)
    is_any = len(rule.dates) == 31 and len(rule.weekdays) == 7
    try:
        check(written, rule.timezone)
    except ValueError:
        return None
    return written if is_any or "*" in (texts["day_of_month"][0], texts["day_of_week"][0]) else None
