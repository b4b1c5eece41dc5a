"""SQL of the notifier: how far it has come, and what each channel knows of each schedule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from models.sql.rows import as_json, recordset

# Whoever relays has numbered the log up to there. What channels are told of begins with the first of them.
_BEGIN = """
UPDATE notifier SET position = (SELECT numbered FROM event_relay), late_until = NULL
WHERE NOT EXISTS (SELECT FROM channels)
"""


def begin_noticing(connection: sa.Connection) -> None:
    """Where there has been no channel, begin with what happens from now on."""
    connection.exec_driver_sql(_BEGIN)


class Place(NamedTuple):
    """How far the log has been heeded, and how far it is numbered; up to when late runs have been looked for."""

    position: int
    numbered: int
    late_until: datetime | None
    now: datetime


_LOOK = """
SELECT n.position, r.numbered, n.late_until, now() FROM notifier n, event_relay r WHERE EXISTS (SELECT FROM channels)
"""


def look(connection: sa.Connection) -> Place | None:
    """How far the log has been heeded; None where nobody is to be told."""
    row = connection.exec_driver_sql(_LOOK).one_or_none()
    return None if row is None else Place(*row)


# Only one process gets it at a time; the others have nothing to do meanwhile.
_TAKE = f"{_LOOK} FOR UPDATE OF n SKIP LOCKED"


def take_place(connection: sa.Connection) -> Place | None:
    """Go on from where the log has been heeded, for this transaction; None where another does, or nobody is to be
    told."""
    row = connection.exec_driver_sql(_TAKE).one_or_none()
    return None if row is None else Place(*row)


_MOVE = "UPDATE notifier SET position = %(position)s, late_until = %(late_until)s"


def move_place(connection: sa.Connection, position: int, late_until: datetime | None) -> None:
    """Note how far the log has been heeded."""
    connection.exec_driver_sql(_MOVE, {"position": position, "late_until": late_until})


Key = tuple[str, str]
"""A channel, and what it is told about: a schedule, or `actors/NAME`."""


@dataclass
class Standing:
    """What a channel knows of a subject."""

    failures: int = 0
    told: list[str] = field(default_factory=list)
    told_at: datetime | None = None

    def __bool__(self) -> bool:
        """Whether there is something to remember."""
        return bool(self.failures or self.told or self.told_at)


_READ = "SELECT channel, subject, failures, told, told_at FROM notice_standings WHERE subject = ANY(%(subjects)s)"


def read_standings(connection: sa.Connection, subjects: Collection[str]) -> dict[Key, Standing]:
    """What channels know of these."""
    rows = connection.exec_driver_sql(_READ, {"subjects": list(subjects)})
    return {(row.channel, row.subject): Standing(row.failures, list(row.told), row.told_at) for row in rows}


_ROWS = recordset({"channel": "text", "subject": "text", "failures": "int", "told": "jsonb", "told_at": "timestamptz"})
_STORE = f"""
INSERT INTO notice_standings (channel, subject, failures, told, told_at)
SELECT channel, subject, failures, told, told_at FROM {_ROWS}
ON CONFLICT (channel, subject) DO UPDATE
SET (failures, told, told_at) = ROW (excluded.failures, excluded.told, excluded.told_at)
"""
_DROP = """
DELETE FROM notice_standings n USING unnest(%(channels)s::text[], %(subjects)s::text[]) AS v(channel, subject)
WHERE (n.channel, n.subject) = (v.channel, v.subject)
"""


def store_standings(connection: sa.Connection, standings: Mapping[Key, Standing]) -> None:
    """Note what channels know by now; where that is nothing, nothing is kept."""
    kept = [{"channel": key[0], "subject": key[1], **vars(known)} for key, known in standings.items() if known]
    if kept:
        connection.exec_driver_sql(_STORE, {"rows": as_json(kept)})
    if dropped := [key for key, known in standings.items() if not known]:
        _drop(connection, dropped)


def _drop(connection: sa.Connection, keys: Sequence[Key]) -> None:
    channels, subjects = zip(*keys, strict=True)
    connection.exec_driver_sql(_DROP, {"channels": list(channels), "subjects": list(subjects)})


# What is only remembered so as to be quiet.
_FORGET = """
DELETE FROM notice_standings n USING channels c
WHERE c.name = n.channel AND n.failures = 0 AND n.told = '[]'
  AND n.told_at < now() - make_interval(secs => c.quiet_seconds)
"""


def forget_standings(connection: sa.Connection) -> None:
    """Forget when channels were told that need not be quiet any more."""
    connection.exec_driver_sql(_FORGET)


def subject_of(schedule: str | None, actor: str | None) -> str:
    """Under which name it is kept what a channel knows: no name of a schedule has a slash."""
    return schedule if schedule is not None else f"actors/{actor}"


def subjects_of(facts: Iterable[tuple[str | None, str | None]]) -> set[str]:
    """Those of these schedules and actors."""
    return {subject_of(schedule, actor) for schedule, actor in facts}
