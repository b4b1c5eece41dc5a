"""Trigger: a run by hand, now or at a given time, beside the slots of its schedule."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from config.telemetry.creating import trace_of_new
from config.telemetry.subject import Subject
from models.definition import Args
from models.lifecycle.cancelling import cancel_active_runs
from models.lifecycle.ended import after_ends, count_back
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.planning import LiveRuns, count_live_runs
from models.processes import get_actor
from models.schedules import StoredSchedule
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.statistics.adding import note_ended
from models.statistics.counts import Counted, Kind, of_ended
from models.trigger_keys import reserve_trigger_key
from models.words.bounds import TEN_YEARS
from models.words.faults import Fault, faults_of
from models.words.ids import new_run_id
from models.words.states import Overlap, SkipReason, State, Trigger
from scheduling.commands.arguments import check_arguments
from scheduling.commands.audit import CALLSHEET, By, note
from scheduling.commands.faults import Refused
from scheduling.commands.secrets import check_secrets, rules_for
from scheduling.slots.decisions import admit
from scheduling.slots.due import deadline_of, neighbours, spec_of

_FARTHEST = timedelta(seconds=TEN_YEARS)
_ARGS: TypeAdapter[dict[str, Any] | None] = TypeAdapter(Args | None)


@dataclass(frozen=True)
class Request:
    """How the run differs from its schedule, and who asks for it.

    `slot_at` is the slot that it stands for, beside whatever run that slot had; its neighbours are those of the
    schedule. `key` is an idempotency key: the same one gives the run of the first time.
    """

    args: dict[str, Any] | None = None
    overlap: Overlap | None = None
    due_at: datetime | None = None
    slot_at: datetime | None = None
    by: By = CALLSHEET
    key: str | None = None


def trigger(connection: sa.Connection, schedule: StoredSchedule, request: Request) -> UUID:
    """Insert a run of a locked schedule; its id. Works while paused and moves no slot. Raises Refused.

    `overlap` is the schedule's policy unless given: where it forbids the run, the row is a skip with reason `overlap`.
    """
    now = read_clock(connection)
    _check(connection, schedule, request, now)
    run_id = new_run_id(now)
    if request.key is not None:
        first = reserve_trigger_key(connection, schedule.id, request.key, run_id)
        if first != run_id:
            return first
    policy = request.overlap or Overlap(schedule.overlap)
    active = count_live_runs(connection, [schedule.id]).get(schedule.id, LiveRuns()).active
    admitted, _ = admit([now], policy, active)
    if policy is Overlap.CANCEL_OTHER and active:
        _cancel_others(connection, schedule.id)
    due = request.due_at or now
    slot = request.slot_at
    previous, following = (slot and neighbours(spec_of(schedule), slot)) or (None, None)
    run = NewRun(
        id=run_id,
        schedule_id=schedule.id,
        args=request.args,
        trigger=Trigger.MANUAL,
        slot_at=slot,
        previous_slot_at=previous,
        next_slot_at=following,
        due_at=due,
        deadline_at=deadline_of(schedule, due),
        planned_at=now,
        overlap=policy,
        state=State.PLANNED if admitted else State.SKIPPED,
        reason=None if admitted else SkipReason.OVERLAP,
        created_by=request.by.who,
        trace=trace_of_new(
            lambda: Subject(str(run_id), schedule.actor, _queue_of(connection, schedule), schedule.name)
        ),
    )
    insert_runs(connection, [run])
    if not admitted:
        note_ended(connection, [Counted(Kind(schedule.actor, _queue_of(connection, schedule), State.SKIPPED))])
    note(connection, request.by, "schedule.trigger", f"schedules/{schedule.name}", after={"run": str(run_id)})
    notify(connection)
    return run_id


def _cancel_others(connection: sa.Connection, schedule: UUID) -> None:
    cancelled = cancel_active_runs(connection, [schedule])
    after_ends(connection, cancelled)
    note_ended(connection, of_ended(cancelled))
    count_back(connection, cancelled)


def _queue_of(connection: sa.Connection, schedule: StoredSchedule) -> str:
    actor = None if schedule.queue else get_actor(connection, schedule.actor)
    return schedule.queue or (actor.queue if actor else "default")


def _check(connection: sa.Connection, schedule: StoredSchedule, request: Request, now: datetime) -> None:
    faults = []
    try:
        _ARGS.validate_python(request.args)
    except ValidationError as error:
        faults += [Fault(("args", *fault.path), fault.message) for fault in faults_of(error)]
    if request.due_at is not None and request.due_at > now + _FARTHEST:
        faults.append(Fault(("due_at",), "must lie within the next ten years"))
    if request.slot_at is not None and request.slot_at > now + _FARTHEST:
        faults.append(Fault(("slot_at",), "must lie within the next ten years"))
    if request.args is not None:
        actor = get_actor(connection, schedule.actor)
        faults += check_arguments(actor.parameters if actor else {}, request.args)
        faults += check_secrets(rules_for(connection, [request.args]), schedule.actor, request.args)
    if faults:
        raise Refused(faults)
