"""Why an instant without a row is no slot, or not yet a run, in words. Pure: a schedule and `now` in, a verdict out."""

from datetime import datetime

from models.schedules import StoredSchedule
from models.words.instants import say_instant
from scheduling.explanations.verdict import Because, Verdict, say_list, say_pause
from scheduling.slots.due import has_run_out, spec_of
from scheduling.slots.spec import TICK, Spec, jitter, last_slots, previous_slot, take_slots

SHOWN = 5
_COUNTED = 500


def slot_within_second(schedule: StoredSchedule, at: datetime) -> datetime | None:
    """The slot in the same second as `at` by the present definition, if there is one."""
    second = at.replace(microsecond=0)
    try:
        slots = last_slots(spec_of(schedule), second - TICK, at.replace(microsecond=999_999), 1)
    except (ValueError, OverflowError):
        return None
    return slots[0] if slots else None


def slots_after(schedule: StoredSchedule, at: datetime) -> list[datetime]:
    """The slots after an instant by the present definition; none once `max_runs` has been reached."""
    return [] if has_run_out(schedule) else list(take_slots(spec_of(schedule), at, SHOWN))


def explain_absence(schedule: StoredSchedule, at: datetime, now: datetime, last_tick: datetime | None) -> Verdict:
    """The verdict on an instant that no row of a slot covers. `last_tick` is when scheduling last did a round."""
    slot = slot_within_second(schedule, at)
    if schedule.error is not None and at > schedule.cursor_at:
        verdict = _quarantined(schedule, slot)
    elif slot is None:
        verdict = _explain_no_slot(schedule, at, now)
    else:
        verdict = _explain_slot(schedule, slot, now, last_tick)
    facts = {
        "slot_at": slot,
        "previous_slot_at": _previous(schedule, at),
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
        "version": schedule.version,
        "last_round_at": last_tick,
        "pause": schedule if schedule.paused_at is not None else None,
    }
    return Verdict(verdict.outcome, verdict.because, verdict.is_slot, facts | verdict.facts)


def _quarantined(schedule: StoredSchedule, slot: datetime | None) -> Verdict:
    because = f"The schedule is set aside until it is edited, since it could not be planned: {schedule.error}"
    return Verdict(Because.UNDECIDED, because, is_slot=slot is not None)


def _explain_no_slot(schedule: StoredSchedule, at: datetime, now: datetime) -> Verdict:
    spec = spec_of(schedule)
    if spec == Spec(timezone=spec.timezone, starts_at=spec.starts_at, ends_at=spec.ends_at):
        return _no_slot("The schedule has no times of its own: it only runs when it is triggered.")
    if at < schedule.created_at:
        return _before(f"The schedule was only created at {say_instant(schedule.created_at)}.")
    if spec.ends_at is not None and at > spec.ends_at:
        reason = f"The schedule ended at {say_instant(spec.ends_at)} (ends_at)."
    elif spec.starts_at is not None and at < spec.starts_at:
        reason = f"The schedule has no slot before {say_instant(spec.starts_at)} (starts_at)."
    else:
        reason = f"{say_instant(at)} is not one of its slots."
    return _no_slot(f"{reason}{_neighbours(schedule, at)}{_edited(schedule, at, now)}")


def _explain_slot(schedule: StoredSchedule, slot: datetime, now: datetime, last_tick: datetime | None) -> Verdict:
    if slot < schedule.created_at:
        return _before(f"The schedule was only created at {say_instant(schedule.created_at)}.")
    if _is_in_pause(schedule, slot):
        return _paused(schedule)
    if slot > schedule.cursor_at and _is_beyond_limit(schedule, slot, now):
        return _no_slot(f"The schedule ends with the last of its {schedule.max_runs} runs (max_runs).")
    if slot > now:
        return _future(schedule, slot)
    if slot > schedule.cursor_at and schedule.held_back is not None:
        return Verdict(Because.UNDECIDED, f"It is due, and nothing of it is planned for now: {schedule.held_back}.")
    if slot > schedule.cursor_at:
        round_ = f"the last round was at {say_instant(last_tick)}" if last_tick else "none has ever done a round"
        return Verdict(Because.UNDECIDED, f"It is due, but no scheduling process has decided it yet; {round_}.")
    return _unrecorded(schedule, slot)


def _paused(schedule: StoredSchedule) -> Verdict:
    until = f", until {say_instant(schedule.paused_until)}" if schedule.paused_until else ""
    assert schedule.paused_at is not None, "it is in a pause"
    paused = say_pause(schedule.paused_at, schedule.paused_by, schedule.pause_reason)
    return Verdict(Because.PAUSED, f"The schedule was paused {paused}{until}; no slot of a pause runs.")


def _future(schedule: StoredSchedule, slot: datetime) -> Verdict:
    moved = jitter(schedule.id, slot, schedule.jitter_seconds)
    by_jitter = ", its slot with its jitter" if moved else ""
    hindrance = "" if schedule.actor_announced else f" Up to now no worker has announced its actor {schedule.actor}."
    facts = {"due_at": slot + moved, "jitter_seconds": moved.total_seconds()}
    return Verdict(Because.FUTURE, f"It will run at {say_instant(slot + moved)}{by_jitter}.{hindrance}", facts=facts)


def _unrecorded(schedule: StoredSchedule, slot: datetime) -> Verdict:
    """A slot by the present definition that has been passed, and has no row."""
    if _was_edited_after(schedule, slot):
        return _before(
            "No row of this time is kept. By the present definition it is a slot, but the schedule was edited later"
            f" (it is at version {schedule.version}, last changed at {say_instant(schedule.updated_at)}), and earlier"
            " definitions are not known."
        )
    if has_run_out(schedule):
        return _no_slot(f"The schedule had ended with the last of its {schedule.max_runs} runs (max_runs).")
    return Verdict(
        Because.UNDECIDED, "It has been decided, but its row is not kept any more: most likely retention removed it."
    )


def _neighbours(schedule: StoredSchedule, at: datetime) -> str:
    following, before = slots_after(schedule, at), _previous(schedule, at)
    next_ = f" The next ones are {say_list([say_instant(slot) for slot in following])}." if following else ""
    if len(following) == 1:
        next_ = f" The next one is {say_instant(following[0])}."
    previous = f" The previous one was {say_instant(before)}." if before else ""
    return f"{next_}{previous}"


def _edited(schedule: StoredSchedule, at: datetime, now: datetime) -> str:
    if at > now or not _was_edited_after(schedule, at):
        return ""
    return " That is by the present definition, the only one that is known: the schedule was edited later."


def _was_edited_after(schedule: StoredSchedule, at: datetime) -> bool:
    # A pause moves `updated_at` too, so this may say yes where only the state of the schedule was changed.
    return bool(schedule.version > 1 and at <= schedule.updated_at)


def _is_in_pause(schedule: StoredSchedule, slot: datetime) -> bool:
    if schedule.paused_at is None or slot <= schedule.paused_at:
        return False
    return schedule.paused_until is None or slot <= schedule.paused_until


def _is_beyond_limit(schedule: StoredSchedule, slot: datetime, now: datetime) -> bool:
    """Whether `max_runs` will be reached before the slot, if every slot until then runs. Looks 500 slots ahead."""
    if schedule.max_runs is None:
        return False
    left = max(0, schedule.max_runs - schedule.slots_run)
    if left > _COUNTED:
        return False
    allowed = list(take_slots(spec_of(schedule), max(schedule.cursor_at, schedule.paused_until or now), left))
    return len(allowed) == left and (not allowed or slot > allowed[-1])


def _previous(schedule: StoredSchedule, at: datetime) -> datetime | None:
    try:
        return previous_slot(spec_of(schedule), at.replace(microsecond=0))
    except (ValueError, OverflowError):
        return None


def _no_slot(because: str) -> Verdict:
    return Verdict(Because.NOT_A_SLOT, because, is_slot=False)


def _before(because: str) -> Verdict:
    return Verdict(Because.BEFORE_SCHEDULE, because, is_slot=False)
