"""Lines: each change of a run is told once, by an event or, where none tells of it, by a look at the list."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.cli.remote.runs.following import ENDED
from api.cli.remote.runs.listing import COLUMNS
from api.cli.shell import Shell
from api.cli.show import Item, show_list

EVENTS_SECONDS = 2.0
"""How long what the list shows waits for the event, before which others of the same run may be to come."""

_SEEN = 5000
_OF_EVENTS = ("state", "attempt", "reason", "started_at", "finished_at", "lateness_seconds", "duration_seconds")

Mark = tuple[int, str]


class Lines:
    """Prints them. What a run has been told to be in, it is not told again; nothing is told of one that has ended."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._told: dict[str, list[Mark]] = {}
        self._held: dict[str, tuple[Mark, float]] = {}

    @property
    def is_holding(self) -> bool:
        """Whether something of the list waits for its event."""
        return bool(self._held)

    def tell_events(self, events: Iterable[Mapping[str, Any]], rows: Mapping[str, Item]) -> None:
        """Tell of what events say; `rows` are the runs as they are by now."""
        for event in events:
            change = event["data"]
            run = rows.get(change["run_id"])
            if run is None:
                continue
            mark, told = _mark(change), self._told.get(run["id"], [])
            if mark not in told and _may_follow(mark, told):
                self._tell(_as_it_was(run, change))

    def tell_runs(self, runs: Sequence[Item], hold_seconds: float = 0) -> None:
        """Tell of what a list, the newest first, has and no event has told of in so long."""
        now, held = time.monotonic(), {}
        for run in reversed(runs):
            mark, told = _mark(run), self._told.get(run["id"], [])
            if mark in told[-1:] or not _may_follow(mark, told):
                continue
            before = self._held.get(run["id"])
            since = before[1] if before is not None and before[0] == mark else now
            if now - since >= hold_seconds:
                self._tell(run)
            else:
                held[run["id"]] = (mark, since)
        self._held = held

    def _tell(self, run: Item) -> None:
        self._told[run["id"]] = [*self._told.pop(run["id"], []), _mark(run)]
        for run_id in list(self._told)[:-_SEEN]:
            del self._told[run_id]
        if self._shell.output != "table":
            show_list(self._shell, [run], COLUMNS, "id")
        else:
            cells = (column.of(run, self._shell) for column in COLUMNS)
            print("  ".join(cell.replace("\n", " ") for cell in cells if cell), flush=True)


def _mark(run: Mapping[str, Any]) -> Mark:
    return run["attempt"], run["state"]


def _may_follow(mark: Mark, told: Sequence[Mark]) -> bool:
    """Whether it may come after these: an attempt begins with its running, and an end is one."""
    first = mark[0] - 1 if mark[1] == "running" else mark[0]
    return all(attempt <= first and state not in ENDED for attempt, state in told)


def _as_it_was(run: Item, change: Mapping[str, Any]) -> Item:
    """A run in the state that an event tells of, which it may have left since."""
    if _mark(run) == _mark(change):
        return run
    error = {"type": change["error_type"], "message": None, "traceback": None} if change["error_type"] else None
    was = {name: change[name] for name in _OF_EVENTS} | {"error": error, "waiting_for": None}
    return {**run, **was, "due_at": change["due_at"] or run["due_at"]}
