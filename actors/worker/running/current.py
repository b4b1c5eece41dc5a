"""The run that a thread executes, as the engine and (by `actors.context`) its actor know it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from actors.worker.running.checkpoint import Checkpoints
from actors.worker.running.output import Output
from actors.worker.running.progress import HowFar
from config.secret_rules import Target, is_within, say_rules
from models.words.instants import write_instant
from scheduling.cron.zones import load_zone

_current: ContextVar["CurrentRun"] = ContextVar("current_run")


class SecretNotAllowed(Exception):
    """The setting `secrets.allow` does not let the actor use a secret of its arguments, or not there. It will not the
    next time either, so the run is not tried again."""


@dataclass
class CurrentRun:
    """The run that is executing in this thread. Instants are aware and in UTC.

    A run for a slot knows its neighbours: what lies between `previous_slot_at` and `slot_at` is the interval of data
    that a periodic job usually works on. Both are None where there is no such slot, and for runs without a slot.
    """

    run_id: UUID
    actor: str
    attempt: int
    trigger: str
    schedule: str | None
    slot_at: datetime | None
    previous_slot_at: datetime | None
    next_slot_at: datetime | None
    due_at: datetime
    trace: str
    time_limit_seconds: float
    output: Output
    timezone: str | None = None
    resume_from: Any = None
    """What an earlier attempt has left by `checkpoint`; None for nothing."""
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    how_far: HowFar = field(default_factory=HowFar)
    reach: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the secrets in its arguments those that may go to some URLs alone, with patterns of these."""
    started: float = field(default_factory=time.monotonic)
    _stopping: bool = False
    _on_interrupt: list[Callable[[], None]] = field(default_factory=list)

    @property
    def slot_local(self) -> datetime | None:
        """The slot by the clock of the schedule's zone, with its offset; None without a slot."""
        return None if self.slot_at is None else self.slot_at.astimezone(load_zone(self.timezone or "UTC"))

    @property
    def slot_date(self) -> date | None:
        """The day of the slot, in the schedule's zone."""
        return None if self.slot_local is None else self.slot_local.date()

    def checkpoint(self, data: Any) -> None:
        """Leave this for the next attempt, should there be one: its `resume_from`. The latest counts.

        It is stored within a second, and when the attempt ends; a worker that is killed before takes it along. 64 KiB
        of JSON at most. Raises TypeError for what is no JSON, ValueError for too much of it.
        """
        self.checkpoints.leave(data)

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Say how far this attempt is: so much is done, of so much where that is known, with up to 200 characters of
        what it is at. Any thread may say so, as often as it likes: the last word counts.

        Raises TypeError for what is no number or text, ValueError for numbers that are not finite, a `done` below 0, a
        `total` that is not above 0.
        """
        self.how_far.say(done, total, note, (0, self.started) if self.resume_from is None else None)

    def check_reach(self, target: Target) -> None:
        """Look at where a request is about to go. Raises SecretNotAllowed where a secret of the arguments may not."""
        for name, patterns in self.reach.items():
            if not is_within(target, patterns):
                raise SecretNotAllowed(
                    f"the secret {name} may not go where this request does: for {self.actor} {say_rules(patterns)}"
                )

    def remaining_seconds(self) -> float:
        """Seconds until the time limit; negative once it has passed."""
        return self.started + self.time_limit_seconds - time.monotonic()

    @contextmanager
    def on_interrupt(self, callback: Callable[[], None]) -> Iterator[None]:
        """While inside, an interrupt (time limit, cancel, stop) first calls `callback`, from another thread.

        For what blocks outside Python's reach: shut the socket down, so that the waiting thread wakes up and sees the
        interrupt.
        """
        self._on_interrupt.append(callback)
        try:
            yield
        finally:
            self._on_interrupt.remove(callback)

    def ask_to_stop(self) -> None:
        """Let `should_stop` say yes, and wake what blocks. Called by the interrupter, never by actors."""
        self._stopping = True
        for callback in tuple(self._on_interrupt):
            callback()


def current_run() -> CurrentRun:
    """The run this code is executing for. Raises LookupError outside a run."""
    return _current.get()


def find_current_run() -> CurrentRun | None:
    """As `current_run`; None outside a run."""
    return _current.get(None)


def should_stop() -> bool:
    """Whether the current run has been asked to end; for loops that prefer to end by themselves."""
    run = find_current_run()
    return run is not None and run._stopping


class entered:  # noqa: N801 - a context manager, and one that costs each run as little as can be
    """Make a run the current one inside the block."""

    def __init__(self, run: CurrentRun) -> None:
        self._run = run

    def __enter__(self) -> None:
        self._token = _current.set(self._run)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def identity_of(run: CurrentRun) -> dict[str, str]:
    """`run_id`, `attempt`, and `schedule` and `slot` (RFC 3339, UTC) where the run has them."""
    identity = {"run_id": str(run.run_id), "attempt": str(run.attempt)}
    if run.schedule is not None:
        identity["schedule"] = run.schedule
    if run.slot_at is not None:
        identity["slot"] = write_instant(run.slot_at)
    return identity
