"""What became of schedules lately, drawn: the small row of a list, the strip and the lines of a page."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from statistics import median
from typing import Any, NamedTuple

import sqlalchemy as sa
from markupsafe import Markup

from api.dashboard.charts import Mark, Series, line, sparkline, strip
from api.dashboard.frame.words import count
from api.shapes.run_json import lateness_seconds
from api.shapes.spans import say_span
from models.words.instants import say_instant
from models.words.states import State

STRIP = 60
"""So many slots are in the strip."""

_WHOLE = (State.SUCCEEDED, State.FAILED)
"""How long others took says nothing of the actor."""


def seconds_of(row: sa.Row[Any]) -> float | None:
    """How long a run took that has come to its end; None for others."""
    if row.state not in _WHOLE or row.started_at is None or row.finished_at is None:
        return None
    return float((row.finished_at - row.started_at).total_seconds())


def usual_seconds(took: Iterable[float | None]) -> float | None:
    """The median of how long they took."""
    known = [seconds for seconds in took if seconds is not None]
    return median(known) if known else None


class Small(NamedTuple):
    """A row of outcomes, drawn, and how long they usually take."""

    drawing: Markup
    usual_seconds: float | None


# Pages are asked for again and again, and of most schedules nothing has changed: drawing takes longer than all else.
@lru_cache(maxsize=2048)
def draw_small(key: str, name: str, outcomes: str) -> Small:
    """The outcomes of a schedule, as `newest_outcomes` has them."""
    marks, took = [], []
    for state, reason, due, lasted in json.loads(outcomes):
        seconds = lasted if state in _WHOLE else None
        took.append(seconds)
        why = f" ({reason})" if reason else ""
        said = say_instant(datetime.fromisoformat(due))
        marks.append(Mark(f"{state}{why}, {said}{_took(seconds)}", state, seconds or 0))
    return Small(sparkline(key, f"Outcomes of {name}", marks), usual_seconds(took))


def draw_strip(rows: Sequence[sa.Row[Any]]) -> Markup:
    """The newest slots of a schedule, from its rows, newest first."""
    slots = [row for row in rows if row.slot_at is not None][:STRIP]
    return strip("slots", "Last slots", [_slot(row) for row in reversed(slots)])


def _slot(row: sa.Row[Any]) -> Mark:
    said = say_instant(row.slot_at)
    if row.slots > 1:
        said = f"{count(row.slots)} slots from {said} to {say_instant(row.slot_until)}"
    state = f"{row.state} ({row.reason})" if row.reason else row.state
    return Mark(f"{said}: {state}{_took(seconds_of(row))}", row.state, 1, f"/runs/{row.id}")


def draw_durations(rows: Sequence[sa.Row[Any]]) -> Markup:
    """How long the newest runs took."""
    points = [(row.started_at, seconds) for row in reversed(rows) if (seconds := seconds_of(row)) is not None]
    return line("durations", "Durations", [Series("Duration", points)], "s")


def draw_lateness(rows: Sequence[sa.Row[Any]]) -> Markup:
    """How long after they were due the newest runs started."""
    points = [(row.due_at, late) for row in reversed(rows) if (late := lateness_seconds(row)) is not None]
    return line("lateness", "Lateness", [Series("Lateness", points)], "s")


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f", took {say_span(seconds)}"
