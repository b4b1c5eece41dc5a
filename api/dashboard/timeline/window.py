"""Which time the timeline shows, and of which schedules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from api.dashboard.frame.asking import asked, instant_of
from api.shapes.schedule_body import Name
from api.web.fields import Query, Text
from models.words.faults import Fault
from models.words.instants import write_instant
from models.words.kinds import Instant
from scheduling.commands.faults import Refused
from scheduling.cron.zones import load_zone

FARTHEST = timedelta(hours=24)
"""So far back and ahead it can be seen."""

SHORTEST = timedelta(minutes=10)
HOURS = (3, 6, 12, 24)
STEP = timedelta(minutes=5)
"""For so long the page is the same, unless something happens."""

FILTERS = ("prefix", "tag", "actor")


class TimelineQuery(Query):
    """Which time, of which schedules; `cursor` is the last one of the part before."""

    since: Instant | None = None
    until: Instant | None = None
    hours: Annotated[int, Field(ge=1, le=24)] = 6
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    prefix: Text | None = None
    tag: Text | None = None
    actor: Text | None = None
    cursor: Name | None = None


@dataclass(frozen=True)
class Window:
    """From when to when, and where the present is, as exact as the page needs it."""

    since: datetime
    until: datetime
    now: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def earlier(self) -> dict[str, str] | None:
        """The time before; None where no more can be seen."""
        return self._moved(self.since - self.length)

    @property
    def later(self) -> dict[str, str] | None:
        """The time after."""
        return self._moved(self.until)

    def _moved(self, since: datetime) -> dict[str, str] | None:
        first, last = self.now - FARTHEST, self.now + FARTHEST
        since = max(first, min(since, last - self.length))
        if since == self.since:
            return None
        return {"since": write_instant(since), "until": write_instant(since + self.length)}


def query_of(given: Mapping[str, str]) -> TimelineQuery:
    """What is asked for. Raises Refused."""
    instants = {name: at for name in ("since", "until") if (at := instant_of(given.get(name)))}
    query = asked(TimelineQuery, dict(given) | instants)
    try:
        load_zone(query.timezone)
    except ValueError as error:
        raise Refused([Fault(("timezone",), str(error))]) from None
    return query


def window_of(query: TimelineQuery, now: datetime) -> Window:
    """So many hours back and ahead, or from one instant to another, as far as it can be seen. Raises Refused."""
    now -= timedelta(seconds=now.timestamp() % STEP.total_seconds())
    first, last = now - FARTHEST, now + FARTHEST
    around = timedelta(hours=query.hours)
    if query.since is not None and query.until is not None and query.until <= query.since:
        raise Refused([Fault(("until",), "must be later than since")])
    since, until = query.since, query.until
    if since is None and until is None:
        since = now - around
    if since is None and until is not None:
        since = max(until, first) - min(2 * around, max(until, first) - first)
    assert since is not None, "one of them is given, or neither"
    since = max(first, min(since, last - SHORTEST))
    until = min(last, max(until or since + min(2 * around, last - since), since + SHORTEST))
    return Window(since, until, now)
