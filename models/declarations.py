"""Schedules that actors declare in code: announced with their actors, applied by the scheduling process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ConfigDict, Field

from models.definition import COLUMNS, Definition, Expressions
from models.sql.liveness import ANNOUNCED, LIVE
from models.words.kinds import NAME_PATTERN


class Declaration(Definition):
    """A schedule that an actor brings along."""

    model_config = ConfigDict(frozen=True, strict=False)

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    cron: Expressions


@dataclass(frozen=True)
class Declared:
    """What the workers that live now say of an actor's schedule.

    `given` are its fields as they were announced, empty where it declares none any more; `error` is what stood against
    it up to now, and `by` who says so: its release, and the worker.
    """

    actor: str
    given: Mapping[str, Any]
    error: str | None
    by: str

    @property
    def name(self) -> str | None:
        """The name of the schedule that is declared."""
        return str(self.given.get("name", self.actor)) if self.given else None

    @property
    def refused(self) -> str | None:
        """Why its own worker refuses it, if it does."""
        return self.given.get("refused")

    def read(self) -> Declaration:
        """The declaration. Raises ValidationError; fields that only a newer release knows are left out."""
        known = {name: self.given[name] for name in Declaration.model_fields if name in self.given}
        return Declaration.model_validate(known)


_DECLARED = f"""
SELECT a.name, a.options->'schedule', a.declaration_error, concat_ws(', ', 'release ' || w.release,
    'worker ' || w.id || ' on ' || w.host || ', started at '
    || to_char(w.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
FROM actors a LEFT JOIN workers w ON w.id = a.announced_by
WHERE (a.options->'schedule' IS NOT NULL OR a.declaration_error IS NOT NULL) AND {ANNOUNCED}
ORDER BY w.started_at DESC NULLS LAST, a.name
"""


def list_declared_schedules(connection: sa.Connection) -> list[Declared]:
    """What live workers declare now, the newest worker's first, and whose declarations were wrong before."""
    rows = connection.exec_driver_sql(_DECLARED)
    return [Declared(actor, given if isinstance(given, dict) else {}, error, by) for actor, given, error, by in rows]


_NOTE_ERROR = "UPDATE actors SET declaration_error = %(error)s WHERE name = %(actor)s"


def note_declaration_error(connection: sa.Connection, actor: str, error: str | None) -> None:
    """Show with the actor why its declaration is not in force; None once it is."""
    connection.exec_driver_sql(_NOTE_ERROR, {"actor": actor, "error": error})


_NOTE_DECLARED_BY = "UPDATE schedules SET declared_by = %(by)s WHERE name = %(name)s"


def note_declared_by(connection: sa.Connection, name: str, by: str) -> None:
    """Show with a schedule who has declared its definition as it is now."""
    connection.exec_driver_sql(_NOTE_DECLARED_BY, {"name": name, "by": by or None})


# A union, so that each half has its index.
_COLUMNS = ", ".join(("name", "source", "error", "pause_reason", "paused_by", *COLUMNS))
_CODE_SCHEDULES = f"""
SELECT {_COLUMNS} FROM schedules WHERE source = 'code'
UNION ALL SELECT {_COLUMNS} FROM schedules WHERE source <> 'code' AND name = ANY(%(names)s)
"""


def list_code_schedules(connection: sa.Connection, names: list[str]) -> dict[str, sa.Row[Any]]:
    """By name, with the columns of a definition, `source`, `error`, `pause_reason` and `paused_by`: schedules of code,
    and what else has one of the names."""
    return {row.name: row for row in connection.exec_driver_sql(_CODE_SCHEDULES, {"names": names})}


_MARK_ANNOUNCED = """
UPDATE schedules SET announced_at = now() WHERE id = ANY(ARRAY(
    SELECT id FROM schedules WHERE source = 'code' AND name = ANY(%(names)s)
      AND (announced_at IS NULL OR announced_at < now() - interval '30 s')
    FOR UPDATE SKIP LOCKED))
"""


def mark_announced(connection: sa.Connection, names: list[str]) -> None:
    """Note that these schedules are still declared; of those that somebody has locked a moment later."""
    connection.exec_driver_sql(_MARK_ANNOUNCED, {"names": names})


# Workers of other queues don't know the actor, and one that has just started says nothing about the hour before. What
# is paused needs no stopping.
_UNDECLARED = f"""
SELECT s.id, s.name FROM schedules s JOIN actors a ON a.name = s.actor
WHERE s.source = 'code' AND s.paused_at IS NULL AND s.announced_at < now() - make_interval(secs => %(after)s)
  AND EXISTS (SELECT FROM workers w WHERE {LIVE} AND w.queues ? a.queue
              AND w.started_at < now() - make_interval(secs => %(after)s))
"""


def list_undeclared_schedules(connection: sa.Connection, after_seconds: float) -> list[tuple[UUID, str]]:
    """Schedules of code (id, name) that no worker has declared for so long, though one of their actor's queue was there
    all the time."""
    rows = connection.exec_driver_sql(_UNDECLARED, {"after": after_seconds})
    return [(row.id, row.name) for row in rows]


_FORGET_ANNOUNCEMENT = "UPDATE schedules SET announced_at = NULL WHERE id = %(id)s"


def forget_announcement(connection: sa.Connection, schedule: UUID) -> None:
    """Take a schedule for one that nobody declares, until somebody does: it is people's to resume or delete."""
    connection.exec_driver_sql(_FORGET_ANNOUNCEMENT, {"id": schedule})
