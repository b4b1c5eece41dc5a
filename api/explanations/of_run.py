"""Why a slot that has a row ran, waits, failed or was skipped, in words. Pure: rows and `now` in, a verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.explanations.verdict import LATE, Because, Verdict, say_instant, say_list, say_pause, say_span
from models.states import SkipReason, State, WaitingFor
from scheduling.slots.decisions import CATCHUP_LIMIT
from scheduling.slots.spec import jitter

_ERROR_CHARACTERS = 300


@dataclass(frozen=True)
class Evidence:
    """What else is known of the time of a run.

    `gaps` without scheduling (newest first); `other`, a run of the schedule that was in its way or took its place; the
    pause of its queue while that lasts.
    """

    gaps: Sequence[Any] = ()
    other: Any = None
    queue_pause: Any = None


def explain_run(schedule: Any, run: Any, evidence: Evidence, now: datetime) -> Verdict:
    """The verdict on a row of `models.runs.get_run`, by its schedule, which may have been edited since."""
    match State(run.state):
        case State.SKIPPED:
            outcome, because = Because.SKIPPED, _skipped(schedule, run, evidence)
        case State.SUCCEEDED:
            outcome, because = Because.RAN, _ran(schedule, run, evidence)
        case State.FAILED:
            outcome, because = Because.FAILED, _failed(schedule, run, evidence)
        case State.CANCELLED:
            outcome, because = Because.CANCELLED, _cancelled(run, evidence)
        case State.RUNNING:
            outcome, because = Because.RUNNING, _running(schedule, run, evidence, now)
        case _:
            outcome, because = Because.WAITING, _waiting(run, evidence, now)
    due, started = first_due(schedule, run), first_start(run)
    facts = {
        "slot_at": run.slot_at,
        "due_at": due,
        "decided_at": run.planned_at,
        "deadline_at": run.deadline_at,
        "jitter_seconds": (due - run.slot_at).total_seconds(),
        "lateness_seconds": (started - due).total_seconds() if started else None,
        "scheduling_gaps": evidence.gaps,
        "other_run": evidence.other,
        "queue_pause": evidence.queue_pause,
    }
    return Verdict(outcome, because, facts=facts)


def first_due(schedule: Any, run: Any) -> datetime:
    """When the first attempt was due; a retry moves `due_at`."""
    was_retried = run.attempt > 1 or run.state == State.RETRYING
    due: datetime = run.due_at
    return run.slot_at + jitter(schedule.id, run.slot_at, schedule.jitter_seconds) if was_retried else due


def first_start(run: Any) -> datetime | None:
    """When the first attempt really started."""
    starts = [attempt["started_at"] for attempt in run.attempts if attempt["started_at"]]
    started: datetime | None = datetime.fromisoformat(starts[0]) if starts else run.started_at
    return started


def held_back(schedule: Any, run: Any) -> timedelta:
    """How long a run of one attempt was due and decided, and not published."""
    if run.queued_at is None or run.attempt > 1 or run.state == State.RETRYING:
        return timedelta(0)
    held: timedelta = run.queued_at - max(first_due(schedule, run), run.planned_at)
    return held


def _ran(schedule: Any, run: Any, evidence: Evidence) -> str:
    attempts = f", and succeeded at attempt {run.attempt}" if run.attempt > 1 else ""
    return f"{_start(schedule, run, evidence)}{attempts}."


def _failed(schedule: Any, run: Any, evidence: Evidence) -> str:
    attempts = f" after {run.attempt} attempts" if run.attempt > 1 else ""
    return f"It failed{attempts}{_error(run)}. {_start(schedule, run, evidence)}."


def _running(schedule: Any, run: Any, evidence: Evidence, now: datetime) -> str:
    if run.started_at is None:
        return "A worker has taken it and is about to start it."
    attempt = f", at attempt {run.attempt}" if run.attempt > 1 else ""
    stop = " It has been asked to stop." if run.cancel_requested_at else ""
    so_far = f"It has been running for {say_span(now - run.started_at)}{attempt}."
    return f"{so_far}{stop} {_start(schedule, run, evidence)}."


def _start(schedule: Any, run: Any, evidence: Evidence) -> str:
    """How punctual the start was, and if it was late, why; without a full stop."""
    due, started = first_due(schedule, run), first_start(run)
    jittered = due - run.slot_at
    when = f"{say_instant(due)}, {say_span(jittered)} after its slot by its jitter" if jittered else say_instant(due)
    if started is None:
        return f"It was due at {when}"
    if started - due <= LATE:
        return f"It ran on time: due at {when}, it started {say_span(started - due)} later"
    reasons = say_list(_delays(schedule, run, evidence, started)) or "of something that was not recorded"
    return f"It ran {say_span(started - due)} late because {reasons}; it was due at {when}"


def _delays(schedule: Any, run: Any, evidence: Evidence, until: datetime) -> list[str]:
    """What held a run back after it was due, in the order of time."""
    found, due = [], first_due(schedule, run)
    if evidence.gaps:
        found.append(_outage(evidence.gaps))
    elif run.planned_at - due > LATE:
        found.append(f"its slot was only decided {say_span(run.planned_at - due)} after it was due")
    if run.waiting_for is not None:
        found.append(_hindrance(run.waiting_for, run, evidence, "was", "had"))
    elif (held := held_back(schedule, run)) > LATE:
        overlapped = _hindrance(WaitingFor.OVERLAP, run, evidence, "was", "had")
        found.append(
            overlapped if evidence.other else f"it was only published {say_span(held)} after it could have been"
        )
    if run.attempt <= 1 and run.queued_at and until - run.queued_at > LATE:
        found.append(f"its message waited {say_span(until - run.queued_at)} in the queue {run.queue} for a worker")
    return found


def _outage(gaps: Sequence[Any]) -> str:
    spans = [f"from {say_instant(gap.started_at)} to {say_instant(gap.ended_at)}" for gap in reversed(gaps)]
    return f"scheduling was down {say_list(spans)}"


def _hindrance(waiting_for: str, run: Any, evidence: Evidence, be: str, have: str) -> str:
    match WaitingFor(waiting_for):
        case WaitingFor.ACTOR:
            return f"no worker {have} announced its actor {run.actor}"
        case WaitingFor.QUEUE:
            return f"its queue {run.queue} {be} paused"
        case WaitingFor.OVERLAP:
            which = f" ({_name(evidence.other)})" if evidence.other else ""
            return f"an earlier run of the schedule {be} active{which}"
        case WaitingFor.WINDOW:
            return f"its queue {run.queue} {be} full of messages"


def _waiting(run: Any, evidence: Evidence, now: datetime) -> str:
    if run.state == State.QUEUED:
        since = say_instant(run.queued_at or run.planned_at)
        return f"Its message has waited in the queue {run.queue} for a worker since {since}."
    if run.state == State.RETRYING and run.due_at > now:
        return f"Attempt {run.attempt} ended{_error(run)}; the next one is due at {say_instant(run.due_at)}."
    if run.due_at > now:
        moved = say_span(run.due_at - run.slot_at)
        return f"It is due at {say_instant(run.due_at)}, {moved} after its slot by its jitter."
    due_for = f"It has been due for {say_span(now - run.due_at)}"
    if (pause := evidence.queue_pause) is not None:
        paused = say_pause(pause.paused_at, pause.paused_by, pause.pause_reason)
        return f"{due_for}, and waits because its queue {run.queue} was paused {paused}."
    if run.waiting_for is not None:
        return f"{due_for}, and waits because {_hindrance(run.waiting_for, run, evidence, 'is', 'has')}."
    return f"{due_for}, and is about to be published."


def _cancelled(run: Any, evidence: Evidence) -> str:
    during = "while it ran" if first_start(run) else "before it started"
    successor = f", to let {_name(evidence.other)} go in its stead" if evidence.other else ""
    return f"It was cancelled at {say_instant(run.cancel_requested_at or run.finished_at)}, {during}{successor}."


def _skipped(schedule: Any, run: Any, evidence: Evidence) -> str:
    subject = "It was"
    if run.slots > 1:
        subject = f"The {run.slots} slots from {say_instant(run.slot_at)} to {say_instant(run.slot_until)} were"
    return f"{subject} skipped because {_skip_cause(schedule, run, evidence)}."


def _skip_cause(schedule: Any, run: Any, evidence: Evidence) -> str:
    match SkipReason(run.reason):
        case SkipReason.OVERLAP:
            return _overlap(run, evidence.other)
        case SkipReason.MISSED:
            return f"{_lateness(run, evidence)}, and its catch-up policy makes up for nothing that late"
        case SkipReason.COALESCED:
            return f"{_lateness(run, evidence)}, and of the slots missed another one stands for all"
        case SkipReason.LIMIT if schedule.max_runs is not None and schedule.slots_run >= schedule.max_runs:
            return f"the schedule had reached its limit of {schedule.max_runs} runs (max_runs)"
        case SkipReason.LIMIT:
            return f"{_lateness(run, evidence)}, and at most {CATCHUP_LIMIT} slots are made up for at once"
        case SkipReason.DEADLINE:
            return _deadline(schedule, run, evidence)
        case SkipReason.PAUSED:
            return _pause(schedule, run)
        case SkipReason.CALENDAR:
            return "its calendar leaves that time out"


def _overlap(run: Any, other: Any) -> str:
    if other is None:
        return "an earlier run of the schedule was still active"
    was_running = other.started_at is not None and other.started_at <= run.planned_at
    return f"{_name(other)} was still {'running' if was_running else 'waiting'}"


def _lateness(run: Any, evidence: Evidence) -> str:
    if evidence.gaps:
        return _outage(evidence.gaps)
    return f"it was only decided at {say_instant(run.planned_at)}, {say_span(run.planned_at - run.slot_at)} later"


def _deadline(schedule: Any, run: Any, evidence: Evidence) -> str:
    reasons = say_list(_delays(schedule, run, evidence, run.finished_at))
    why = f": {reasons}" if reasons else ""
    allowed = say_span(run.deadline_at - run.due_at)
    return f"it had not started by its deadline {say_instant(run.deadline_at)}, {allowed} after it was due{why}"


def _pause(schedule: Any, run: Any) -> str:
    if schedule.paused_at is not None and schedule.paused_at <= run.slot_at:
        paused = say_pause(schedule.paused_at, schedule.paused_by, schedule.pause_reason)
        return f"the schedule was paused {paused}"
    return f"the schedule was paused until {say_instant(run.planned_at)}"


def _name(run: Any) -> str:
    """A run with what tells it from others."""
    details = [f"slot {say_instant(run.slot_at)}"] if run.slot_at else []
    details += [f"started {say_instant(run.started_at)}"] if run.started_at else []
    details += [f"ended {say_instant(run.finished_at)}"] if run.finished_at else []
    return f"run {run.id}" + (f" ({', '.join(details)})" if details else "")


def _error(run: Any) -> str:
    if run.error_type is None:
        return ""
    text = f"{run.error_type}: {run.error_message}" if run.error_message else run.error_type
    return f" with {text if len(text) <= _ERROR_CHARACTERS else text[: _ERROR_CHARACTERS - 1] + '…'}".rstrip(".")
