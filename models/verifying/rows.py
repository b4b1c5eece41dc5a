"""SQL of the rows of slots, in the order of time, many schedules at once and few bytes a row."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.sql.spelling import quoted
from models.words.ids import first_id_at
from models.words.states import SkipReason, State

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_DAY = timedelta(days=1)


class Row(NamedTuple):
    """The row of a slot, or of so many from the first to the last; instants in microseconds since 1970."""

    first: int
    last: int
    slots: int


class Rows(NamedTuple):
    """Rows in the order of their ids, as they came: lists as text; `last_id` to go on after, None where there are no
    more."""

    at: str | None
    until: str | None
    slots: str | None
    last_id: UUID | None

    def read(self) -> list[Row]:
        """The rows, in the order of time."""
        if self.at is None or self.until is None:
            return []
        firsts = list(map(int, self.at.split(",")))
        if self.slots is None:
            rows = [Row(first, first, 1) for first in firsts]
        else:
            counts = iter(self.slots.split(","))
            rows = [
                Row(first, int(last), int(next(counts))) if last else Row(first, first, 1)
                for first, last in zip(firsts, self.until.split(","), strict=True)
            ]
        rows.sort()  # ids of one millisecond are in no order
        return rows


_MICROSECONDS = "(extract(epoch FROM {column}) * 1000000)::bigint"
_AT, _UNTIL = _MICROSECONDS.format(column="r.slot_at"), _MICROSECONDS.format(column="r.slot_until")

# Lists of numbers as text are read in a tenth of the time that rows would take; each list has the rows in one order.
# Nearly no row is of a range.
_INSIDE = f"""
SELECT l.id, f.*
FROM unnest(%(ids)s::uuid[]) AS l(id) CROSS JOIN LATERAL (
    SELECT string_agg(i.at::text, ',') AS at, string_agg(coalesce(i.until::text, ''), ',') AS until,
        string_agg(i.slots::text, ',') FILTER (WHERE i.until IS NOT NULL) AS slots,
        count(*), max(i.id::text)
    FROM (
        SELECT r.id, {_AT} AS at, {_UNTIL} AS until, r.slots FROM runs r
        WHERE (r.schedule_id, r.id) > (l.id, %(after)s) AND (r.schedule_id, r.id) < (l.id, %(end)s)
          AND r.id > %(after)s AND r.id < %(end)s
          AND r.trigger = 'schedule' AND r.slot_at < %(until)s
        ORDER BY r.schedule_id, r.id LIMIT %(limit)s
    ) i
) f
"""


def rows_inside(
    connection: sa.Connection,
    schedules: Sequence[UUID],
    since: datetime,
    until: datetime,
    limit: int,
    after: UUID | None = None,
) -> dict[UUID, Rows]:
    """Of each schedule the first `limit` rows whose slots begin in [since, until), with ids above `after`."""
    given = {
        "ids": schedules,
        "after": UUID(int=max(first_id_at(since).int - 1, 0)) if after is None else after,
        "end": UUID(int=first_id_at(until).int + (1 << 80)),
        "until": until,
        "limit": limit,
    }
    found: dict[UUID, Rows] = {}
    for id_, at, ends, slots, count, last in connection.exec_driver_sql(_INSIDE, given):
        found[id_] = Rows(at, ends, slots, UUID(last) if count == limit else None)
    return found


# Rows of one schedule never share a slot, so of those that begin before the first only the last can reach beyond it.
# An id that is ahead of all clocks is none of ours: somebody has put it there.
_OUTSIDE = f"""
SELECT l.id, o.at, coalesce(o.until, o.at), o.slots
FROM unnest(%(ids)s::uuid[]) AS l(id) CROSS JOIN LATERAL (
    (SELECT {_AT} AS at, {_UNTIL} AS until, r.slots, r.slot_until FROM runs r
     WHERE (r.schedule_id, r.id) >= (l.id, '{_FIRST}') AND (r.schedule_id, r.id) < (l.id, %(first)s)
       AND r.id < %(first)s AND r.trigger = 'schedule'
     ORDER BY r.schedule_id DESC, r.id DESC LIMIT 1)
    UNION ALL
    (SELECT {_AT}, {_UNTIL}, r.slots, coalesce(r.slot_until, r.slot_at) FROM runs r
     WHERE (r.schedule_id, r.id) >= (l.id, %(beyond)s) AND (r.schedule_id, r.id) <= (l.id, '{_LAST}')
       AND r.id >= %(beyond)s AND r.trigger = 'schedule' AND r.slot_at < %(until)s
     ORDER BY r.schedule_id, r.id LIMIT 1000)
) o WHERE o.slot_until >= %(since)s
ORDER BY l.id, o.at
"""


def rows_outside(
    connection: sa.Connection, schedules: Sequence[UUID], since: datetime, until: datetime, now: datetime
) -> dict[UUID, list[Row]]:
    """Of these schedules the rows of slots in [since, until) whose ids are not of that time: of a range that has begun
    before, and what has an id of its own making."""
    given = {
        "ids": schedules,
        "first": first_id_at(since),
        "beyond": _beyond(now),
        "since": since,
        "until": until,
    }
    found: dict[UUID, list[Row]] = {}
    for id_, *row in connection.exec_driver_sql(_OUTSIDE, given):
        found.setdefault(id_, []).append(Row(*row))
    return found


class Details(NamedTuple):
    """Of a row what tells where it comes from."""

    id: UUID
    version: int | None
    planned_at: datetime


_DETAILS = """
SELECT id, schedule_version, planned_at FROM runs
WHERE schedule_id = %(schedule)s AND trigger = 'schedule' AND slot_at = %(at)s
  AND (id >= %(first)s AND id < %(end)s OR id >= %(beyond)s)
ORDER BY id LIMIT 10
"""


def rows_of_slot(connection: sa.Connection, schedule: UUID, at: datetime, now: datetime) -> list[Details]:
    """The rows that begin with this slot."""
    first = first_id_at(at)
    given = {"schedule": schedule, "at": at, "first": first, "end": UUID(int=first.int + (1 << 80))}
    given["beyond"] = _beyond(now)
    return [Details(*row) for row in connection.exec_driver_sql(_DETAILS, given)]


# What was decided to run, whatever has become of it since.
_PLANNED_SKIPS = quoted(tuple(reason for reason in SkipReason if reason is not SkipReason.DEADLINE))
_USED_UP = f"""
SELECT slot_at FROM runs
WHERE schedule_id = %(schedule)s AND trigger = 'schedule'
  AND (state <> '{State.SKIPPED}' OR reason NOT IN ({_PLANNED_SKIPS}))
ORDER BY schedule_id, id OFFSET %(runs)s - 1 LIMIT 1
"""


def used_up_at(connection: sa.Connection, schedule: UUID, runs: int) -> datetime | None:
    """The slot by which so many slots of a schedule had been decided to run; None if so many never were."""
    at: datetime | None = connection.exec_driver_sql(
        _USED_UP, {"schedule": schedule, "runs": runs}
    ).scalar_one_or_none()
    return at


def _beyond(now: datetime) -> UUID:
    """No id of a slot is so high."""
    return first_id_at(now + _DAY)
