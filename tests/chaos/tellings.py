"""What others were told of an experiment's runs: by the exchange, and by the log of events."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tests.chaos.subscriber import Move
from tests.chaos.world import World
from tests.waiting import eventually

TOLD_SECONDS = 120
"""A relay that has died is followed by another one after its lease; while runs wait it takes its time."""

LOG, EXCHANGE = "the log", "the exchange"

_PENDING = """
SELECT FROM event_relay WHERE sent < numbered OR EXISTS (SELECT FROM events WHERE position IS NULL)
"""
_LAST = "SELECT id, kind, runs, attempts FROM events WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1"
_LOGGED = "SELECT kind, runs, attempts FROM events WHERE at >= %s AND starts_with(kind, 'run.') ORDER BY position"

Moves = dict[UUID, list[Move]]
"""Of each run, in the order in which they were first told."""


@dataclass(frozen=True)
class Told:
    """By each source that must have all of it. `untold` runs are those of a release that told of nothing; `again` is
    how often the exchange told something once more."""

    sources: dict[str, Moves] = field(default_factory=dict)
    untold: frozenset[UUID] = frozenset()
    again: int = 0
    odd: list[str] = field(default_factory=list)
    is_ordered: bool = True
    """Not so where the database was put back to what it had been."""

    @property
    def count(self) -> int:
        """How many moves were told."""
        return max((sum(map(len, moves.values())) for moves in self.sources.values()), default=0)


def gather_told(world: World, since: datetime, runs: Collection[UUID]) -> Told:
    """What was told of these runs, once all has been told."""
    subscriber, began = world.subscriber, world.told_since
    if began is None:
        return Told()
    is_whole = not any(at > since for at in subscriber.lost_at)
    with suppress(AssertionError):  # the runs tell what is missing
        eventually(lambda: _is_told(world, is_whole=is_whole), TOLD_SECONDS)
    rows = world.rows(_LOGGED, since)
    logged = ((run, (attempt, _state(row["kind"]))) for row in rows for run, attempt in _moves(row))
    sources = {LOG: _in_order(logged, runs)}
    moves = [move for move in subscriber.moves if move[0] in runs]
    if is_whole:
        sources[EXCHANGE] = _in_order(moves, runs)
    first = world.rows("SELECT id FROM runs WHERE planned_at < %s", began)
    return Told(sources, frozenset(row["id"] for row in first), len(moves) - len(set(moves)), list(subscriber.odd))


def _is_told(world: World, *, is_whole: bool) -> bool:
    if world.rows(_PENDING):
        return False
    last = world.rows(_LAST)
    return not last or not is_whole or _id_of(last[0]) in world.subscriber.ids


def _id_of(row: dict[str, object]) -> str:
    """Of the last event of a group."""
    *_, (run, attempt) = _moves(row) or [(None, None)]
    return f"{row['kind']}.{row['id']}" if run is None else f"{run}.{attempt}.{_state(str(row['kind']))}"


def _moves(row: dict[str, object]) -> list[tuple[UUID, int]]:
    return list(zip(row["runs"] or (), row["attempts"] or (), strict=True))  # type: ignore[call-overload]


def _state(kind: str) -> str:
    return kind.removeprefix("run.")


def _in_order(moves: Iterable[tuple[UUID, Move]], runs: Collection[UUID]) -> Moves:
    found: dict[UUID, dict[Move, None]] = {}
    for run, move in moves:
        if run in runs:
            found.setdefault(run, {})[move] = None
    return {run: list(each) for run, each in found.items()}
