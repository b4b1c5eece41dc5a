"""What must hold of a schedule beyond the kinds of its fields."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import sqlalchemy as sa

from models.definition import Definition, effective_policy
from models.processes import get_actor
from models.words.bounds import TEN_YEARS
from models.words.faults import Fault
from scheduling import cron
from scheduling.commands.arguments import check_arguments
from scheduling.commands.secrets import Rules, check_secrets, rules_for
from scheduling.cron.zones import load_zone
from scheduling.slots.due import spec_of
from scheduling.slots.spec import Spec, next_slot, upcoming_slots

INTERVALS_CHECKED = 50


def check_schedule(connection: sa.Connection, definition: Definition, now: datetime) -> list[Fault]:
    """All that is wrong with the definition."""
    rules = rules_for(connection, [definition.args])
    return check_definition(definition, get_actor(connection, definition.actor), now, rules)


def check_definition(definition: Definition, actor: sa.Row[Any] | None, now: datetime, rules: Rules) -> list[Fault]:
    """As `check_schedule`, with what workers announced about its actor, if any has, and with who may use secrets."""
    return [
        *_spec_faults(definition, now),
        *_backoff_faults(definition, actor.options if actor else {}),
        *check_arguments(actor.parameters if actor else {}, definition.args),
        *check_secrets(rules, definition.actor, definition.args),
    ]


def check_spec(spec: Spec, now: datetime) -> list[Fault]:
    """What is wrong with when: more than one way to say it, the zone, or the expressions."""
    given = [name for name in ("cron", "every_seconds", "at") if getattr(spec, name)]
    faults = [Fault((name,), "only one of cron, every_seconds and at can be given") for name in given[1:]]
    if problem := _problem_of(load_zone, spec.timezone):
        return [*faults, Fault(("timezone",), problem)]
    for number, expression in enumerate(spec.cron):
        if problem := _problem_of(cron.check, expression, spec.timezone):
            faults.append(Fault(("cron",) if len(spec.cron) == 1 else ("cron", number), problem))
    if spec.starts_at and spec.ends_at and spec.ends_at < spec.starts_at:
        faults.append(Fault(("ends_at",), "must not be before starts_at"))
    if given and not faults and _overflows(spec, now):
        faults.append(Fault((given[0],), "leads beyond the years that can be written"))
    return faults


def _spec_faults(definition: Definition, now: datetime) -> list[Fault]:
    spec = spec_of(definition)
    faults = check_spec(spec, now)
    if definition.jitter_seconds and not faults:
        faults += _jitter_faults(spec, definition.jitter_seconds, now)
    return faults


def _jitter_faults(spec: Spec, jitter_seconds: float, now: datetime) -> Iterator[Fault]:
    if spec.every_seconds is not None and jitter_seconds >= spec.every_seconds:
        yield Fault(("jitter_seconds",), "must be below every_seconds")
    elif spec.cron:
        slots = islice(upcoming_slots(spec, now), INTERVALS_CHECKED + 1)
        shortest = min((later - slot for slot, later in pairwise(_until_the_end(slots))), default=timedelta.max)
        if timedelta(seconds=jitter_seconds) >= shortest:
            seconds = f"{shortest.total_seconds():g}"
            yield Fault(("jitter_seconds",), f"must be below the shortest interval, {seconds} seconds")


def _until_the_end(slots: Iterator[datetime]) -> Iterator[datetime]:
    """The slots, up to the end of the calendar."""
    try:
        yield from slots
    except (ValueError, OverflowError):
        return


def _backoff_faults(definition: Definition, options: dict[str, Any]) -> Iterator[Fault]:
    limit = effective_policy("max_backoff_seconds", definition.max_backoff_seconds, options)
    if definition.min_backoff_seconds is not None and definition.min_backoff_seconds > limit:
        yield Fault(("min_backoff_seconds",), f"must not be above max_backoff_seconds, here {limit:g}")


def _overflows(spec: Spec, now: datetime) -> bool:
    try:
        slot = next_slot(spec, now)
        _ = slot and slot + timedelta(seconds=TEN_YEARS)  # jitter and deadlines come on top
    except (ValueError, OverflowError):
        return True
    return False


def _problem_of(check: Callable[..., object], *arguments: str) -> str | None:
    try:
        check(*arguments)
    except ValueError as error:
        return str(error)
    return None
