"""What is to come of all schedules, and what that says to somebody who chooses a minute."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.schedules import StoredSchedule
from scheduling.cron.zones import load_zone
from scheduling.slots.load import A_DAY, A_WEEK, Quiet, load_of, quietest
from scheduling.slots.spec import TICK, Spec, count_slots, take_slots

LOOKED_AT = 5_000
"""So many schedules are looked at, those that are due first."""

MOST_OWN = 7 * 24
"""What starts more often in a week has no minute of its own that another one could be better than."""


@dataclass(frozen=True)
class LoadHint:
    """The minute of a schedule in which most others start, by the clock in its zone, and a quiet one near it."""

    at: datetime
    minute: str
    starts: int
    quiet: str
    quiet_starts: int

    @property
    def words(self) -> str:
        """As one sentence."""
        if not self.starts:
            return f"At {self.minute} no other schedule starts."
        others = "none" if not self.quiet_starts else f"{self.quiet_starts:,}"
        here = f"At {self.minute} this minute already has {count_starts(self.starts)}"
        return f"{here}; {self.quiet} has {others}." if self.quiet_starts < self.starts else f"{here}."


def load_hint(
    schedules: Iterable[StoredSchedule], spec: Spec, now: datetime, *, without: str | None = None
) -> LoadHint | None:
    """What others do in the minutes of this spec within seven days from the next full hour on; `without` is the name of
    the schedule itself. None where it never starts, or too often for a minute to matter. ValueError for a spec that is
    not valid.
    """
    since = next_hour(now)
    own = count_slots(spec, since - TICK, since + timedelta(minutes=A_WEEK) - TICK)
    if not 0 < own <= MOST_OWN:
        return None
    load = load_of((each for each in schedules if each.name != without), since)
    slots = list(take_slots(spec, since - TICK, own))
    at = max(slots, key=lambda slot: load.starts[(slot - since) // timedelta(minutes=1)])
    local = at.astimezone(load_zone(spec.timezone))
    quiet = quietest(load.by_minute(spec.timezone), near=local.hour * 60 + local.minute)
    starts = load.starts[(at - since) // timedelta(minutes=1)]
    return LoadHint(at, f"{local:%H:%M}", starts, clock_of(quiet), quiet.starts)


def next_hour(at: datetime) -> datetime:
    """From when on the load is counted: so it is the same for an hour."""
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def clock_of(quiet: Quiet) -> str:
    """A minute of the day as a clock shows it."""
    hour, minute = divmod(quiet.minute % A_DAY, 60)
    return f"{hour:02}:{minute:02}"


def count_starts(number: int) -> str:
    """`1 start`, `41 starts`."""
    return f"{number:,} start{'' if number == 1 else 's'}"
