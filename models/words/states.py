"""The states of a run, the legal moves between them, and the words beside them."""

from enum import StrEnum


class State(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Trigger(StrEnum):
    """What asked for a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    BACKFILL = "backfill"
    CHAIN = "chain"
    MESSAGE = "message"


class SkipReason(StrEnum):
    """Why a slot did not run."""

    OVERLAP = "overlap"
    MISSED = "missed"
    COALESCED = "coalesced"
    LIMIT = "limit"
    CALENDAR = "calendar"
    DEADLINE = "deadline"
    PAUSED = "paused"


class WaitingFor(StrEnum):
    """Why a due run is not published: the last reason stays with the run, to explain that it was late."""

    ACTOR = "actor"
    WORKER = "worker"
    QUEUE = "queue"
    HOLD = "hold"
    OVERLAP = "overlap"
    WINDOW = "window"


class Hindrance(StrEnum):
    """Why what waits in a queue waits: as for a single run, and what no run says of itself."""

    HOLD = "hold"
    QUEUE = "queue"
    ACTOR = "actor"
    WORKER = "worker"
    SCHEDULING = "scheduling"
    OVERLAP = "overlap"
    WINDOW = "window"
    BUSY = "busy"


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"


class Overlap(StrEnum):
    """What a slot does while an earlier run of its schedule is active."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    ALLOW = "allow"


class Catchup(StrEnum):
    """Which of the late slots still run."""

    NONE = "none"
    LATEST = "latest"
    EARLIEST = "earliest"
    ALL = "all"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.QUEUED, State.RUNNING, State.CANCELLED, State.SKIPPED}),
    State.QUEUED: frozenset({State.PLANNED, State.RETRYING, State.RUNNING, State.CANCELLED, State.SKIPPED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RETRYING}),
    State.RETRYING: frozenset({State.QUEUED, State.RUNNING, State.CANCELLED, State.SKIPPED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.SKIPPED: frozenset(),
}
"""From each state, the states it may move to. CHECKs and most of SQL derive from this table, and the docs are tested
against it."""

LIVE_STATES = tuple(state for state, targets in TRANSITIONS.items() if targets)
FINAL_STATES = tuple(state for state, targets in TRANSITIONS.items() if not targets)
PUBLISHABLE_STATES = (State.PLANNED, State.RETRYING)


def sources(target: State) -> tuple[State, ...]:
    """The states from which a run may move to `target`."""
    return tuple(state for state, targets in TRANSITIONS.items() if target in targets)
