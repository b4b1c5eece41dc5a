"""Why a run ran, waits, failed or was skipped, in words. Pure: rows and `now` in, a verdict out."""

from datetime import datetime, timedelta
from typing import NamedTuple

from models.runs import StoredRun
from models.schedules import StoredSchedule
from models.words.instants import say_instant
from models.words.states import State
from scheduling.explanations.delays import (
    IS,
    Evidence,
    delays,
    first_due,
    first_start,
    is_of_slot,
    say_hindrance,
    say_run,
)
from scheduling.explanations.of_skip import say_skip
from scheduling.explanations.verdict import LATE, Because, Verdict, say_list, say_pause, say_span

_ERROR_CHARACTERS = 300


class Lasts(NamedTuple):
    """How it is said for how long something has lasted."""

    present: datetime
    is_lasting: bool

    def say(self, since: datetime) -> str:
        """Since when, or for how long."""
        return f"since {say_instant(since)}" if self.is_lasting else f"for {say_span(self.present - since)}"


def explain_run(
    schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence, now: datetime, *, is_lasting: bool = False
) -> Verdict:
    """The verdict on a run, by its schedule, which may have been edited since; None for one of no schedule.

    `is_lasting`: instants in place of what has passed up to now, so that the words stay while nothing happens.
    """
    lasts = Lasts(now, is_lasting)
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
            outcome, because = Because.RUNNING, _running(schedule, run, evidence, lasts)
        case _:
            outcome, because = Because.WAITING, _waiting(run, evidence, lasts)
    due, started = first_due(schedule, run), first_start(run)
    facts = {
        "slot_at": run.slot_at,
        "due_at": due,
        "decided_at": run.planned_at,
        "deadline_at": run.deadline_at,
        "jitter_seconds": _jittered(run, due).total_seconds() if run.slot_at else None,
        "lateness_seconds": (started - due).total_seconds() if started else None,
        "scheduling_gaps": evidence.gaps,
        "other_run": evidence.other,
        "queue_pause": evidence.queue_pause,
    }
    return Verdict(outcome, because, facts=facts)


def _ran(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence) -> str:
    attempts = f", and succeeded at attempt {run.attempt}" if run.attempt > 1 else ""
    return f"{_start(schedule, run, evidence)}{attempts}."


def _failed(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence) -> str:
    attempts = f" after {run.attempt} attempts" if run.attempt > 1 else ""
    return f"It failed{attempts}{_error(run)}. {_start(schedule, run, evidence)}."


def _running(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence, lasts: Lasts) -> str:
    if run.started_at is None:
        return "A worker has taken it and is about to start it."
    attempt = f", at attempt {run.attempt}" if run.attempt > 1 else ""
    stop = " It has been asked to stop." if run.cancel_requested_at else ""
    so_far = f"It has been running {lasts.say(run.started_at)}{attempt}."
    return f"{so_far}{stop} {_start(schedule, run, evidence)}."


def _start(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence) -> str:
    """How punctual the start was, and if it was late, why; without a full stop."""
    due, started = first_due(schedule, run), first_start(run)
    jittered = _jittered(run, due)
    when = f"{say_instant(due)}, {say_span(jittered)} after its slot by its jitter" if jittered else say_instant(due)
    if started is None:
        return f"It was due at {when}"
    if started - due <= LATE:
        return f"It ran on time: due at {when}, it started {say_span(started - due)} later"
    reasons = say_list(delays(schedule, run, evidence, started)) or "of something that was not recorded"
    return f"It ran {say_span(started - due)} late because {reasons}; it was due at {when}"


def _waiting(run: StoredRun, evidence: Evidence, lasts: Lasts) -> str:
    if run.state == State.RETRYING and run.due_at > lasts.present:
        return f"Attempt {run.attempt} ended{_error(run)}; the next one is due at {say_instant(run.due_at)}."
    if run.due_at > lasts.present:
        moved = _jittered(run, run.due_at)
        by_jitter = f", {say_span(moved)} after its slot by its jitter" if moved else ""
        return f"It is due at {say_instant(run.due_at)}{by_jitter}."
    due_for = f"It has been due {lasts.say(run.due_at)}"
    if (pause := evidence.queue_pause) is not None:
        paused = say_pause(pause.paused_at, pause.paused_by, pause.pause_reason)
        return f"{due_for}, and waits because its queue {run.queue} was paused {paused}."
    if run.state == State.QUEUED:
        since = say_instant(run.queued_at or run.planned_at)
        return f"Its message has waited in the queue {run.queue} for a worker since {since}."
    if run.waiting_for is not None:
        return f"{due_for}, and waits because {say_hindrance(run.waiting_for, run, evidence, IS)}."
    return f"{due_for}, and is about to be published."


def _cancelled(run: StoredRun, evidence: Evidence) -> str:
    during = "while it ran" if first_start(run) else "before it started"
    successor = f", to let {say_run(evidence.other)} go in its stead" if evidence.other else ""
    at = run.cancel_requested_at or run.finished_at or run.planned_at
    return f"It was cancelled at {say_instant(at)}, {during}{successor}."


def _error(run: StoredRun) -> str:
    if run.error_type is None:
        return ""
    text = f"{run.error_type}: {run.error_message}" if run.error_message else run.error_type
    return f" with {text if len(text) <= _ERROR_CHARACTERS else text[: _ERROR_CHARACTERS - 1] + '…'}".rstrip(".")


def _jittered(run: StoredRun, due: datetime) -> timedelta:
    """How long after its slot a run was first due by its jitter."""
    return due - run.slot_at if is_of_slot(run) else timedelta(0)
