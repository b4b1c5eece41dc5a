"""Jobs of APScheduler 3, as lists in JSON: triggers by name with their fields, or as their text says. Pure."""

import re
from datetime import datetime, timedelta
from typing import Any

from api.cli.importing import fields
from api.cli.importing.found import Found, Imported, positional, without_empty, write_expression
from api.cli.importing.rules import LAST, Clock, OldRule
from models.words.bounds import TEN_YEARS
from models.words.instants import write_instant
from scheduling.cron import check
from scheduling.cron.zones import load_zone

_ORDER = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
_LEAST = {"month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0"}
_UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NTH = re.compile(r"(1st|2nd|3rd|4th|5th|last) +(\w+)", re.IGNORECASE)
_TEXT = re.compile(r"(cron|interval|date)\[(.*)\]", re.DOTALL)
_SPAN = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)(?:\.\d+)?")
_GRACE_SECONDS = 1

_ABOUT = (
    "a job's function is an actor of the same name: declare it with actor_name, or change the names",
    "the time limit is the actor's, else 600 seconds: APScheduler has none",
)


def read_jobs(document: Any, timezone: str | None = None) -> Found:
    """The jobs of a list. `timezone` is the scheduler's."""
    found = Found(remarks=list(_ABOUT))
    if timezone is None:
        found.remarks.append("the scheduler's time zone was not given: UTC is taken where a trigger names none")
    jobs = document.get("jobs", []) if isinstance(document, dict) else document
    for number, job in enumerate(jobs, 1):
        place = f"job {job.get('id', number) if isinstance(job, dict) else number}"
        try:
            found.schedules.append(_read(found, job, place, timezone or "UTC"))
        except KeyError as error:
            found.refused.append((place, f"{error} is missing, or not understood"))
        except (ValueError, TypeError, AttributeError) as error:
            found.refused.append((place, str(error)))
    return found


def _read(found: Found, job: dict[str, Any], place: str, timezone: str) -> Imported:
    remarks: list[str] = []
    kind, given = _trigger(job)
    zone = given.get("timezone") or timezone
    load_zone(zone)
    rule: OldRule | None = None
    match kind:
        case "cron":
            timing, rule = _cron(given, zone, remarks)
        case "interval":
            timing = _interval(given, zone, remarks)
        case "date":
            timing = {"at": _instant(given["run_date"], zone)}
        case _:
            raise ValueError(f"the trigger {kind} is not understood")
    if kind != "date":
        timing |= {
            "starts_at": _instant(given.get("start_date"), zone),
            "ends_at": _instant(given.get("end_date"), zone),
        }
    grace = job.get("misfire_grace_time", _GRACE_SECONDS)
    definition = {
        "description": job.get("name") or "",
        "actor": str(job.get("func") or job["func_ref"]).rpartition(":")[2].rpartition(".")[2],
        "args": positional(job.get("args") or [], job.get("kwargs") or {}),
        **timing,
        "jitter_seconds": given.get("jitter"),
        "overlap": "skip" if job.get("max_instances", 1) == 1 else "allow",
        "catchup": "latest" if job.get("coalesce", True) else "all",
        "catchup_window_seconds": TEN_YEARS if grace is None else grace,
        "paused": True if "next_run_time" in job and job["next_run_time"] is None else None,
    }
    remarks += _remarks(job, given)
    was = f"{kind} {' '.join(f'{name}={value}' for name, value in given.items())}"
    name = found.name(str(job.get("id") or job.get("name") or definition["actor"]))
    return Imported(name, place, was, without_empty(definition), rule, remarks)


def _remarks(job: dict[str, Any], given: dict[str, Any]) -> list[str]:
    found = []
    if "misfire_grace_time" not in job:
        found.append(
            "misfire_grace_time is 1 where it is not given; here what is 60 seconds late is on time all the same"
        )
    if job.get("max_instances", 1) > 1:
        found.append(f"max_instances is {job['max_instances']}; overlap = allow has no limit")
    if given.get("jitter"):
        found.append("jitter there goes either way; here it is later, never earlier")
    if "next_run_time" in job and job["next_run_time"] is None:
        found.append("it is paused, and created paused")
    return found


def _trigger(job: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of the trigger, and its fields."""
    given = job["trigger"]
    if isinstance(given, dict):
        kind = given.get("type") or given.get("trigger") or given.get("__class__", "")
        return kind, {name: value for name, value in given.items() if name not in ("type", "trigger", "__class__")}
    text = _TEXT.fullmatch(given)
    if text is None:
        names = {*_ORDER, *_UNITS, "start_date", "end_date", "run_date", "timezone", "jitter"}
        return given, {name: value for name, value in job.items() if name in names and value is not None}
    zone = {"timezone": job["timezone"]} if job.get("timezone") else {}
    if text[1] == "cron":
        return "cron", dict(re.findall(r"(\w+)='([^']*)'", text[2])) | zone
    if text[1] == "date":
        return "date", {"run_date": re.sub(r" [A-Z]{3,5}$", "", text[2])} | zone
    span = _SPAN.fullmatch(text[2])
    if span is None:
        raise ValueError(f"the interval {text[2]!r} is not understood")
    days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
    return "interval", {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds} | zone


def _interval(given: dict[str, Any], zone: str, remarks: list[str]) -> dict[str, Any]:
    seconds = sum(float(given.get(unit) or 0) * size for unit, size in _UNITS.items()) or 1
    if not given.get("start_date"):
        remarks.append("an interval is counted from when the job was added; here the slots are counted from 1970")
    if seconds < 1:
        raise ValueError("it is due more often than once a second")
    return {"every_seconds": seconds, "timezone": zone}


def _cron(given: dict[str, Any], zone: str, remarks: list[str]) -> tuple[dict[str, Any], OldRule]:
    texts = _completed({name: str(given[name]).strip().lower() for name in _ORDER if given.get(name) is not None})
    for name in ("year", "week"):
        if texts[name] != "*":
            raise ValueError(f"the field {name} ({texts[name]}) has no counterpart here")
    dates, nth, has_last = _dates(texts["day"])
    rule = OldRule(
        seconds=fields.values(texts["second"], fields.SECOND),
        minutes=fields.values(texts["minute"], fields.MINUTE),
        hours=fields.values(texts["hour"], fields.HOUR),
        dates=dates,
        months=fields.values(texts["month"], fields.MONTH),
        weekdays=_weekdays(texts["day_of_week"], remarks),
        nth_weekdays=nth,
        last_date=has_last,
        either=False,
        clock=Clock.MOVED_TWICE,
        timezone=zone,
    )
    if nth:  # in the day field, beside the weekdays
        if dates or has_last or len(rule.weekdays) < 7:
            raise ValueError("weekdays by number beside other days have no counterpart here")
        weekdays: frozenset[int] = frozenset()
        rule = OldRule(**{**vars(rule), "dates": frozenset(range(1, 32)), "weekdays": weekdays})
    elif len(rule.weekdays) < 7 and len(rule.dates) < 31:
        remarks.append("APScheduler runs it where the date and the weekday match; cron's way would be where one does")
    if rule.seconds != {0}:
        remarks.append("it has seconds: they stand first in the expression")
    written = write_expression(rule)
    check(written, zone)
    return {"cron": written, "timezone": zone}, rule


def _completed(texts: dict[str, str]) -> dict[str, str]:
    """With the fields that were not given: `*`, and of those finer than the finest that was given the least."""
    finest = max((_ORDER.index(name) for name in texts), default=len(_ORDER))
    return {
        name: texts.get(name, _LEAST.get(name, "*") if number > finest else "*") for number, name in enumerate(_ORDER)
    }


def _dates(text: str) -> tuple[frozenset[int], frozenset[tuple[int, int]], bool]:
    dates: set[int] = set()
    nth: set[tuple[int, int]] = set()
    has_last = False
    for item in re.split(r" *, *", text):
        if numbered := _NTH.fullmatch(item):
            number = LAST if numbered[1] == "last" else int(numbered[1][0])
            nth.add(((_WEEKDAYS.index(numbered[2][:3]) + 1) % 7, number))
        elif item == "last":
            has_last = True
        else:
            dates |= fields.values(item, fields.DATE)
    return frozenset(dates), frozenset(nth), has_last


def _weekdays(text: str, remarks: list[str]) -> frozenset[int]:
    """From Sunday, as we count; APScheduler counts from Monday."""
    monday = fields.values(text, fields.Range("weekday", 0, 6, _WEEKDAYS))
    if re.search(r"\d", text.partition("/")[0]):
        remarks.append("its weekdays count from Monday, 0; here Sunday is 0: the numbers are changed")
    return frozenset((day + 1) % 7 for day in monday)


def _instant(given: str | None, zone: str) -> str | None:
    if not given:
        return None
    instant = datetime.fromisoformat(str(given).replace("Z", "+00:00"))
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=load_zone(zone))
    return write_instant(instant + timedelta(0))
