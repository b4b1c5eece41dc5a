"""What held a run back, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeGuard

from models.runs import SlotRun, StoredRun
from models.schedules import StoredSchedule
from models.words.instants import say_instant
from models.words.states import LIVE_STATES, State, Trigger, WaitingFor
from scheduling.explanations.verdict import LATE, say_list, say_span
from scheduling.slots.spec import jitter


@dataclass(frozen=True)
class Evidence:
    """What else is known of the time of a run.

    `gaps` without scheduling (newest first); `other`, a run of the schedule that was in its way or took its place; the
    pause of its queue while that lasts.
    """

    gaps: Sequence[Any] = ()
    other: Any = None
    queue_pause: Any = None


class Tense(NamedTuple):
    """How a sentence says that something is or was in the way."""

    be: str
    have: str
    knows: str


WAS, IS = Tense("was", "had", "knew"), Tense("is", "has", "knows")


def first_due(schedule: StoredSchedule | None, run: StoredRun) -> datetime:
    """When the first attempt was due; a retry moves `due_at`."""
    was_retried = run.attempt > 1 or (run.attempts and run.state in (*LIVE_STATES, State.SKIPPED))
    if was_retried and is_of_slot(run) and schedule is not None:
        return run.slot_at + jitter(schedule.id, run.slot_at, schedule.jitter_seconds)
    noted = run.attempts[0].get("due_at") if was_retried and run.attempts else None
    return datetime.fromisoformat(noted) if noted else run.due_at


def is_of_slot(run: StoredRun) -> TypeGuard[SlotRun]:
    """Whether a slot alone has asked for it: people run slots again, too, much later."""
    return run.slot_at is not None and run.trigger == Trigger.SCHEDULE


def first_start(run: StoredRun) -> datetime | None:
    """When the first attempt really started."""
    starts = [attempt["started_at"] for attempt in run.attempts if attempt["started_at"]]
    return datetime.fromisoformat(starts[0]) if starts else run.started_at


def held_back(schedule: StoredSchedule | None, run: StoredRun) -> timedelta:
    """How long a run of one attempt was due and decided, and not published."""
    if run.queued_at is None or run.attempt > 1 or run.state == State.RETRYING:
        return timedelta(0)
    return run.queued_at - max(first_due(schedule, run), run.planned_at)


def delays(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence, until: datetime) -> list[str]:
    """What held a run back after it was due, in the order of time."""
    found, due = [], first_due(schedule, run)
    if evidence.gaps:
        found.append(say_outage(evidence.gaps))
    elif run.planned_at - due > LATE:
        what = "its slot was only decided" if is_of_slot(run) else "it was only known of"
        found.append(f"{what} {say_span(run.planned_at - due)} after it was due")
    if run.waiting_for is not None:
        found.append(say_hindrance(run.waiting_for, run, evidence, WAS))
    elif (held := held_back(schedule, run)) > LATE:
        overlapped = say_hindrance(WaitingFor.OVERLAP, run, evidence, WAS)
        found.append(
            overlapped if evidence.other else f"it was only published {say_span(held)} after it could have been"
        )
    if run.attempt <= 1 and run.queued_at and until - run.queued_at > LATE:
        found.append(f"its message waited {say_span(until - run.queued_at)} in the queue {run.queue} for a worker")
    return found


def say_outage(gaps: Sequence[Any]) -> str:
    """When nobody planned, behind "because"."""
    spans = [f"from {say_instant(gap.started_at)} to {say_instant(gap.ended_at)}" for gap in reversed(gaps)]
    return f"scheduling was down {say_list(spans)}"


def say_hindrance(waiting_for: str, run: StoredRun, evidence: Evidence, tense: Tense) -> str:
    """What a run waits or waited for, behind "because"."""
    match WaitingFor(waiting_for):
        case WaitingFor.ACTOR:
            return f"no worker {tense.have} announced its actor {run.actor}"
        case WaitingFor.WORKER:
            return f"no worker of its queue {run.queue} {tense.knows} its actor {run.actor}"
        case WaitingFor.QUEUE:
            return f"its queue {run.queue} {tense.be} paused"
        case WaitingFor.HOLD:
            return f"everything {tense.be} held"
        case WaitingFor.OVERLAP:
            which = f" ({say_run(evidence.other)})" if evidence.other else ""
            return f"an earlier run of the schedule {tense.be} active{which}"
        case WaitingFor.WINDOW:
            return f"its queue {run.queue} {tense.be} full of messages"


def say_run(run: Any) -> str:
    """A run with what tells it from others."""
    details = [f"slot {say_instant(run.slot_at)}"] if run.slot_at else []
    details += [f"started {say_instant(run.started_at)}"] if run.started_at else []
    details += [f"ended {say_instant(run.finished_at)}"] if run.finished_at else []
    return f"run {run.id}" + (f" ({', '.join(details)})" if details else "")
