"""Why not at …? What became of an instant of a schedule, which somebody has written, maybe by the clock of its zone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api.shapes.explaining.explanation import ExplanationJson, explain
from models.schedules import StoredSchedule
from scheduling.cron.zones import load_zone

NOT_READ = "must be an instant such as 2030-01-31T09:00:00Z, or a time in {zone} such as 2030-01-31 09:00"


@dataclass(frozen=True)
class Answered:
    """What was asked, and what is said to it: each instant that the time may be, or why it is none."""

    asked: str
    found: tuple[ExplanationJson, ...] = ()
    fault: str = ""


def answer(connection: sa.Connection, schedule: StoredSchedule, text: str) -> Answered:
    """What became of the instant; of both, where the clock of the zone shows the time twice."""
    try:
        instants = instants_of(text, schedule.timezone)
    except ValueError as error:
        return Answered(text, fault=str(error))
    return Answered(text, tuple(explain(connection, schedule, at) for at in instants))


def instants_of(text: str, timezone: str) -> list[datetime]:
    """The instants that somebody may mean: one, or two where a clock change repeats the time. Raises ValueError, in
    words."""
    try:
        zone = load_zone(timezone)
    except ValueError:
        zone = ZoneInfo("UTC")
    try:
        at = datetime.fromisoformat(text.strip().upper())
        if at.tzinfo is not None:
            return [at.astimezone(UTC)]
        both = [at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        shown = [each.astimezone(zone).replace(tzinfo=None) for each in both]
    except (ValueError, OverflowError):
        raise ValueError(NOT_READ.format(zone=timezone)) from None
    if at not in shown:
        raise ValueError(f"does not exist in {timezone}: a clock change goes over it")
    return sorted(set(both))
