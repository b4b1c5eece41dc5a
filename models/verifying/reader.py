"""What verify reads, of one snapshot."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from uuid import UUID

import sqlalchemy as sa

from models.sql.clock import read_clock
from models.verifying.lives import Life, Version, list_lives, versions_since
from models.verifying.results import whole_since
from models.verifying.rows import Details, Row, Rows, rows_inside, rows_of_slot, rows_outside, used_up_at
from models.words.roles import Scope

FIRST_ROWS = 1500
"""A day of one that is due every minute: so many rows of each of several schedules are read at once, and then"""

MORE_ROWS = 10_000
"""so many of one that has more."""


class LedgerReader:
    """Reads schedules, their definitions and the rows of their slots: those of one name, or those that somebody sees.

    `kept` is how long the rows of slots are kept at least.
    """

    def __init__(
        self,
        connection: sa.Connection,
        kept: timedelta,
        *,
        schedule: str | None = None,
        only: Scope | None = None,
    ) -> None:
        self._connection = connection
        self._schedule = schedule
        self._only = only
        self.present = read_clock(connection)
        self.whole_since = whole_since(connection, self.present, kept)
        """From when on history is whole."""

    def lives(self, first: UUID, since: datetime, limit: int) -> list[Life]:
        """Schedules by id, from `first` on, that there were after `since`."""
        return list_lives(self._connection, first, since, limit, schedule=self._schedule, only=self._only)

    def versions(self, lives: Sequence[Life], since: datetime) -> dict[UUID, list[Version]]:
        """The definitions of slots since then, newest first."""
        return versions_since(self._connection, lives, since)

    def rows(self, lives: Sequence[Life], since: datetime, until: datetime) -> dict[UUID, Iterator[Row]]:
        """Of each schedule the rows of its slots in [since, until), in order, and that of a range that reaches in."""
        ids = [life.id for life in lives]
        outside = rows_outside(self._connection, ids, since, until, self.present)
        inside = rows_inside(self._connection, ids, since, until, FIRST_ROWS)
        return {id_: self._all_of(id_, inside[id_], outside.get(id_, []), since, until) for id_ in ids}

    def rows_of(self, life: Life, slot: datetime) -> list[Details]:
        """The rows that begin with a slot."""
        return rows_of_slot(self._connection, life.id, slot, self.present)

    def used_up_at(self, life: Life, runs: int) -> datetime | None:
        """The slot by which so many had been decided to run; None if so many never were. The beginning of history
        where some of it is gone: nobody knows any more how many there were."""
        if life.created_at < self.whole_since:
            return self.whole_since
        return used_up_at(self._connection, life.id, runs)

    def _all_of(self, id_: UUID, first: Rows, outside: list[Row], since: datetime, until: datetime) -> Iterator[Row]:
        rows = self._go_on(id_, first, since, until)
        return merge(outside, rows) if outside else rows

    def _go_on(self, id_: UUID, found: Rows, since: datetime, until: datetime) -> Iterator[Row]:
        while True:
            yield from found.read()
            if found.last_id is None:
                return
            found = rows_inside(self._connection, [id_], since, until, MORE_ROWS, found.last_id)[id_]
