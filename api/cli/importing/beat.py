"""Fixtures of django-celery-beat, and dumps of Celery's `beat_schedule`. Pure."""

import json
from typing import Any

from api.cli.importing import celery
from api.cli.importing.found import Found, Imported, positional, without_empty
from api.cli.importing.rules import OldRule
from models.words.kinds import parse_instant

_MODEL = "django_celery_beat."
_KINDS = ("crontab", "interval", "clocked", "solar")


def read_beat(document: Any, timezone: str | None = None) -> Found:
    """The tasks of a fixture (a list of rows) or of a `beat_schedule` (by name). `timezone` is that of the app."""
    found = Found(remarks=list(celery.ABOUT))
    if isinstance(document, list):
        _read_fixture(found, document)
        return found
    if timezone is None:
        found.remarks.append("the app's time zone was not given: UTC is taken")
    if isinstance(document, dict):
        document = document.get("beat_schedule") or document.get("CELERY_BEAT_SCHEDULE") or document
    for name, entry in document.items():
        _add(
            found, f"beat_schedule {name}", lambda name=name, entry=entry: _entry(found, name, entry, timezone or "UTC")
        )
    return found


def _add(found: Found, place: str, read: Any) -> None:
    try:
        found.schedules.append(read())
    except KeyError as error:
        found.refused.append((place, f"{error} is missing, or not understood"))
    except (ValueError, TypeError, AttributeError) as error:
        found.refused.append((place, str(error)))


def _read_fixture(found: Found, rows: list[Any]) -> None:
    tables: dict[str, dict[Any, Any]] = {}
    for row in rows:
        if isinstance(row, dict) and str(row.get("model", "")).startswith(_MODEL):
            tables.setdefault(row["model"].removeprefix(_MODEL), {})[row.get("pk")] = row["fields"]
    for task in tables.get("periodictask", {}).values():
        if str(task.get("task", "")) == "celery.backend_cleanup":
            found.refused.append(
                (f"task {task['name']}", "it cleans up Celery's results, of which there are none here")
            )
            continue
        _add(found, f"task {task.get('name')}", lambda task=task: _task(found, task, tables))


def _task(found: Found, task: dict[str, Any], tables: dict[str, dict[Any, Any]]) -> Imported:
    remarks: list[str] = []
    kind = next((kind for kind in _KINDS if task.get(kind) is not None), None)
    if kind is None:
        raise ValueError("it has no schedule")
    row = tables.get(f"{kind}schedule", {}).get(task[kind])
    if row is None:
        raise ValueError(f"its {kind} schedule {task[kind]} is not in the fixture")
    timing, rule = _timing(kind, row, remarks)
    definition = {
        "description": task.get("description") or "",
        "actor": task["task"],
        "args": positional(json.loads(task.get("args") or "[]"), json.loads(task.get("kwargs") or "{}")),
        "queue": task.get("queue"),
        "priority": task.get("priority"),
        **timing,
        "starts_at": _instant(task.get("start_time")),
        "ends_at": _instant(task.get("expires")),
        "start_deadline_seconds": task.get("expire_seconds"),
        "max_runs": 1 if task.get("one_off") and kind != "clocked" else None,
        "overlap": "allow",
        "paused": True if task.get("enabled") is False else None,
    }
    remarks += _remarks(task, kind)
    place = f"task {task['name']}"
    return Imported(found.name(task["name"]), place, f"{kind} {_said(row)}", without_empty(definition), rule, remarks)


def _remarks(task: dict[str, Any], kind: str) -> list[str]:
    found = []
    if task.get("enabled") is False:
        found.append("it is not enabled, and created paused")
    if task.get("one_off") and kind != "clocked":
        found.append("one_off: after its next slot it has run (max_runs = 1); beat disables it instead")
    if task.get("priority") is not None:
        found.append("the priority is RabbitMQ's, where 9 goes first; with Redis 0 did")
    if task.get("start_time") and kind == "interval":
        found.append("the slots are counted from start_time")
    found += [f"{name} is left out" for name in ("exchange", "routing_key") if task.get(name)]
    if task.get("headers") not in (None, "", "{}", {}):
        found.append("headers are left out")
    return found


def _timing(kind: str, row: dict[str, Any], remarks: list[str]) -> tuple[dict[str, Any], OldRule | None]:
    match kind:
        case "crontab":
            return celery.crontab(row, row.get("timezone") or "UTC", remarks)
        case "interval":
            return celery.interval(row["every"] * celery.UNITS[row["period"]], remarks), None
        case "clocked":
            return {"at": _instant(row["clocked_time"])}, None
        case _:
            raise ValueError(f"the sun's events ({row.get('event')}) are no schedule here: take a fixed time")


def _instant(given: str | None) -> str | None:
    if not given:
        return None
    text = given.replace(" ", "T")
    return parse_instant(
        text if text[10:].count("+") or text.endswith("Z") or "-" in text[10:] else f"{text}Z"
    ).isoformat()


def _said(row: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in row.items())


def _entry(found: Found, name: str, entry: dict[str, Any], timezone: str) -> Imported:
    remarks: list[str] = []
    given = entry["schedule"]
    options = entry.get("options") or {}
    timing, rule = _entry_timing(given, timezone, remarks)
    expires = options.get("expires")
    definition = {
        "actor": entry["task"],
        "args": positional(entry.get("args") or [], entry.get("kwargs") or {}),
        "queue": options.get("queue"),
        "priority": options.get("priority"),
        **timing,
        "start_deadline_seconds": expires if isinstance(expires, int | float) else None,
        "overlap": "allow",
        "paused": True if entry.get("enabled") is False else None,
    }
    left = [option for option in options if option not in ("queue", "priority", "expires")]
    remarks += [f"the option {option} is left out" for option in left]
    was = given if isinstance(given, str) else json.dumps(given)
    return Imported(found.name(name), f"beat_schedule {name}", was, without_empty(definition), rule, remarks)


def _entry_timing(given: Any, timezone: str, remarks: list[str]) -> tuple[dict[str, Any], OldRule | None]:
    read = celery.read_repr(given) if isinstance(given, str) else given
    if isinstance(read, dict):
        read = read.get("crontab", read)
        if "every" in read:
            read = read["every"] * celery.UNITS[read.get("period", "seconds")]
        elif "seconds" in read or "days" in read:
            read = sum(read.get(unit, 0) * seconds for unit, seconds in celery.UNITS.items())
        elif "event" in read:
            raise ValueError(f"the sun's events ({read['event']}) are no schedule here: take a fixed time")
    if isinstance(read, int | float) and not isinstance(read, bool):
        return celery.interval(read, remarks), None
    if not isinstance(read, dict) or not set(read) & {"minute", "hour", "day_of_week", "day_of_month", "month_of_year"}:
        raise ValueError(f"the schedule {given!r} is not understood")
    return celery.crontab(read, timezone, remarks)
