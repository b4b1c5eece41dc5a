"""What must hold of a schedule beyond the kinds of its fields."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import sqlalchemy as sa

from api.shapes.schedule_body import ScheduleBody
from api.v1.arguments import check_arguments
from api.web.problems import FieldError, invalid
from models.bounds import TEN_YEARS
from models.processes import get_actor
from scheduling.cron import fires as cron
from scheduling.cron.zones import load_zone
from scheduling.slots.due import spec_of
from scheduling.slots.spec import Spec, next_slot, upcoming_slots

INTERVALS_CHECKED = 50
DEFAULT_POLICIES = {
    "max_retries": 0,
    "min_backoff_seconds": 15,
    "max_backoff_seconds": 3600,
    "time_limit_seconds": 600,
}
"""What holds where neither the schedule nor the actor says otherwise."""


def check_schedule(connection: sa.Connection, body: ScheduleBody, now: datetime) -> None:
    """Raises Problem 422 with all that is wrong with the definition."""
    actor = get_actor(connection, body.actor)
    errors = [*_spec_errors(body, now), *_backoff_errors(body, actor.options if actor else {})]
    if actor:
        errors += check_arguments(actor.parameters, body.args)
    if errors:
        raise invalid(errors)


def check_spec(spec: Spec, now: datetime) -> list[FieldError]:
    """What is wrong with when: more than one way to say it, the zone, or the expressions."""
    given = [name for name in ("cron", "every_seconds", "at") if getattr(spec, name)]
    errors = [_error(name, "only one of cron, every_seconds and at can be given") for name in given[1:]]
    if problem := _problem_of(load_zone, spec.timezone):
        return [*errors, _error("timezone", problem)]
    for number, expression in enumerate(spec.cron):
        if problem := _problem_of(cron.check, expression, spec.timezone):
            errors.append(_error("cron" if len(spec.cron) == 1 else f"cron/{number}", problem))
    if spec.starts_at and spec.ends_at and spec.ends_at < spec.starts_at:
        errors.append(_error("ends_at", "must not be before starts_at"))
    if given and not errors and _overflows(spec, now):
        errors.append(_error(given[0], "leads beyond the years that can be written"))
    return errors


def effective_policy(name: str, given: float | None, options: dict[str, Any] | None) -> float:
    """The retry or time policy that holds: the schedule's, else the actor's, else the default."""
    if given is not None:
        return given
    value = (options or {}).get(name)
    return DEFAULT_POLICIES[name] if value is None else value


def _spec_errors(body: ScheduleBody, now: datetime) -> list[FieldError]:
    spec = spec_of(body)
    errors = check_spec(spec, now)
    if body.jitter_seconds and not errors:
        errors += _jitter_errors(spec, body.jitter_seconds, now)
    return errors


def _jitter_errors(spec: Spec, jitter_seconds: float, now: datetime) -> Iterator[FieldError]:
    if spec.every_seconds is not None and jitter_seconds >= spec.every_seconds:
        yield _error("jitter_seconds", "must be below every_seconds")
    elif spec.cron:
        slots = islice(upcoming_slots(spec, now), INTERVALS_CHECKED + 1)
        shortest = min((later - slot for slot, later in pairwise(_until_the_end(slots))), default=timedelta.max)
        if timedelta(seconds=jitter_seconds) >= shortest:
            seconds = f"{shortest.total_seconds():g}"
            yield _error("jitter_seconds", f"must be below the shortest interval, {seconds} seconds")


def _until_the_end(slots: Iterator[datetime]) -> Iterator[datetime]:
    """The slots, up to the end of the calendar."""
    try:
        yield from slots
    except (ValueError, OverflowError):
        return


def _backoff_errors(body: ScheduleBody, options: dict[str, Any]) -> Iterator[FieldError]:
    limit = effective_policy("max_backoff_seconds", body.max_backoff_seconds, options)
    if body.min_backoff_seconds is not None and body.min_backoff_seconds > limit:
        yield _error("min_backoff_seconds", f"must not be above max_backoff_seconds, here {limit:g}")


def _overflows(spec: Spec, now: datetime) -> bool:
    try:
        slot = next_slot(spec, now)
        _ = slot and slot + timedelta(seconds=TEN_YEARS)  # jitter and deadlines come on top
    except (ValueError, OverflowError):
        return True
    return False


def _problem_of(check: Any, *arguments: Any) -> str | None:
    try:
        check(*arguments)
    except ValueError as error:
        return str(error)
    return None


def _error(field: str, message: str) -> FieldError:
    return FieldError(pointer=f"/{field}", message=message)
