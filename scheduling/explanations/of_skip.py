"""Why slots that have a row were skipped, in words. Pure."""

from datetime import datetime
from typing import Any

from models.runs import StoredRun
from models.schedules import StoredSchedule
from models.words.instants import say_instant
from models.words.states import SkipReason
from scheduling.explanations.delays import Evidence, delays, first_due, say_outage, say_run
from scheduling.explanations.verdict import say_list, say_pause, say_span
from scheduling.slots.decisions import CATCHUP_LIMIT
from scheduling.slots.due import has_run_out


def say_skip(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence) -> str:
    """Why the slot, or each of a range, was skipped."""
    subject = "it was" if run.slot_until is None else f"{say_range(run)}"
    return f"{subject[0].upper()}{subject[1:]} skipped because {_skip_cause(schedule, run, evidence)}."


def say_range(run: Any) -> str:
    """The slots of a range, in front of what became of them. Where it could not be planned their number is unknown."""
    span = f"from {say_instant(run.slot_at)} to {say_instant(run.slot_until)}"
    return f"the {run.slots} slots {span} were" if run.slots > 1 else f"what was due {span} was"


def _skip_cause(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence) -> str:
    match SkipReason(run.reason or ""):
        case SkipReason.OVERLAP:
            return _overlap(run, evidence.other)
        case SkipReason.MISSED if run.result is not None:
            return f"the schedule was set aside then, since it could not be planned: {run.result['error']}"
        case SkipReason.MISSED:
            return f"{_lateness(run, evidence)}, and its catch-up policy makes up for nothing that late"
        case SkipReason.COALESCED:
            return f"{_lateness(run, evidence)}, and of the slots missed another one stands for all"
        case SkipReason.LIMIT if schedule is not None and has_run_out(schedule):
            return f"the schedule had reached its limit of {schedule.max_runs} runs (max_runs)"
        case SkipReason.LIMIT:
            return f"{_lateness(run, evidence)}, and at most {CATCHUP_LIMIT} slots are made up for at once"
        case SkipReason.DEADLINE:
            return _deadline(schedule, run, evidence)
        case SkipReason.PAUSED:
            return _pause(schedule, run)
        case SkipReason.CALENDAR:
            return "its calendar leaves that time out"


def _overlap(run: StoredRun, other: Any) -> str:
    if other is None:
        return "an earlier run of the schedule was still active"
    was_running = other.started_at is not None and other.started_at <= run.planned_at
    return f"{say_run(other)} was still {'running' if was_running else 'waiting'}"


def _lateness(run: StoredRun, evidence: Evidence) -> str:
    if evidence.gaps:
        return say_outage(evidence.gaps)
    late = run.planned_at - (run.slot_at or run.due_at)
    return f"it was only decided at {say_instant(run.planned_at)}, {say_span(late)} later"


def _deadline(schedule: StoredSchedule | None, run: StoredRun, evidence: Evidence) -> str:
    assert run.deadline_at is not None, "it has missed one"
    assert run.finished_at is not None, "a skip ends when it is decided"
    reasons = say_list(delays(schedule, run, evidence, run.finished_at))
    why = f": {reasons}" if reasons else ""
    allowed = say_span(run.deadline_at - first_due(schedule, run))
    return f"it had not started by its deadline {say_instant(run.deadline_at)}, {allowed} after it was due{why}"


def _pause(schedule: StoredSchedule | None, run: StoredRun) -> str:
    if run.result is not None:
        return f"the schedule was paused {_recorded_pause(run, run.result)}"
    if schedule is not None and schedule.paused_at is not None and schedule.paused_at <= (run.slot_at or run.due_at):
        paused = say_pause(schedule.paused_at, schedule.paused_by, schedule.pause_reason)
        return f"the schedule was paused {paused}"
    return f"the schedule was paused until {say_instant(run.planned_at)}"


def _recorded_pause(run: StoredRun, pause: dict[str, str]) -> str:
    """Who paused it, when and why, and how that ended, if it had ended when the slots were decided."""
    since = datetime.fromisoformat(pause["paused_at"])
    paused = say_pause(since, pause.get("paused_by"), pause.get("pause_reason"))
    if run.created_by is not None:
        return f"{paused}, and resumed by {run.created_by} at {say_instant(run.planned_at)}"
    until = datetime.fromisoformat(pause["paused_until"]) if "paused_until" in pause else None
    return paused if until is None or until > run.planned_at else f"{paused}, until {say_instant(until)}"
