"""Notifier: whoever relays the log of events heeds it for channels, too.

In one transaction it reads what is new, decides who is told, inserts the runs that tell, and notes how far it has come:
nothing is told twice, and nothing is lost, wherever it dies.
"""

import math
import time
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog

from models.notices.channels import Channel, list_channels
from models.notices.deliveries import NewDelivery, forget_deliveries, insert_deliveries, known_deliveries
from models.notices.facts import Fact, What, count_groups, events_of, read_facts, read_late
from models.notices.standing import (
    Place,
    forget_standings,
    look,
    move_place,
    read_standings,
    store_standings,
    subjects_of,
    take_place,
)
from models.words.notices import NoticeKind
from scheduling.notices.rules import decide, runs_that_tell

log = structlog.get_logger("scheduling")

GROUPS = 20
"""So many groups of the log are heeded at once."""

LATE_SECONDS = 2.0
"""How often runs that have not begun are looked at."""

FORGET_SECONDS = 600.0
RETRY_SECONDS = 2.0
FORGOTTEN = 1000


class Notifier:
    """Decides who is told of what. For one thread at a time; of several processes one does it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._looked_for_late = -math.inf
        self._forgot = time.monotonic()
        self._failed = -math.inf

    def notice(self) -> bool:
        """Do what there is to do, unless another process does; whether there is more. What fails is tried again."""
        if time.monotonic() - self._failed < RETRY_SECONDS:
            return False
        try:
            return self._notice()
        except Exception:
            self._failed = time.monotonic()
            log.exception("notice")
            return False

    def _notice(self) -> bool:
        is_time = time.monotonic() - self._looked_for_late >= LATE_SECONDS
        with self._engine.begin() as connection:
            place = look(connection)
            if place is None or (place.position >= place.numbered and not is_time):
                return False
            place = take_place(connection)
            return place is not None and self._go_on(connection, place, is_time=is_time)

    def _go_on(self, connection: sa.Connection, place: Place, *, is_time: bool) -> bool:
        channels = list_channels(connection)
        to = min(place.numbered, place.position + GROUPS)
        if (lost := to - place.position - count_groups(connection, place.position, to)) > 0:
            log.error("notices-lost", groups=lost)
        facts = read_facts(connection, place.position, to, events_of(channels))
        late_until = place.late_until
        if is_time:
            late, late_until = self._look_for_late(connection, channels, place)
            facts += late
            self._forget(connection)
        self._decide(connection, facts, channels, place.now)
        move_place(connection, to, late_until)
        return to < place.numbered

    def _look_for_late(
        self, connection: sa.Connection, channels: Sequence[Channel], place: Place
    ) -> tuple[list[Fact], datetime | None]:
        """Runs that are late and have not begun, and up to when they have been looked for: where nobody is told of
        those, never, so that whoever asks for it is told of what is late from then on."""
        self._looked_for_late = time.monotonic()
        if NoticeKind.LATE not in events_of(channels):
            return [], None
        return read_late(connection, place.late_until or place.now, place.now)

    def _decide(
        self, connection: sa.Connection, facts: Sequence[Fact], channels: Sequence[Channel], now: datetime
    ) -> None:
        late = [fact for fact in facts if fact.what is What.LATE]
        told = known_deliveries(connection, runs_that_tell(late, NoticeKind.LATE, channels))
        known = read_standings(connection, subjects_of((fact.schedule, fact.actor) for fact in facts)) if facts else {}
        decision = decide(facts, channels, known, told)
        deliveries = [NewDelivery(each.run, each.channel, each.notice.as_json()) for each in decision.told]
        insert_deliveries(connection, deliveries, now)
        store_standings(connection, decision.standings)
        for each in decision.told:
            log.info("notice", channel=each.channel, kind=each.notice.kind, schedule=each.notice.schedule)

    def _forget(self, connection: sa.Connection) -> None:
        if time.monotonic() - self._forgot >= FORGET_SECONDS:
            self._forgot = time.monotonic()
            forget_standings(connection)
            forget_deliveries(connection, FORGOTTEN)
