"""Runs: list, get, output, cancel, retry."""

from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field

from api.shapes.run_json import RunJson, RunPage, show_listed, show_run
from api.shapes.schedule_body import Nothing
from api.web.fields import COUNTED, Page, Query, Text, count_of
from api.web.routes import Answer, Call, Route
from models import runs
from models.run_finds import count_runs
from models.sql.scope import scope_parameters
from models.words.ids import first_id_at, instant_of
from models.words.kinds import AsList, Instant
from models.words.roles import Role, Scope
from models.words.states import State, Trigger
from scheduling.commands import runs as commands
from scheduling.commands.faults import NotFound

Fingerprint = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
States = Annotated[list[State], AsList, Field(min_length=1)]


class Filters(Protocol):
    """What says which runs are wanted."""

    schedule: str | None
    actor: str | None
    state: list[State] | None
    trigger: Trigger | None
    since: datetime | None
    until: datetime | None
    error: str | None
    fingerprint: str | None
    q: str | None


class RunQuery(Page):
    """Filters of runs. `since` and `until` go by the slot of a scheduled run, by the creation of others."""

    cursor: UUID | None = None
    schedule: Text | None = None
    actor: Text | None = None
    state: States | None = Field(default=None, description="May be given several times.")
    trigger: Trigger | None = None
    since: Instant | None = None
    until: Instant | None = Field(default=None, description="Exclusive.")
    error: Text | None = Field(default=None, description="A part of the error's type or message.")
    fingerprint: Fingerprint | None = Field(default=None, description="Of this kind of failures, the newest 10,000.")
    q: Text | None = Field(default=None, description="A part of the schedule's or the actor's name.")
    count: bool = Field(default=False, description="Also count them, up to 10,000.")
    full: bool = Field(default=False, description="All of arguments, results, errors and output, cutting nothing.")


class OutputQuery(Query):
    """Which attempt."""

    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The latest, if not given."
    )


def filters_of(connection: sa.Connection, query: Filters, only: Scope | None) -> dict[str, Any]:
    """What `models.runs` is asked for."""
    # Runs are indexed by the schedule's id; the name remains for what has been deleted.
    schedule = runs.find_schedule_id(connection, query.schedule) if query.schedule is not None else None
    filters: dict[str, Any] = {
        "before": getattr(query, "cursor", None),
        "since": query.since and first_id_at(query.since),
        "until": query.until and first_id_at(query.until),
        "schedule_id": schedule,
        "schedule_name": query.schedule if schedule is None else None,
        "actor": query.actor,
        "states": query.state and [state.value for state in query.state],
        "trigger": query.trigger and query.trigger.value,
        "error": query.error,
        "fingerprint": query.fingerprint,
        "q": query.q,
    }
    return filters if only is None else filters | scope_parameters(only)


def list_runs(call: Call, query: RunQuery) -> Answer:
    """List runs, newest first, each with the beginning of its arguments, result, error and output.

    A search for few among very many ends a page once it has looked at 20,000; `next` goes on from there.
    """
    # A page and how far it has looked are of one moment: what is inserted or pruned between them shifts nothing.
    with call.engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        filters = filters_of(connection, query, call.only)
        page = runs.list_runs(connection, query.limit, filters, full=query.full)
        counted = count_runs(connection, COUNTED, filters) if query.count else None
    looked_to = page.looked_to and instant_of(page.looked_to)
    count = None if counted is None else count_of(counted[0], is_cut=counted[1])
    items = [show_listed(row) for row in page.runs]
    return Answer(RunPage(items=items, next=page.next, looked_to=looked_to, count=count))


def get_run(call: Call) -> Answer:
    """Get a run."""
    with call.engine.connect() as connection:
        return Answer(show_run(connection, call.params["id"]))


def get_run_output(call: Call, query: OutputQuery) -> Answer:
    """Get what a run printed, as text."""
    with call.engine.connect() as connection:
        text = runs.get_output(connection, call.params["id"], query.attempt)
    if text is None:
        raise NotFound("run")
    return Answer(text)


def cancel_run(call: Call, body: Nothing) -> Answer:
    """Cancel a run: at once while it waits; once it runs, its worker is asked to end it."""
    with call.engine.begin() as connection:
        commands.cancel(connection, call.params["id"], call.by)
        return _accepted(show_run(connection, call.params["id"]))


def retry_run(call: Call, body: Nothing) -> Answer:
    """Run a finished run again: a new run with the same arguments."""
    with call.engine.begin() as connection:
        again = commands.retry(connection, call.params["id"], call.by)
        return _accepted(show_run(connection, again))


ONE = "/v1/runs/{id:uuid}"

ROUTES = (
    Route("GET", "/v1/runs", list_runs, Role.VIEWER, {200: RunPage}, heeds_scope=True),
    Route("GET", ONE, get_run, Role.VIEWER, {200: RunJson}),
    Route("GET", f"{ONE}/output", get_run_output, Role.VIEWER, {200: "text/plain"}),
    Route("POST", f"{ONE}/cancel", cancel_run, Role.OPERATOR, {202: RunJson}, problems=(409,)),
    Route("POST", f"{ONE}/retry", retry_run, Role.OPERATOR, {202: RunJson}, problems=(409,)),
)


def _accepted(run: RunJson) -> Answer:
    return Answer(run, 202, {"Location": f"/v1/runs/{run.id}"})
