"""Why what waits in a queue waits, in words. Pure."""

from datetime import datetime, timedelta
from typing import Any

from models.words.instants import say_instant
from models.words.states import Hindrance
from scheduling.explanations.verdict import say_span


def say_why(queue: Any) -> str | None:
    """What the run waits for that has been due for longest; None where nothing is in its way, or nothing waits."""
    if queue.waiting_for is None:
        return None
    match Hindrance(queue.waiting_for):
        case Hindrance.HOLD:
            return f"everything is held by {queue.held_by}{_until(queue.held_until)}: {queue.hold_reason}"
        case Hindrance.QUEUE:
            return f"the queue is paused by {queue.paused_by} until it is resumed{_reason(queue.pause_reason)}"
        case Hindrance.ACTOR:
            return f"no worker has announced the actor {queue.actor}"
        case Hindrance.WORKER:
            return f"no worker of this queue knows the actor {queue.actor}"
        case Hindrance.SCHEDULING:
            return _no_round(queue.tick_age_seconds)
        case Hindrance.OVERLAP:
            return f"an earlier run of the schedule {queue.schedule_name} is active"
        case Hindrance.WINDOW:
            return f"it waits for room among the {queue.queued:,} runs that the broker has{_if_busy(queue)}"
        case Hindrance.BUSY:
            return f"the broker has it, and {_threads(queue)}"


def _until(instant: datetime | None) -> str:
    return f" until {say_instant(instant)}" if instant else ""


def _reason(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _no_round(seconds: float | None) -> str:
    if seconds is None:
        return "no scheduling process has ever done a round"
    return f"no scheduling process has done a round for {say_span(timedelta(seconds=seconds))}"


def _if_busy(queue: Any) -> str:
    return f", and {_threads(queue)}" if queue.threads and queue.busy >= queue.threads else ""


def _threads(queue: Any) -> str:
    many = (
        f"all {queue.threads} threads of its workers are" if queue.threads > 1 else "the only thread of its worker is"
    )
    return f"{many} busy"
