"""The evidence of one experiment: callsheet's rows and the ledger's, read once everything has settled."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.chaos.ledger import Attempts
from tests.chaos.tellings import Told, gather_told
from tests.chaos.world import World

# What was planned for an experiment's schedules, and what was sent without one.
_RUNS = "SELECT * FROM runs WHERE starts_with(schedule_name, %s) ORDER BY id"

# Every slot from the creation of a schedule to its cursor, against the rows that decide it.
_SLOTS = """
WITH mine AS (
    SELECT id, name, every_seconds::bigint AS every, created_at, cursor_at FROM schedules
    WHERE starts_with(name, %s) AND every_seconds IS NOT NULL
), expected AS (
    SELECT id, name, to_timestamp(number * every) AS slot FROM mine, generate_series(
        floor(extract(epoch FROM created_at) / every)::bigint + 1, floor(extract(epoch FROM cursor_at) / every)::bigint
    ) AS number
), decided AS (
    SELECT r.schedule_id AS id, slot, count(*) AS rows FROM runs r JOIN mine ON mine.id = r.schedule_id
    CROSS JOIN LATERAL generate_series(r.slot_at, coalesce(r.slot_until, r.slot_at), make_interval(secs => every)) slot
    WHERE r.trigger = 'schedule' GROUP BY 1, 2
)
SELECT coalesce(e.name, d.id::text) AS schedule, slot, coalesce(d.rows, 0) AS rows, e.slot IS NOT NULL AS expected
FROM expected e FULL JOIN decided d USING (id, slot)
"""

_BEHIND = "SELECT name, cursor_at, paused_at FROM schedules WHERE starts_with(name, %s) AND cursor_at < paused_at"


@dataclass(frozen=True)
class Evidence:
    """`starts` and `ends` hold the ledger's events by run and attempt; `cancelled` when the API had confirmed it; in
    `told` is what others heard of it all."""

    runs: dict[UUID, dict[str, Any]]
    starts: Attempts
    ends: Attempts
    cancelled: dict[UUID, datetime]
    slots: list[dict[str, Any]]
    behind: list[dict[str, Any]]
    told: Told = field(default_factory=Told)

    def attempts(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Every attempt in the history, with its run."""
        for run in self.runs.values():
            for attempt in run["attempts"]:
                yield run, attempt

    def outcomes(self) -> Counter[str]:
        """How the attempts ended, by the history."""
        return Counter(attempt["outcome"] for _, attempt in self.attempts())

    def results_lost(self) -> int:
        """Attempts that did all their work, but whose process could not write that down: their runs are tried again,
        which is what "at least once" means."""
        return sum(
            attempt["outcome"] in ("lost", "interrupted")
            and any(end.outcome == "ok" for end in self.ends.get((run["id"], attempt["number"]), ()))
            for run, attempt in self.attempts()
        )

    def late_seconds(self) -> float | None:
        """By how much the latest run of a slot began after its slot, whatever it had to wait for."""
        late = [
            (min(starts) - run["slot_at"]).total_seconds()
            for run in self.runs.values()
            if run["trigger"] == "schedule" and (starts := self.starts_of(run))
        ]
        return max(late, default=None)

    def starts_of(self, run: dict[str, Any]) -> list[datetime]:
        """When each of its attempts began, of those that did."""
        numbers = range(1, run["attempt"] + 1)
        return [start.at for number in numbers for start in self.starts.get((run["id"], number), ())]


def gather(world: World, name: str, since: datetime, cancelled: dict[UUID, datetime]) -> Evidence:
    """What is known of an experiment that has settled."""
    prefix = f"{name}."
    runs = {row["id"]: row for row in world.rows(_RUNS, prefix)}
    starts, ends = world.ledger.attempts(since)
    told = gather_told(world, since, runs)
    slots, behind = world.rows(_SLOTS, prefix), world.rows(_BEHIND, prefix)
    return Evidence(runs, starts, ends, dict(cancelled), slots, behind, told)
