"""Many at once: the same act on all schedules, or runs, that a filter finds.

Each by itself, so that one that is refused keeps no other from it; a piece of them in a transaction, so that nobody has
to wait for very many.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from config.database import TRANSIENT
from models.finding.finds import count_runs, find_runs
from models.runs import SCANNED_ROWS
from models.schedules import StoredSchedule, find_names, lock_schedules_of
from models.sql.locks import is_locked, wait_for_locks
from models.words.faults import Fault
from models.words.states import FINAL_STATES, LIVE_STATES, State
from scheduling.commands import edit, pause, runs, trigger
from scheduling.commands.audit import By
from scheduling.commands.faults import Conflict, NotFound, Refused

MOST = 10_000
"""So many are changed at most at once."""

LOCK_SECONDS = 2.0
"""What somebody has locked for longer is left as it is."""

_PIECE = 100
_REFUSED: Mapping[str, Mapping[str, Any]] = {"delete": {"declared": True}, "patch": {"of_code": True}}
"""Filters of the schedules for which an action is refused, whatever it is."""
_RETRIED = (State.FAILED,)
"""What is run again where the filter names no state."""

T = TypeVar("T")
Act = Callable[[sa.Connection, StoredSchedule], object]


@dataclass
class Changed:
    """What a filter has found, and what has become of it, by name or id."""

    matched: int = 0
    changed: list[str] = field(default_factory=list)
    refused: list[tuple[str, list[Fault]]] = field(default_factory=list)


@dataclass(frozen=True)
class Expected:
    """How many runs an act would find; `capped`: it may be more."""

    value: int
    capped: bool


def act_of(action: str, by: By, *, until: datetime | None = None, reason: str | None = None) -> Act:
    """What `pause`, `resume`, `trigger` or `delete` does to a locked schedule."""
    match action:
        case "pause":
            return partial(pause.pause, until=until, reason=reason, by=by)
        case "resume":
            return partial(pause.resume, by=by)
        case "trigger":
            return partial(trigger.trigger, request=trigger.Request(by=by))
        case "delete":
            return partial(edit.delete, by=by)
    raise ValueError(f"nobody does {action!r} to schedules")


def find_schedules(engine: sa.Engine, filters: Mapping[str, Any], state: str | None, action: str) -> Changed:
    """What an action would be done to, and refused for as far as that is known before it is tried."""
    with engine.connect() as connection:
        names = find_names(connection, MOST, state=state, **filters)
        kept = find_names(connection, MOST, state=state, **filters, **_REFUSED[action]) if action in _REFUSED else []
    refused = set(kept)
    return Changed(
        len(names),
        [name for name in names if name not in refused],
        [(name, [Fault((), edit.DECLARED)]) for name in kept],
    )


def change_schedules(engine: sa.Engine, filters: Mapping[str, Any], state: str | None, act: Act) -> Changed:
    """Do this to every schedule that the filters of `list_schedules` find, in the order of names."""
    with engine.connect() as connection:
        names = find_names(connection, MOST, state=state, **filters)
    done = Changed(len(names))
    for piece in _pieces(names):
        with engine.begin() as connection:
            wait_for_locks(connection, LOCK_SECONDS)
            for name in piece:
                _by_itself(connection, name, partial(_change, connection, name, act), done)
    return done


def cancel_runs(engine: sa.Engine, filters: Mapping[str, Any], by: By, limit: int, *, dry_run: bool) -> Changed:
    """Cancel the runs that the filters of `list_runs` find and that have not ended."""
    found = _find(engine, filters, _cancelled(filters), limit)
    return _each_run(engine, found, lambda connection, run: runs.cancel(connection, run, by), dry_run)


def retry_runs(engine: sa.Engine, filters: Mapping[str, Any], by: By, limit: int, *, dry_run: bool) -> Changed:
    """Run those again that the filters of `list_runs` find and that have ended: where these name no state, those that
    have failed."""
    found = _find(engine, filters, _retried(filters), limit)

    def retry(connection: sa.Connection, run: UUID) -> None:
        runs.retry(connection, run, by)

    return _each_run(engine, found, retry, dry_run)


def expect_cancelled(engine: sa.Engine, filters: Mapping[str, Any]) -> Expected:
    """How many runs `cancel_runs` would find: what a dry run says, from a look at few rows."""
    return _expect(engine, filters, _cancelled(filters))


def expect_retried(engine: sa.Engine, filters: Mapping[str, Any]) -> Expected:
    """How many runs `retry_runs` would find: what a dry run says, from a look at few rows."""
    return _expect(engine, filters, _retried(filters))


def _cancelled(filters: Mapping[str, Any]) -> list[str]:
    return _possible(filters, LIVE_STATES, LIVE_STATES)


def _retried(filters: Mapping[str, Any]) -> list[str]:
    return _possible(filters, FINAL_STATES, _RETRIED)


def _possible(filters: Mapping[str, Any], possible: Sequence[State], by_default: Sequence[State]) -> list[str]:
    """Of the states that are wanted those in which the act is possible."""
    given = filters.get("states")
    return [state.value for state in by_default] if given is None else [each for each in given if each in possible]


def _find(engine: sa.Engine, filters: Mapping[str, Any], states: Sequence[str], limit: int) -> list[UUID]:
    """The runs in these states, oldest first."""
    with engine.connect() as connection:
        return find_runs(connection, limit, {**filters, "states": states}) if states else []


def _expect(engine: sa.Engine, filters: Mapping[str, Any], states: Sequence[str]) -> Expected:
    if not states:
        return Expected(0, capped=False)
    with engine.connect() as connection:
        found, is_cut = count_runs(connection, MOST, {**filters, "states": states}, SCANNED_ROWS)
    return Expected(min(found, MOST), capped=is_cut or found > MOST)


def _each_run(
    engine: sa.Engine, found: Sequence[UUID], act: Callable[[sa.Connection, UUID], None], dry_run: bool
) -> Changed:
    done = Changed(len(found))
    if dry_run:
        done.changed = [str(run) for run in found]
        return done
    for piece in _pieces(found):
        with engine.begin() as connection:
            wait_for_locks(connection, LOCK_SECONDS)
            lock_schedules_of(connection, piece)  # before their runs, as everybody does
            for run in piece:
                _by_itself(connection, str(run), partial(act, connection, run), done)
    return done


def _change(connection: sa.Connection, name: str, act: Act) -> None:
    act(connection, edit.lock(connection, name))


def _by_itself(connection: sa.Connection, name: str, act: Callable[[], None], done: Changed) -> None:
    """In a savepoint of its own; what stands against it is noted."""
    try:
        with connection.begin_nested():
            act()
        done.changed.append(name)
    except Refused as error:
        done.refused.append((name, error.faults))
    except (Conflict, NotFound) as error:
        done.refused.append((name, [Fault((), str(error))]))
    except TRANSIENT as error:
        if not is_locked(error):
            raise
        done.refused.append((name, [Fault((), "somebody has locked it: try again")]))


def _pieces(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[first : first + _PIECE] for first in range(0, len(found), _PIECE))
