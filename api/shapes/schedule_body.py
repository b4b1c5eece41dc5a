"""What clients send about schedules: their definition, and the bodies of trigger and pause."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from api.web.fields import Page, Request, Text
from models.definition import Args, Definition, Expressions, OneOf, Period, Zone
from models.words.kinds import NAME_PATTERN, Instant
from models.words.states import Overlap

Name = Annotated[str, Field(pattern=NAME_PATTERN)]


class ScheduleBody(Definition):
    """A schedule: which actor, which arguments, when, with which policies.

    At most one of `cron`, `every_seconds` and `at`; none: it runs when triggered. Policies that are null are the
    actor's; where it has none, no retries, a backoff of 15 to 3600 seconds and a time limit of 600 seconds.
    """

    name: Name | None = Field(default=None, description="Never changes. In a path, the body may leave it out.")


class NewSchedule(ScheduleBody):
    """A schedule with its name."""

    name: Name
    paused: bool = Field(default=False, description="Paused from the beginning, until it is resumed.")


class SchedulePatch(RootModel[dict[str, Any]]):
    """A merge patch (RFC 7396) of the definition: what is absent stays, null resets to the default."""


class TriggerBody(Request):
    """How this run differs from the schedule."""

    args: Args | None = Field(default=None, description="In place of the schedule's.")
    overlap: Annotated[Overlap, OneOf] | None = None
    due_at: Instant | None = Field(default=None, description="Not before; now if not given.")
    slot_at: Instant | None = Field(
        default=None, description="The slot that it stands for, as `${run:slot_at}` and actors see it; none by default."
    )


class PauseBody(Request):
    """Why, and until when."""

    reason: str | None = Field(default=None, max_length=1000)
    until: Instant | None = Field(default=None, description="When it resumes by itself.")


class Nothing(Request):
    """An empty object, or no body at all."""


class SpecBody(Request):
    """When: exactly one of `cron`, `every_seconds` and `at`."""

    cron: Expressions | None = None
    every_seconds: Period | None = None
    at: Instant | None = None
    timezone: Zone = "UTC"
    count: int = Field(default=10, ge=1, le=500)
    after: Instant | None = Field(default=None, description="Now, if not given.")


class ScheduleQuery(Page):
    """Filters of schedules."""

    cursor: Name | None = None
    actor: Text | None = None
    tag: Text | None = None
    state: Literal["paused", "active", "error"] | None = None
    q: Text | None = Field(default=None, description="A part of the name, the actor or the description.")
    prefix: Text | None = Field(default=None, description="How the name begins.")
    source: Text | None = Field(default=None, description="Where it comes from, such as `api`, `code` or `file:NAME`.")
    count: bool = Field(default=False, description="Also count them, up to 10,000.")
