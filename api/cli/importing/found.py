"""What an importer has found: schedules as a file has them, and what there is to say about them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from api.cli.importing.fields import write_days, write_values
from api.cli.importing.rules import OldRule

DAY_SECONDS = 86_400


@dataclass
class Imported:
    """A schedule: its definition, where it comes from, its old rule if it is one of local times, and remarks."""

    name: str
    place: str
    was: str
    definition: dict[str, Any]
    rule: OldRule | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass
class Found:
    """All that there is: schedules, what can't be imported (where, why), and what holds for all."""

    schedules: list[Imported] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def name(self, wanted: str) -> str:
        """A name that a schedule may have and none has yet."""
        base = re.sub(r"[^a-z0-9._-]+", "-", wanted.lower()).strip("-._")[:120] or "schedule"
        taken = {schedule.name for schedule in self.schedules}
        names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def definitions(self) -> dict[str, dict[str, Any]]:
        """The schedules as a file has them."""
        return {schedule.name: schedule.definition for schedule in self.schedules}


def write_expression(rule: OldRule) -> str:
    """Our expression for a rule. ValueError where there is none."""
    days = write_days(rule)
    if days is None:
        raise ValueError(
            "it runs where both the date and the weekday match, which no expression here says for these dates: use"
            " one of them, and look at the other in the job"
        )
    seconds = "" if rule.seconds == {0} else f"{write_values(rule.seconds, 0, 59)} "
    minutes, hours = write_values(rule.minutes, 0, 59), write_values(rule.hours, 0, 23)
    return f"{seconds}{minutes} {hours} {days[0]} {write_values(rule.months, 1, 12)} {days[1]}"


def without_empty(definition: dict[str, Any]) -> dict[str, Any]:
    """Without what is not given."""
    return {name: value for name, value in definition.items() if value not in (None, "", {}, [])}


def positional(args: Iterable[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments as a schedule has them."""
    given = list(args)
    return {**kwargs, "*": given} if given else dict(kwargs)
