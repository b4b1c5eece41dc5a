"""SQL of the schedules that there were, each from its creation to its end, with the definitions that it had."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.sql.scope import IN_SCOPE, scope_parameters
from models.words.roles import Scope


class Life(NamedTuple):
    """A schedule that there is, or was; what decides its slots is that of its newest version, None where that is not
    known any more."""

    id: UUID
    name: str
    version: int
    created_at: datetime
    updated_at: datetime | None
    decided_at: datetime
    """Up to here all of its slots are decided."""
    is_gone: bool
    cron: Sequence[str] | None = None
    every_seconds: float | None = None
    at: datetime | None = None
    timezone: str = "UTC"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_runs: int | None = None
    slots_run: int = 0
    next_due_at: datetime | None = None
    waits: bool = False
    """Whether there is a reason why nothing of it is planned for now: a pause, an error, a backlog."""


class Version(NamedTuple):
    """A definition that it had from `at` on."""

    version: int
    at: datetime
    action: str
    definition: Mapping[str, Any]


_OF_LIVING = "cron, every_seconds, at, timezone, starts_at, ends_at, max_runs, slots_run, next_due_at"
_TIME = "NULL::timestamptz"
_NONE_OF_GONE = f"NULL::jsonb, NULL::float, {_TIME}, 'UTC', {_TIME}, {_TIME}, NULL::int, 0, {_TIME}, false"


def _lives(living: str, gone: str) -> str:
    return f"""
WITH living AS (
    SELECT id, name, version, created_at, updated_at, cursor_at, false AS is_gone, {_OF_LIVING},
        paused_at IS NOT NULL OR error IS NOT NULL OR held_back IS NOT NULL
    FROM schedules s WHERE id >= %(first)s AND {living} ORDER BY id LIMIT %(limit)s
), gone AS (
    SELECT id, name, version, created_at, NULL::timestamptz, decided_at, true, {_NONE_OF_GONE}
    FROM deleted_schedules WHERE id >= %(first)s AND decided_at > %(since)s AND {gone} ORDER BY id LIMIT %(limit)s
)
SELECT * FROM living UNION ALL SELECT * FROM gone ORDER BY id LIMIT %(limit)s
"""


def list_lives(
    connection: sa.Connection,
    first: UUID,
    since: datetime,
    limit: int,
    *,
    schedule: str | None = None,
    only: Scope | None = None,
) -> list[Life]:
    """Schedules by id, from `first` on; those too that were deleted after `since`, for whoever sees all of them."""
    named = "name = %(schedule)s" if schedule is not None else "true"
    statement = _lives(f"{named} AND {IN_SCOPE}", "false") if only is not None else _lives(named, named)
    given = {"first": first, "since": since, "limit": limit, "schedule": schedule}
    rows = connection.exec_driver_sql(statement, given if only is None else given | scope_parameters(only))
    return [Life(*row) for row in rows]


# The one in force up to `since`, whose slot that may be, and those after it.
_VERSIONS = """
SELECT l.id, v.version, v.at, v.action, v.definition - 'args' - 'description'
FROM unnest(%(ids)s::uuid[], %(names)s::text[], %(versions)s::int[]) AS l(id, name, version)
JOIN schedule_versions v ON v.name = l.name AND v.version <= l.version AND v.version >= coalesce((
    SELECT w.version FROM schedule_versions w
    WHERE w.name = l.name AND w.version <= l.version AND w.at < %(since)s ORDER BY w.version DESC LIMIT 1), 0)
ORDER BY l.id, v.version DESC
"""


def versions_since(connection: sa.Connection, lives: Sequence[Life], since: datetime) -> dict[UUID, list[Version]]:
    """The definitions of slots at `since` and later, as far as they are known, newest first."""
    given = {
        "ids": [life.id for life in lives],
        "names": [life.name for life in lives],
        "versions": [life.version for life in lives],
        "since": since,
    }
    found: dict[UUID, list[Version]] = defaultdict(list)
    for id_, *rest in connection.exec_driver_sql(_VERSIONS, given):
        found[id_].append(Version(*rest))
    return found


_IS_KNOWN = """
SELECT EXISTS (SELECT FROM schedules s WHERE s.name = %(name)s AND {living})
    OR EXISTS (SELECT FROM schedule_versions WHERE name = %(name)s AND {gone})
"""


def is_known(connection: sa.Connection, name: str, only: Scope | None) -> bool:
    """Whether there is, or was, a schedule of that name that somebody sees."""
    if only is None:
        statement, given = _IS_KNOWN.format(living="true", gone="true"), {"name": name}
    else:
        statement = _IS_KNOWN.format(living=IN_SCOPE, gone="false")
        given = {"name": name} | scope_parameters(only)
    return bool(connection.exec_driver_sql(statement, given).scalar_one())
