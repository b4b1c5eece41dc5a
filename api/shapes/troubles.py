"""What an operator must see to, in words: work that waits for something that does not come by itself."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from api.shapes.spans import say_span
from models.processes import (
    refused_declarations,
    schedules_held_back,
    schedules_set_aside,
    silent_workers,
    stuck_runs,
    stuck_workers,
)
from models.queues import get_hold
from models.words.states import WaitingFor

_NAMED = 5


class Trouble(NamedTuple):
    """A sentence, with names for whoever may know them, and without."""

    named: str
    anonymous: str


def troubles(connection: sa.Connection) -> list[Trouble]:
    """None where all is well. Each look is bounded."""
    found = [_of_stuck(row) for row in stuck_runs(connection)]
    if (hold := get_hold(connection)).paused_at is not None:
        what = "everything is held"
        found.append(Trouble(f"{what} by {hold.paused_by}: {hold.pause_reason}", what))
    if aside := schedules_set_aside(connection):
        what = f"{_count(aside.schedules, 'schedule')} can't be planned"
        found.append(Trouble(f"{what}, {aside.name!r} first: see its error", f"{what}: see its error"))
    if held := schedules_held_back(connection):
        what = f"{_count(held.schedules, 'schedule')} held back, as too much waits"
        found.append(Trouble(f"{what}: {held.reason}", what))
    if refused := refused_declarations(connection):
        what, where = f"{_count(len(refused), 'schedule')} that code declares is refused", "see GET /v1/actors"
        found.append(Trouble(f"{what}, of {_listed(refused)}: {where}", f"{what}: {where}"))
    for worker in silent_workers(connection):
        what = f"has not reported for {say_span(worker.seconds, 1)}"
        found.append(Trouble(f"the worker {worker.id} on {worker.host} {what}", f"a worker {what}"))
    for worker in stuck_workers(connection):
        stuck = f"{worker.stuck_threads} of {_count(worker.threads, 'thread')}"
        what = "can't be interrupted, where its actors wait in C code or for their children"
        named, anonymous = f"of the worker {worker.id} on {worker.host}", "of a worker"
        found.append(Trouble(f"{stuck} {named} {what}", f"{stuck} {anonymous} {what}"))
    return found


def _of_stuck(row: sa.Row[Any]) -> Trouble:
    what = f"{_count(row.runs, 'run')} wait{'s' if row.runs == 1 else ''} for"
    match WaitingFor(row.waiting_for):
        case WaitingFor.ACTOR:
            named = f"the actor {row.actor!r}, which no worker has announced"
            anonymous = "an actor that no worker has announced"
        case WaitingFor.WORKER:
            named = f"a worker of the queue {row.queue!r} that knows the actor {row.actor!r}"
            anonymous = "a worker of their queue"
        case _:
            named, anonymous = f"the paused queue {row.queue!r}", "a paused queue"
    return Trouble(*(f"{what} {whom}, the oldest for {say_span(row.seconds, 1)}" for whom in (named, anonymous)))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
