"""Failures as people see them: which are asked for, and a page of them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.web.fields import Moment, Page, Text, page_of
from models.failures import listing
from models.failures.listing import SHOWN_SCHEDULES, Failure
from models.runs import find_schedule_id
from models.words.faults import Fault
from models.words.instants import write_instant
from models.words.kinds import Instant
from models.words.roles import Scope
from scheduling.commands.faults import Refused

_CURSOR = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z~[0-9a-f]{32}$"


class FailureJson(BaseModel):
    """A kind of failures: of one actor, with one type of error, and one message but for what varies in it."""

    fingerprint: str = Field(description="Names it, also as a filter of runs.")
    actor: str
    error_type: str = Field(description="`(others)` where the actor's failures are of very many kinds.")
    message: str = Field(description="`#` stands for numbers, ids, addresses and what is quoted.")
    first_at: Moment
    last_at: Moment
    count: int = Field(description="How many runs have failed so, after all of their retries, since `first_at`.")
    streak: int = Field(
        description="How many in a row, without a success of their schedule in between; of several schedules the most."
    )
    schedules: list[str] = Field(description=f"Whose runs failed so, last first, {SHOWN_SCHEDULES} at most.")
    example_run_id: UUID = Field(description="The newest of these runs.")


class FailurePage(BaseModel):
    """Kinds of failures, those that were seen last first."""

    items: list[FailureJson]
    next: str | None


class FailureQuery(Page):
    """Filters of failures. A schedule's are counted by its own runs alone."""

    cursor: Annotated[str, Field(pattern=_CURSOR)] | None = None
    actor: Text | None = None
    schedule: Text | None = None
    since: Instant | None = Field(default=None, description="Seen since then.")
    q: Text | None = Field(default=None, description="A part of the actor's name, or of the error's type or message.")


def show_failures(
    connection: sa.Connection, query: FailureQuery, only: Scope | None, fingerprint: str | None = None
) -> FailurePage:
    """The page that is asked for, as far as somebody sees it; with `fingerprint` that kind alone. Raises Refused."""
    at, before = _read_cursor(query.cursor)
    rows = listing.list_failures(
        connection,
        query.limit + 1,
        only,
        fingerprint=fingerprint,
        actor=query.actor,
        since=query.since,
        q=query.q,
        before_at=at,
        before=before,
        **of_schedule(connection, query.schedule),
    )
    items, cursor = page_of(rows, query.limit, _shown, lambda last: f"{write_instant(last.last_at)}~{last.fingerprint}")
    return FailurePage(items=items, next=cursor)


def of_schedule(connection: sa.Connection, name: str | None) -> dict[str, object]:
    """The filter of failures, or of runs, that finds those of a schedule: by its id, which is indexed; the name remains
    for what has been deleted."""
    if name is None:
        return {}
    schedule = find_schedule_id(connection, name)
    return {"schedule_name": name} if schedule is None else {"schedule_id": schedule}


def _shown(row: Failure) -> FailureJson:
    return FailureJson(**asdict(row))


def _read_cursor(cursor: str | None) -> tuple[datetime | None, str | None]:
    if cursor is None:
        return None, None
    instant, _, fingerprint = cursor.partition("~")
    try:
        return datetime.fromisoformat(instant), fingerprint
    except ValueError:
        raise Refused([Fault(("cursor",), "is none of ours")]) from None
