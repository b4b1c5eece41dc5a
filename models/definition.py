"""The definition of a schedule: what people write about one, through the API, in code or in files.

Types, bounds, defaults and descriptions stand here alone; the API's bodies and answers, declarations in code and the
columns that are written derive from it.
"""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from models.words.bounds import MAX_INT, MAX_RETRIES, MONTH, TEN_YEARS, WEEK
from models.words.kinds import AsList, Instant, Storable, unique
from models.words.states import Catchup, Overlap
from models.words.text import is_storable, texts_in

DEFAULT_POLICIES: dict[str, float] = {
    "max_retries": 0,
    "min_backoff_seconds": 15.0,
    "max_backoff_seconds": 3600.0,
    "time_limit_seconds": 600.0,
}
"""The retry and time policies that hold where neither the schedule nor the actor says otherwise."""

MAX_ARGS_BYTES = 64 * 1024


POSITIONAL = "*"
"""The key under which arguments keep positional ones that have no name."""


def _check_args(args: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(json.dumps(args, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("must be what JSON can hold") from None
    if size > MAX_ARGS_BYTES:
        raise ValueError(f"must be at most {MAX_ARGS_BYTES // 1024} KiB as JSON")
    if not isinstance(args.get(POSITIONAL, []), list):
        raise ValueError(f"{POSITIONAL} holds the positional arguments, a list")  # noqa: TRY004 - what pydantic takes
    if not all(map(is_storable, texts_in(args))):
        raise ValueError("must not hold NUL or half of a surrogate pair")
    return args


def _check_queue(name: str) -> str:
    """Dramatiq has queues of such names beside each other one, and declares them in another way."""
    if name.endswith((".DQ", ".XQ")):
        raise ValueError(
            "must not end in .DQ or .XQ: those are the delayed and the dead messages of the queue before it"
        )
    return name


Args = Annotated[dict[str, Any], AfterValidator(_check_args)]
Actor = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^\S(.*\S)?$"), Storable]
Queue = Annotated[str, Field(max_length=128, pattern=r"^[a-zA-Z_][a-zA-Z0-9._-]*$"), AfterValidator(_check_queue)]
Expression = Annotated[str, Field(min_length=1, max_length=256)]
Expressions = Annotated[
    list[Expression],
    AsList,
    Field(min_length=1, max_length=20),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Period = Annotated[float, Field(ge=1, le=TEN_YEARS)]
Zone = Annotated[str, Field(min_length=1, max_length=64)]
Tag = Annotated[str, Field(min_length=1, max_length=100), Storable]
OneOf = Field(strict=False)
"""A word of an enum, given as its text."""


class Definition(BaseModel):
    """Which actor, which arguments, when, with which policies.

    At most one of `cron`, `every_seconds` and `at`; none: it runs when triggered. Policies that are null are the
    actor's; where it has none, no retries, a backoff of 15 to 3600 seconds and a time limit of 600 seconds.
    """

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    description: Annotated[str, Field(max_length=10_000), Storable] = Field(default="", description="For people.")
    actor: Actor = Field(description="What runs, by the name that workers announce.")
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
    catchup_window_seconds: Annotated[float, Field(ge=0, le=TEN_YEARS)] = Field(
        default=86400, description="Slots that are later than this are missed, whatever the policy is."
    )
    max_retries: Annotated[int, Field(ge=0, le=MAX_RETRIES)] | None = Field(
        default=None, description="Further attempts after one that failed, was lost or ran out of time."
    )
    min_backoff_seconds: Annotated[float, Field(ge=0, le=MONTH)] | None = Field(
        default=None, description="The wait before the first retry; it doubles with each."
    )
    max_backoff_seconds: Annotated[float, Field(ge=0, le=MONTH)] | None = Field(
        default=None, description="The longest wait before a retry."
    )
    time_limit_seconds: (
        Annotated[
            float, Field(gt=0, le=MONTH, description="Of an attempt. Without one here and of the actor it is 600.")
        ]
        | None
    ) = None
    start_deadline_seconds: Annotated[float, Field(gt=0, le=TEN_YEARS)] | None = Field(
        default=None, description="A run that has not started this long after it is due is skipped."
    )
    pause_after_failures: Annotated[int, Field(ge=1, le=MAX_INT)] | None = Field(
        default=None, description="Pause after so many failed runs in a row."
    )
    notify_late_seconds: Annotated[float, Field(gt=0, le=TEN_YEARS)] | None = Field(
        default=None, description="A run that starts this long after it is due is late, and worth telling somebody."
    )
    tags: Annotated[list[Tag], Field(max_length=50), AfterValidator(unique)] = Field(
        default=[], description="To find it by."
    )

    def columns(self) -> dict[str, Any]:
        """What is stored of it, by column."""
        return {column: getattr(self, column) for column in COLUMNS}


COLUMNS = tuple(Definition.model_fields)
"""The columns of a schedule that people write, besides the name."""


def effective_policy(name: str, given: float | None, options: dict[str, Any] | None) -> float:
    """The retry or time policy that holds: the schedule's, else the actor's, else the default."""
    if given is not None:
        return given
    value: float | None = (options or {}).get(name)
    return DEFAULT_POLICIES[name] if value is None else value
