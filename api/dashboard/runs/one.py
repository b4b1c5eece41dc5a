"""One run: how it stands and why, what happened to it, what it printed, and what stands around it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field

from api.dashboard.frame.asking import asked
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.runs.repeating import lines_of
from api.dashboard.runs.story import attempts_of, moments_of, printed_of
from api.shapes.run_json import RunJson, show_row
from api.web.fields import Query
from models.finding.around import family_of, list_outputs, neighbours_of, read_output
from models.runs import StoredRun, get_run
from models.schedules import StoredSchedule, get_schedule
from models.sql.clock import read_clock
from models.words.roles import Role
from models.words.states import LIVE_STATES
from scheduling.commands.faults import NotFound
from scheduling.explaining.evidence import gather
from scheduling.explanations.of_run import explain_run

ONE = "/runs/{id:uuid}"


class WhichAttempt(Query):
    """Of which attempt."""

    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


@dataclass(frozen=True)
class Around:
    """What is read of a run and of what stands around it."""

    row: StoredRun
    schedule: StoredSchedule | None
    because: str
    first_due: datetime
    outputs: Any
    previous: Any
    following: Any
    parent: Any
    children: Any


def show_run(visit: Visit) -> Page:
    """One run."""
    with visit.engine.connect() as connection:
        around = _read(connection, visit)
    run = show_row(around.row)
    is_live = run.state in LIVE_STATES
    shown = {
        "run": run,
        "around": around,
        "zone": around.schedule and around.schedule.timezone,
        "facts": _facts(run),
        "moments": moments_of(run, around.first_due),
        "attempts": attempts_of(run),
        "outputs": printed_of(around.row, around.outputs),
        "lines": lines_of(run, visit.site, has_schedule=around.schedule is not None),
        "here": f"/runs/{run.id}",
        "is_live": is_live,
        "may_cancel": is_live and visit.may(Role.OPERATOR),
        "may_retry": not is_live and run.slots == 1 and visit.may(Role.OPERATOR),
        "show_arguments": visit.settings.dashboard.show_arguments,
    }
    return Page("runs/one.html", title_of(run.id, run.schedule or run.actor), shown)


def show_output(visit: Visit) -> Page:
    """All that an attempt printed, the latest unless another one is asked for."""
    run, which = visit.params["id"], asked(WhichAttempt, visit.query)
    with visit.engine.connect() as connection:
        row = get_run(connection, run)
        if row is None:
            raise NotFound("run")
        is_latest = which.attempt in (None, row.attempt)
        text = row.output if is_latest else read_output(connection, run, which.attempt or 0)
    shown = {"text": text or "", "number": which.attempt or row.attempt, "here": f"/runs/{run}"}
    return Page("runs/output.html", f"Output of run {short(run)} of {row.schedule_name or row.actor}", shown)


def title_of(run: UUID, whose: str) -> str:
    """A run in few words. Ids begin with their time, so it is the end that tells one from another."""
    return f"Run {short(run)} of {whose}"


def short(run: UUID) -> str:
    """The end of an id."""
    return run.hex[-8:]


PAGES = (
    PageRoute("GET", ONE, show_run, Role.VIEWER),
    PageRoute("GET", f"{ONE}/output", show_output, Role.VIEWER),
)


def _read(connection: sa.Connection, visit: Visit) -> Around:
    row = get_run(connection, visit.params["id"])
    if row is None:
        raise NotFound("run")
    schedule = None if row.schedule_name is None else get_schedule(connection, row.schedule_name)
    if schedule is not None and schedule.id != row.schedule_id:  # another one has its name by now
        schedule = None
    verdict = explain_run(schedule, row, gather(connection, schedule, row), read_clock(connection), is_lasting=True)
    neighbours = (None, None) if row.schedule_id is None else neighbours_of(connection, row.schedule_id, row.id)
    return Around(
        row,
        schedule,
        verdict.because,
        verdict.facts["due_at"],
        list_outputs(connection, row.id),
        *neighbours,
        *family_of(connection, row.id, row.parent_run_id, visit.only),
    )


def _facts(run: RunJson) -> list[tuple[str, Any]]:
    """What its page lists one below the other."""
    names = ("priority", "max_retries", "reason", "waiting_for", "created_by", "schedule_version", "trace")
    facts = [(name.replace("_", " ").capitalize(), getattr(run, name)) for name in names]
    return [(name, value) for name, value in facts if value is not None]
