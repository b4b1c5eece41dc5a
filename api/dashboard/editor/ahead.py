"""Looking ahead: when a form that is being written would have its schedule run, in slots and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from api.dashboard.editor.fields import label_of
from api.dashboard.editor.form import read_spec
from api.shapes.forecast import LOOKED_AT, load_hint
from api.shapes.slot_json import SlotJson, preview_of
from models.forecast import schedules_due_until
from models.sql.clock import read_clock
from models.words.faults import Fault, in_words
from models.words.roles import Scope
from scheduling.commands.faults import Refused
from scheduling.commands.rules import check_spec
from scheduling.slots.spec import Spec

SLOTS = 10
_LOOKED_AHEAD = timedelta(days=8)


@dataclass(frozen=True)
class Ahead:
    """What is to come: slots with their local times, or why there are none. `faults` are in words."""

    timezone: str = "UTC"
    words: str | None = None
    slots: tuple[tuple[SlotJson, str], ...] = ()
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    load: str | None = None


def look_ahead(
    connection: sa.Connection, sent: Mapping[str, str], only: Scope | None = None, of: str | None = None
) -> Ahead:
    """What a form says of when, as things are now, beside the other schedules of those that somebody sees; `of` is the
    schedule that it is of."""
    spec, faults = read_spec(sent)
    if spec is None:
        return Ahead(faults=_in_words(faults))
    now = read_clock(connection)
    if not (spec.cron or spec.every_seconds or spec.at):
        return Ahead(spec.timezone, "Only when it is triggered", faults=_in_words(check_spec(spec, now)))
    try:
        found = preview_of(spec, now, SLOTS)
    except Refused as error:
        return Ahead(spec.timezone, faults=_in_words(error.faults))
    slots = tuple((slot, say_local(slot.local)) for slot in found.slots)
    load = _load(connection, spec, now, only, of)
    return Ahead(spec.timezone, found.words or _once(spec), slots, tuple(found.warnings), load=load)


def say_local(local: str) -> str:
    """A local time with its offset as people read it: `Sun 29 Mar 2026, 03:00 +02:00`."""
    at = datetime.fromisoformat(local)
    seconds = f"{at:%H:%M:%S}" if at.second or at.microsecond else f"{at:%H:%M}"
    return f"{at:%a} {at.day} {at:%b} {at.year}, {seconds} {local[-6:]}"


def _load(connection: sa.Connection, spec: Spec, now: datetime, only: Scope | None, of: str | None) -> str | None:
    """What the others do in its minutes."""
    others = schedules_due_until(connection, now + _LOOKED_AHEAD, LOOKED_AT, only=only)
    try:
        hint = load_hint(others, spec, now, without=of)
    except (ValueError, OverflowError):  # beyond the calendar
        return None
    return hint.words if hint else None


def _once(spec: Spec) -> str | None:
    return "Once" if spec.at else None


def _in_words(faults: list[Fault]) -> tuple[str, ...]:
    return tuple(f"{label_of(str(each.path[0]))}: {in_words([Fault((), each.message)])}" for each in faults)
