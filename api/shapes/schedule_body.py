"""What clients send about schedules: their definition, and the bodies of trigger and pause."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, RootModel, WithJsonSchema

from api.web.fields import AsList, Instant, Page, Request, Text, unique
from models.bounds import MAX_INT, MAX_RETRIES, MONTH, TEN_YEARS, WEEK
from models.states import Catchup, Overlap
from models.tables.schedule import NAME_PATTERN

MAX_ARGS_BYTES = 64 * 1024


def _bounded(args: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(args, ensure_ascii=False).encode()) > MAX_ARGS_BYTES:
        raise ValueError(f"must be at most {MAX_ARGS_BYTES // 1024} KiB as JSON")
    return args


Args = Annotated[dict[str, Any], AfterValidator(_bounded)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Actor = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^\S(.*\S)?$")]
Queue = Annotated[str, Field(max_length=128, pattern=r"^[a-zA-Z_][a-zA-Z0-9._-]*$")]
Expression = Annotated[str, Field(min_length=1, max_length=256)]
Expressions = Annotated[
    list[Expression],
    AsList,
    Field(min_length=1, max_length=20),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Period = Annotated[float, Field(ge=1, le=TEN_YEARS)]
Zone = Annotated[str, Field(min_length=1, max_length=64)]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[list[Tag], Field(max_length=50), AfterValidator(unique)]
OneOf = Field(strict=False)


class ScheduleBody(Request):
    """A schedule: which actor, which arguments, when, with which policies.

    At most one of `cron`, `every_seconds` and `at`; none: it runs when triggered. Policies that are null are the
    actor's; where it has none, no retries, a backoff of 15 to 3600 seconds and a time limit of 600 seconds.
    """

    name: Name | None = Field(default=None, description="Never changes. In a path, the body may leave it out.")
    description: str = Field(default="", max_length=10_000)
    actor: Actor
    args: Args = Field(default={}, description="The actor's keyword arguments; `${secret:NAME}` stands for a secret.")
    queue: Queue | None = Field(default=None, description="Null: the actor's.")
    priority: int = Field(default=5, ge=0, le=9, description="9 goes first.")

    cron: Expressions | None = Field(default=None, description="One expression, or several whose union counts.")
    every_seconds: Period | None = Field(default=None, description="Counted from `starts_at`, or from 1970.")
    at: Instant | None = Field(default=None, description="Once.")
    timezone: Zone = Field(default="UTC", description="An IANA name such as Europe/Berlin; cron follows its clock.")
    starts_at: Instant | None = Field(default=None, description="No slot before.")
    ends_at: Instant | None = Field(default=None, description="No slot after.")
    max_runs: Annotated[int, Field(ge=1, le=MAX_INT)] | None = Field(
        default=None, description="So many slots run; skipped ones and runs by hand don't count."
    )
    jitter_seconds: Annotated[float, Field(ge=0, le=WEEK)] = Field(
        default=0, description="Runs are due up to this long after their slots, always alike for a slot."
    )

    overlap: Annotated[Overlap, OneOf] = Field(default=Overlap.SKIP, description="While an earlier run is active.")
    catchup: Annotated[Catchup, OneOf] = Field(default=Catchup.LATEST, description="Which of the late slots run.")
    catchup_window_seconds: Annotated[float, Field(ge=0, le=TEN_YEARS)] = 86400
    max_retries: Annotated[int, Field(ge=0, le=MAX_RETRIES)] | None = None
    min_backoff_seconds: Annotated[float, Field(ge=0, le=MONTH)] | None = None
    max_backoff_seconds: Annotated[float, Field(ge=0, le=MONTH)] | None = None
    time_limit_seconds: Annotated[float, Field(gt=0, le=MONTH)] | None = None
    start_deadline_seconds: Annotated[float, Field(gt=0, le=TEN_YEARS)] | None = Field(
        default=None, description="A run that has not started this long after it is due is skipped."
    )
    pause_after_failures: Annotated[int, Field(ge=1, le=MAX_INT)] | None = Field(
        default=None, description="Pause after so many failed runs in a row."
    )
    tags: Tags = Field(default=[])


class NewSchedule(ScheduleBody):
    """A schedule with its name."""

    name: Name


class SchedulePatch(RootModel[dict[str, Any]]):
    """A merge patch (RFC 7396) of the definition: what is absent stays, null resets to the default."""


class TriggerBody(Request):
    """How this run differs from the schedule."""

    args: Args | None = Field(default=None, description="In place of the schedule's.")
    overlap: Annotated[Overlap, OneOf] | None = None
    due_at: Instant | None = Field(default=None, description="Not before; now if not given.")


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

    cursor: Annotated[str, Field(pattern=NAME_PATTERN)] | None = None
    actor: Text | None = None
    tag: Text | None = None
    state: Literal["paused", "active", "error"] | None = None
    q: Text | None = Field(default=None, description="A part of the name, the actor or the description.")
