"""The rows of the timeline: what ran of each schedule, and what it has to come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from api.dashboard.charts import Row, Span
from api.dashboard.frame.asking import link_with
from api.dashboard.timeline.window import Window
from api.shapes.spans import say_span
from models.forecast import EACH, FEW, Ran
from models.schedules import StoredSchedule
from models.words.instants import say_instant, write_instant
from models.words.states import State
from scheduling.slots.due import spec_of
from scheduling.slots.spec import TICK, Spec, count_slots, take_slots

CELLS = 24
"""Where more than a few of a schedule are in one of so many cells, they are drawn as one, with their number."""

WORST_FIRST = (
    State.FAILED, State.RUNNING, State.RETRYING, State.QUEUED, State.PLANNED, State.CANCELLED, State.SUCCEEDED,
    State.SKIPPED,
)  # fmt: skip
_SHORTEST = timedelta(seconds=1)


def rows_of(
    schedules: Sequence[StoredSchedule], ran: Sequence[Ran], usual: Mapping[UUID, timedelta], window: Window
) -> tuple[Row, ...]:
    """One row a schedule."""
    by_schedule: defaultdict[UUID, list[Ran]] = defaultdict(list)
    for each in ran:
        by_schedule[each.schedule_id].append(each)
    return tuple(
        Row(
            schedule.name,
            link_with(f"/schedules/{schedule.name}", {}),
            (
                *(_span(schedule.name, each, usual.get(schedule.id), window) for each in by_schedule[schedule.id]),
                *_coming(schedule, usual.get(schedule.id), window),
            ),
        )
        for schedule in schedules
    )


def left_out(schedules: Sequence[StoredSchedule], ran: Sequence[Ran], window: Window) -> list[tuple[str, datetime]]:
    """Of which schedules there may be more, and before when."""
    names = {schedule.id: schedule.name for schedule in schedules}
    found = {each.schedule_id: each.oldest for each in ran if each.seen >= EACH and each.oldest > window.since}
    return [(names[schedule], oldest) for schedule, oldest in found.items()]


def _span(name: str, ran: Ran, usual: timedelta | None, window: Window) -> Span:
    states = [state for state in WORST_FIRST if ran.states.get(state)]
    ended = ran.ended or max(window.now, ran.began)
    if ran.runs > 1:
        counts = ", ".join(f"{ran.states[state]} {state}" for state in states)
        cell = window.length / CELLS
        begin = window.since + (ran.began - window.since) // cell * cell
        only = {"schedule": name, "since": write_instant(begin), "until": write_instant(begin + cell)}
        return Span(ran.began, ended, states[0], f"{ran.runs} runs ({counts})", link_with("/runs", only), ran.runs)
    if states[0] is State.SKIPPED and ran.slots > 1:
        label = f"{ran.slots} slots"
    elif ran.ended is None:
        label = "run"
        if ran.began >= window.now:
            ended = ran.began + (usual or _SHORTEST)
    else:
        label = f"run of {say_span((ran.ended - ran.began).total_seconds())}" if ran.ended > ran.began else "slot"
    return Span(ran.began, ended, states[0], label, f"/runs/{ran.id}")


def _coming(schedule: StoredSchedule, usual: timedelta | None, window: Window) -> tuple[Span, ...]:
    """The slots to come: none while it is paused, as many as its `max_runs` leaves."""
    if schedule.error is not None or (schedule.paused_at is not None and schedule.paused_until is None):
        return ()
    spec, before = spec_of(schedule), max(window.since, window.now) - TICK
    left = None if schedule.max_runs is None else max(0, schedule.max_runs - schedule.slots_run)
    after = max(before, schedule.cursor_at, schedule.paused_until or before)
    try:
        return _slots(spec, after, left, usual or _SHORTEST, window)
    except (ValueError, OverflowError):  # planning will set it aside, and say what is wrong
        return ()


# A page is asked for time and again, and for minutes the slots to come are the same.
@lru_cache(maxsize=2048)
def _slots(spec: Spec, after: datetime, left: int | None, lasts: timedelta, window: Window) -> tuple[Span, ...]:
    cell, spans = window.length / CELLS, []
    for number in range(CELLS):
        begin, end = max(after, window.since + number * cell - TICK), window.since + (number + 1) * cell - TICK
        found = count_slots(spec, begin, end) if begin < end else 0
        if left is not None:
            found = min(found, left)
            left -= found
        if found > FEW:
            spans.append(Span(begin + TICK, end, "planned", f"{found} slots to come", None, found))
            continue
        slots = take_slots(spec, begin, found)
        spans += [Span(slot, slot + lasts, "planned", f"slot of {say_instant(slot)}") for slot in slots]
    return tuple(spans)
