"""Old slots and new ones, compared. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.cli.importing.rules import OldRule
from scheduling.cron.zones import load_zone
from scheduling.slots.spec import TICK, Spec, count_slots, last_slots

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_MANY = 50
"""With more slots a day, days without a clock change are compared by their number."""


@dataclass(frozen=True)
class Comparison:
    """How many slots each has, those that only the old one has, and those that only the new one has."""

    old: int
    new: int
    gone: tuple[datetime, ...]
    added: tuple[datetime, ...]

    @property
    def is_same(self) -> bool:
        """Whether both have the same slots."""
        return not self.gone and not self.added


def compare(rule: OldRule, definition: Mapping[str, Any], since: datetime, until: datetime) -> Comparison:
    """The slots in (since, until] by the old rule and by the definition. ValueError for one that is not valid."""
    given = definition["cron"]
    spec = Spec(cron=(given,) if isinstance(given, str) else tuple(given), timezone=definition.get("timezone", "UTC"))
    gone: list[datetime] = []
    added: list[datetime] = []
    old = new = 0
    for begin, end, day in _days(rule.timezone, since, until):
        new_count = count_slots(spec, begin, end)
        new += new_count
        count = rule.count_on(day) if since < begin and end < until else None
        if count is not None and count == new_count > _MANY and begin > since + _WEEK:
            old += count
            continue
        before, after = rule.slots(begin, end), last_slots(spec, begin, end, new_count)
        old += len(before)
        gone += sorted(set(before) - set(after))
        added += sorted(set(after) - set(before))
    return Comparison(old, new, tuple(gone), tuple(added))


def _days(timezone: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, date]]:
    """The days of a zone, as far as they lie in (since, until]: after when, until when, and which."""
    zone = load_zone(timezone)
    day, begin = since.astimezone(zone).date(), since
    while begin < until:
        midnight = datetime.combine(day + _DAY, datetime.min.time(), zone)
        end = min(until, midnight.astimezone(UTC) - TICK)
        if begin < end:
            yield begin, end, day
            begin = end
        day += _DAY
