"""Actors with a schedule of periodiq. Pure, but for what the caller has imported."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from api.cli.importing.fields import from_sunday
from api.cli.importing.found import Found, Imported, without_empty, write_expression
from api.cli.importing.rules import Clock, OldRule
from scheduling.cron import check

_SKIP_DELAY_SECONDS = 30
_ABOUT = (
    "periodiq sends a message beside one that still runs (overlap = allow), and makes up for nothing (catchup = none)",
    f"its middleware skips what starts late: start_deadline_seconds is {_SKIP_DELAY_SECONDS}, as skip_delay by default",
)


def read_actors(actors: Iterable[Any], timezone: str | None = None) -> Found:
    """The schedules of Dramatiq's actors that have the option `periodic`. `timezone` is that of periodiq's process."""
    found = Found(remarks=list(_ABOUT))
    if timezone is None:
        found.remarks.append("periodiq goes by its process's time zone, which was not given: UTC is taken")
    for actor in actors:
        if (spec := actor.options.get("periodic")) is None:
            continue
        place = f"actor {actor.actor_name}"
        try:
            found.schedules.append(_read(found, actor, spec, place, timezone or "UTC"))
        except (ValueError, TypeError, AttributeError) as error:
            found.refused.append((f"{place}: {spec}", str(error)))
    return found


def _read(found: Found, actor: Any, spec: Any, place: str, timezone: str) -> Imported:
    remarks: list[str] = []
    both = len(spec.dom) < 31 and len(spec.dow) < 7
    rule = OldRule(
        minutes=frozenset(spec.minute),
        hours=frozenset(spec.hour),
        dates=frozenset(spec.dom),
        months=frozenset(spec.month),
        weekdays=frozenset(day % 7 for day in spec.dow if day),  # it takes Sunday for 7
        either=both,
        clock=Clock.REAL,
        timezone=timezone,
    )
    if 0 in spec.dow and 7 not in spec.dow:
        remarks.append("periodiq never ran it on a Sunday that is written 0 or sun, only on 7; now it will run then")
    text = str(spec)
    parts = text.split()
    if both:
        remarks.append("periodiq runs it where the date or the weekday matches; with a * first here both had to")
    meant = replace(rule, weekdays=from_sunday(frozenset(spec.dow)))
    written = text if _says_the_same(parts, meant) else write_expression(meant)
    check(written, timezone)
    definition = {
        "actor": actor.actor_name,
        "cron": written,
        "timezone": timezone,
        "overlap": "allow",
        "catchup": "none",
        "start_deadline_seconds": _SKIP_DELAY_SECONDS,
    }
    return Imported(found.name(actor.actor_name), place, text, without_empty(definition), rule, remarks)


def _says_the_same(parts: list[str], meant: OldRule) -> bool:
    """Whether the expression as it stands means the same days here."""
    if len(parts) != 5 or (len(meant.dates) == 31 and len(meant.weekdays) == 7):
        return True
    return meant.either != (parts[2].startswith("*") or parts[4].startswith("*"))
