"""Runs: list, get, output, cancel, retry."""

from typing import Annotated

from pydantic import Field

from api.shapes.run_json import RunJson, RunPage, show_listed, show_run
from api.shapes.run_query import RunQuery, filters_of
from api.shapes.schedule_body import Nothing
from api.web.fields import COUNTED, Query, count_of
from api.web.routes import Answer, Call, Route
from models import runs
from models.finding.finds import count_runs
from models.live.reading import get_output
from models.words.ids import instant_of
from models.words.roles import Role
from scheduling.commands import runs as commands
from scheduling.commands.faults import NotFound


class OutputQuery(Query):
    """Which attempt, and from where on."""

    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The latest, if not given."
    )
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(
        default=0, description="Only what follows so many bytes: the `Callsheet-Output-Offset` of the answer before."
    )


def list_runs(call: Call, query: RunQuery) -> Answer:
    """List runs, newest first, each with the beginning of its arguments, result, error and output.

    A search for few among very many ends a page once it has looked at nearly 20,000; `next` goes on from there.
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
    """Get what a run printed, as text; while it goes on, what it has printed until a second ago.

    To follow it, ask again with `after`. Offsets count bytes of UTF-8 of all that an attempt has printed, also of what
    was dropped as it was too much: a mark in the text says how much that was.
    """
    with call.engine.connect() as connection:
        found = get_output(connection, call.params["id"], query.attempt, query.after)
    if found is None:
        raise NotFound("run")
    return Answer(found.text, headers={OFFSET: str(found.until)})


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
OFFSET = "Callsheet-Output-Offset"

ROUTES = (
    Route("GET", "/v1/runs", list_runs, Role.VIEWER, {200: RunPage}, heeds_scope=True),
    Route("GET", ONE, get_run, Role.VIEWER, {200: RunJson}),
    Route("GET", f"{ONE}/output", get_run_output, Role.VIEWER, {200: "text/plain"}),
    Route("POST", f"{ONE}/cancel", cancel_run, Role.OPERATOR, {202: RunJson}, problems=(409,)),
    Route("POST", f"{ONE}/retry", retry_run, Role.OPERATOR, {202: RunJson}, problems=(409,)),
)


def _accepted(run: RunJson) -> Answer:
    return Answer(run, 202, {"Location": f"/v1/runs/{run.id}"})
