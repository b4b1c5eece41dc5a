"""Why a schedule did or did not run at a time, as the API shows it: read from rows, and said in words."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from api.shapes.run_json import RunJson, show_row
from api.web.fields import Moment
from models.runs import SlotRun, get_slot_run
from models.schedules import StoredSchedule
from models.slots import list_slots, read_last_tick
from models.sql.clock import read_clock
from models.words.states import State
from scheduling.explaining.evidence import gather
from scheduling.explanations.of_run import explain_run
from scheduling.explanations.of_skip import say_range
from scheduling.explanations.of_slot import explain_absence, slot_within_second, slots_after
from scheduling.explanations.verdict import Because, Verdict


class Fact(BaseModel):
    """Read from rows."""

    model_config = ConfigDict(from_attributes=True)


class GapJson(Fact):
    """A time in which no scheduling process did its round."""

    started_at: Moment
    ended_at: Moment


class OtherRun(Fact):
    """Another run of the schedule."""

    id: UUID
    state: State
    slot_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None


class PauseJson(Fact):
    """A pause that lasts: of the schedule, or of a queue."""

    paused_at: Moment
    paused_until: Moment | None = None
    pause_reason: str | None
    paused_by: str | None


class FactsJson(BaseModel):
    """What the sentence is made of. Null where it has no part in it."""

    slot_at: Moment | None = Field(default=None, description="The slot, or the first of a range of skipped ones.")
    due_at: Moment | None = Field(default=None, description="The slot with its jitter; retries don't move it.")
    decided_at: Moment | None = None
    deadline_at: Moment | None = None
    jitter_seconds: float | None = None
    lateness_seconds: float | None = Field(default=None, description="Of the first attempt.")
    previous_slot_at: Moment | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    version: int | None = None
    declared_by: str | None = Field(default=None, description="Who has declared the present definition in code.")
    last_round_at: Moment | None = Field(default=None, description="When a scheduling process last did a round.")
    scheduling_gaps: list[GapJson] = Field(default=[], description="Between slot and decision, newest first.")
    other_run: OtherRun | None = Field(default=None, description="The run that was in its way, or took its place.")
    pause: PauseJson | None = Field(default=None, description="The pause of the schedule, while it lasts.")
    queue_pause: PauseJson | None = Field(default=None, description="The pause of its queue, while the run waits.")


class ExplanationJson(BaseModel):
    """What became of an instant of a schedule, and why."""

    at: Moment
    is_slot: bool
    outcome: Because
    because: str = Field(description="In English, for people; times are in UTC.")
    facts: FactsJson
    run: RunJson | None = Field(description="The run of the slot, or the record of the skipped slots it is one of.")
    next_slots: list[Moment] = Field(description="Up to five slots after `at`, by the present definition.")


def explain(connection: sa.Connection, schedule: StoredSchedule, at: datetime) -> ExplanationJson:
    """What became of an instant of the schedule. Rows of what happened win over what the present definition says."""
    verdict, run = _judge(connection, schedule, at, read_clock(connection))
    return ExplanationJson(
        at=at,
        is_slot=verdict.is_slot,
        outcome=verdict.outcome,
        because=f"{verdict.because}{_declared(schedule)}",
        facts=FactsJson(declared_by=schedule.declared_by, **verdict.facts),
        run=None if run is None else show_row(run),
        next_slots=slots_after(schedule, max(at, slot_within_second(schedule, at) or at)),
    )


def _declared(schedule: StoredSchedule) -> str:
    by = schedule.declared_by
    return "" if by is None else f" Its present definition was declared in code by {by}."


def _judge(
    connection: sa.Connection, schedule: StoredSchedule, at: datetime, now: datetime
) -> tuple[Verdict, SlotRun | None]:
    row = _find_row(connection, schedule.id, at)
    if row is not None and _is_about(row, schedule, at):
        run = get_slot_run(connection, row.id)
        if run is not None:
            return explain_run(schedule, run, gather(connection, schedule, run), now), run
    verdict = explain_absence(schedule, at, now, read_last_tick(connection))
    if row is None or row.schedule_version == schedule.version:
        return verdict, None
    because = f"{verdict.because} By an earlier definition {say_range(row)} skipped ({row.reason})."
    return replace(verdict, because=because), get_slot_run(connection, row.id)


def _find_row(connection: sa.Connection, schedule: UUID, at: datetime) -> sa.Row[Any] | None:
    """The row of the slot in this second, or of a range of skipped slots around it."""
    rows = list_slots(connection, schedule, *_second(at), limit=5)
    exact = (row for row in rows if row.slot_at == at)
    return next(exact, rows[0] if rows else None)


def _is_about(row: sa.Row[Any], schedule: StoredSchedule, at: datetime) -> bool:
    """Whether `at` is a slot of the row: its first, its last, or, within a range, one by the definition."""
    first, last = _second(at)
    if any(slot is not None and first <= slot <= last for slot in (row.slot_at, row.slot_until)):
        return True
    return slot_within_second(schedule, at) is not None


def _second(at: datetime) -> tuple[datetime, datetime]:
    return at.replace(microsecond=0), at.replace(microsecond=999_999)
