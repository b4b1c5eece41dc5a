"""Planned: what a round of planning did, as it is told to whoever asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.counters.counting import count
from models.lifecycle.publishing import LeasedRun
from models.statistics.counts import Counted


@dataclass(frozen=True)
class Planned:
    """What one round of planning did; `full` when there may be more due at once, `leased` what to publish, `now` up to
    when it looked, `locked` how many schedules wait for a run that somebody has locked, `ended` what it has ended,
    `skipped` how many slots it has skipped, by reason."""

    schedules: int = 0
    runs: int = 0
    skips: int = 0
    quarantined: int = 0
    locked: int = 0
    full: bool = False
    leased: tuple[LeasedRun, ...] = ()
    now: datetime | None = field(default=None, compare=False)
    ended: tuple[Counted, ...] = field(default=(), compare=False)
    skipped: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def has_decided(self) -> bool:
        """Whether anything came of it: what others have locked stays due as it was."""
        return self.runs + self.skips + self.quarantined > 0

    def count_slots(self) -> None:
        """Count its slots, once they are decided for good."""
        if self.runs:
            count("callsheet_slots_total", self.runs, outcome="planned", reason="")
        for reason, slots in self.skipped.items():
            count("callsheet_slots_total", slots, outcome="skipped", reason=reason)
