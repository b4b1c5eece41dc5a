"""Why a slot that has a row ran, waits, failed or was skipped, in words. Pure: rows and `now` in, a verdict out."""

from datetime import datetime

from api.explanations.delays import IS, Evidence, delays, first_due, first_start, say_hindrance, say_run
from api.explanations.of_skip import say_skip
from api.explanations.verdict import LATE, Because, Verdict, say_list, say_pause, say_span
from models.runs import SlotRun
from models.schedules import StoredSchedule
from models.words.instants import say_instant
from models.words.states import State

_ERROR_CHARACTERS = 300


def explain_run(schedule: StoredSchedule, run: SlotRun, evidence: Evidence, now: datetime) -> Verdict:
    """The verdict on a row of `models.runs.get_slot_run`, by its schedule, which may have been edited since."""
    match State(run.state):
        case State.SKIPPED:
            outcome, because = Because.SKIPPED, say_skip(schedule, run, evidence)
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


def _ran(schedule: StoredSchedule, run: SlotRun, evidence: Evidence) -> str:
    attempts = f", and succeeded at attempt {run.attempt}" if run.attempt > 1 else ""
    return f"{_start(schedule, run, evidence)}{attempts}."


def _failed(schedule: StoredSchedule, run: SlotRun, evidence: Evidence) -> str:
    attempts = f" after {run.attempt} attempts" if run.attempt > 1 else ""
    return f"It failed{attempts}{_error(run)}. {_start(schedule, run, evidence)}."


def _running(schedule: StoredSchedule, run: SlotRun, evidence: Evidence, now: datetime) -> str:
    if run.started_at is None:
        return "A worker has taken it and is about to start it."
    attempt = f", at attempt {run.attempt}" if run.attempt > 1 else ""
    stop = " It has been asked to stop." if run.cancel_requested_at else ""
    so_far = f"It has been running for {say_span(now - run.started_at)}{attempt}."
    return f"{so_far}{stop} {_start(schedule, run, evidence)}."


def _start(schedule: StoredSchedule, run: SlotRun, evidence: Evidence) -> str:
    """How punctual the start was, and if it was late, why; without a full stop."""
    due, started = first_due(schedule, run), first_start(run)
    jittered = due - run.slot_at
    when = f"{say_instant(due)}, {say_span(jittered)} after its slot by its jitter" if jittered else say_instant(due)
    if started is None:
        return f"It was due at {when}"
    if started - due <= LATE:
        return f"It ran on time: due at {when}, it started {say_span(started - due)} later"
    reasons = say_list(delays(schedule, run, evidence, started)) or "of something that was not recorded"
    return f"It ran {say_span(started - due)} late because {reasons}; it was due at {when}"


def _waiting(run: SlotRun, evidence: Evidence, now: datetime) -> str:
    if run.state == State.RETRYING and run.due_at > now:
        return f"Attempt {run.attempt} ended{_error(run)}; the next one is due at {say_instant(run.due_at)}."
    if run.due_at > now:
        moved = say_span(run.due_at - run.slot_at)
        return f"It is due at {say_instant(run.due_at)}, {moved} after its slot by its jitter."
    due_for = f"It has been due for {say_span(now - run.due_at)}"
    if (pause := evidence.queue_pause) is not None:
        paused = say_pause(pause.paused_at, pause.paused_by, pause.pause_reason)
        return f"{due_for}, and waits because its queue {run.queue} was paused {paused}."
    if run.state == State.QUEUED:
        since = say_instant(run.queued_at or run.planned_at)
        return f"Its message has waited in the queue {run.queue} for a worker since {since}."
    if run.waiting_for is not None:
        return f"{due_for}, and waits because {say_hindrance(run.waiting_for, run, evidence, IS)}."
    return f"{due_for}, and is about to be published."


def _cancelled(run: SlotRun, evidence: Evidence) -> str:
    during = "while it ran" if first_start(run) else "before it started"
    successor = f", to let {say_run(evidence.other)} go in its stead" if evidence.other else ""
    at = run.cancel_requested_at or run.finished_at or run.planned_at
    return f"It was cancelled at {say_instant(at)}, {during}{successor}."


def _error(run: SlotRun) -> str:
    if run.error_type is None:
        return ""
    text = f"{run.error_type}: {run.error_message}" if run.error_message else run.error_type
    return f" with {text if len(text) <= _ERROR_CHARACTERS else text[: _ERROR_CHARACTERS - 1] + '…'}".rstrip(".")
