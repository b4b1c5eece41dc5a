"""What an operator must see to, in words: work that waits for something that does not come by itself."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from models.processes import refused_declarations, schedules_set_aside, silent_workers, stuck_runs
from models.words.states import WaitingFor

_NAMED = 5


def troubles(connection: sa.Connection, *, named: bool) -> list[str]:
    """A sentence each, with names for whoever may know them; none where all is well. Each look is bounded."""
    found = [_say_stuck(row, named) for row in stuck_runs(connection)]
    if aside := schedules_set_aside(connection):
        first = f", {aside.name!r} first" if named else ""
        found.append(f"{_count(aside.schedules, 'schedule')} can't be planned{first}: see its error")
    if refused := refused_declarations(connection):
        of = f", of {_listed(refused)}" if named else ""
        found.append(f"{_count(len(refused), 'schedule')} that code declares is refused{of}: see GET /v1/actors")
    for worker in silent_workers(connection):
        which = f"the worker {worker.id} on {worker.host}" if named else "a worker"
        found += [f"{which} has not reported for {worker.seconds} seconds"]
    return found


def _say_stuck(row: sa.Row[Any], named: bool) -> str:
    what = f"{_count(row.runs, 'run')} wait{'s' if row.runs == 1 else ''} for"
    actor, queue = (f" {row.actor!r}", f" {row.queue!r}") if named else ("", "")
    match WaitingFor(row.waiting_for):
        case WaitingFor.ACTOR:
            whom = (
                f"the actor{actor}, which no worker has announced" if named else "an actor that no worker has announced"
            )
        case WaitingFor.WORKER:
            whom = f"a worker of the queue{queue} that knows the actor{actor}" if named else "a worker of their queue"
        case _:
            whom = f"the paused queue{queue}" if named else "a paused queue"
    return f"{what} {whom}, the oldest for {row.seconds:.0f} seconds"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
