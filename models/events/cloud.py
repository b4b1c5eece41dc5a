"""A change as others are told of it: CloudEvents 1.0, structured JSON. Pure.

Of a run's row only what can't have changed since is said: of an attempt that has ended, what the list of attempts has.
"""

from datetime import datetime, timedelta
from typing import Any

from models.events.reading import Change
from models.words.instants import write_instant
from models.words.states import FINAL_STATES

CONTENT_TYPE = "application/cloudevents+json"
SOURCE = "/callsheet"
LONGEST_KEY = 255
"""Bytes that AMQP has for a routing key."""


def as_cloud_event(change: Change) -> dict[str, Any]:
    """The event: `id` is the same however often it is told, `subject` the schedule's name."""
    noun, _, what = change.kind.partition(".")
    subject = change.schedule if noun == "run" else change.subject
    event = {
        "specversion": "1.0",
        "id": f"{change.run}.{change.attempt}.{what}" if noun == "run" else f"{change.kind}.{change.event}",
        "source": SOURCE,
        "type": f"callsheet.{change.kind}",
        "time": write_instant(change.at),
        "datacontenttype": "application/json",
        "data": _of_run(change, what) if noun == "run" else _of_other(change),
    }
    return event | ({"subject": subject} if subject else {})


def routing_key(change: Change) -> str:
    """`run.<state>.<actor>`, `schedule.<what>.<name>`, `scheduling.<what>`; cut where AMQP has no more room."""
    name = change.actor if change.kind.startswith("run.") else change.subject
    key = f"{change.kind}.{name}" if name else change.kind
    return key.encode()[:LONGEST_KEY].decode(errors="ignore")


def _of_other(change: Change) -> dict[str, Any]:
    return ({"schedule": change.subject} if change.subject else {}) | (change.data or {})


def _of_run(change: Change, state: str) -> dict[str, Any]:
    started, finished, due, error = _attempt(change, state)
    return {
        "run_id": str(change.run),
        "schedule": change.schedule,
        "actor": change.actor,
        "queue": change.queue,
        "state": state,
        "reason": change.reason if state == "skipped" else None,
        "attempt": change.attempt,
        "trigger": change.trigger,
        "slot_at": _written(change.slot_at),
        "due_at": _written(due),
        "started_at": _written(started),
        "finished_at": _written(finished),
        "lateness_seconds": _seconds(due, started),
        "duration_seconds": _seconds(started, finished),
        "error_type": error,
    }


def _attempt(change: Change, state: str) -> tuple[datetime | None, datetime | None, datetime | None, str | None]:
    """When the attempt began, ended and was due, and its error. Of one that ends in a retry the next is due then."""
    row = change.attempt_row
    if state in FINAL_STATES:
        return change.started_at, change.finished_at, change.due_at, change.error_type
    due = _read(row.get("due_at")) if row else None
    due = due or (change.due_at if change.attempt == change.latest_attempt else None)
    if state == "running":
        return (_read(row.get("started_at")) if row else None) or change.at, None, due, None
    if state != "retrying" or row is None:
        return None, None, due, None
    finished = _read(row.get("finished_at"))
    backoff = row.get("backoff_seconds")
    again = None if finished is None or backoff is None else finished + timedelta(seconds=backoff)
    return _read(row.get("started_at")), finished, again, (row.get("error") or {}).get("type")


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _written(at: datetime | None) -> str | None:
    return None if at is None else write_instant(at)


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else round((until - since).total_seconds(), 6)
