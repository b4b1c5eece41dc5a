"""Which runs are wanted: the filters of lists and of what is done to many."""

from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field

from api.web.fields import Page, Text
from models import runs
from models.sql.scope import scope_parameters
from models.words.ids import first_id_at
from models.words.kinds import AsList, Instant
from models.words.roles import Scope
from models.words.states import State, Trigger

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
