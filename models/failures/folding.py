"""SQL of folding: runs that were noted as failed are counted under their fingerprints.

One process at a time does it, a batch a transaction: a note is counted once, whoever dies.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.failures.streaks import NO_SCHEDULE, end_streaks, last_successes
from models.sql.rows import as_json, recordset
from models.sql.spelling import state_in
from models.words.fingerprints import READ_CHARACTERS, Kind, kind_of
from models.words.states import State

MOST_KINDS = 100
"""So many kinds of failures an actor has; those that come then are counted by their type alone."""

MOST_TYPES = 150
"""Beyond so many, types among them, all that is new is one kind."""


class _Failed(NamedTuple):
    """A run that has failed, as its row is."""

    id: UUID
    actor: str
    schedule_id: UUID
    schedule_name: str | None
    error_type: str | None
    error_message: str | None
    finished_at: datetime


_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('callsheet'), hashtext('failures'))"
_ARE_THERE = "SELECT EXISTS (SELECT FROM failed_runs WHERE fingerprint IS NULL)"

_TAKE = f"""
SELECT f.run_id, r.actor, coalesce(r.schedule_id, '{NO_SCHEDULE}'), r.schedule_name, r.error_type,
    left(r.error_message, {READ_CHARACTERS}), r.finished_at
FROM (SELECT run_id FROM failed_runs WHERE fingerprint IS NULL ORDER BY run_id LIMIT %(limit)s) f
LEFT JOIN LATERAL (
    SELECT * FROM runs WHERE id = f.run_id AND finished_at IS NOT NULL AND {state_in("runs", (State.FAILED,))} LIMIT 1
) r ON true
"""
_FORGET = "DELETE FROM failed_runs WHERE run_id = ANY(%(runs)s)"


def is_work(connection: sa.Connection) -> bool:
    """Whether any run is noted and not counted."""
    return bool(connection.exec_driver_sql(_ARE_THERE).scalar_one())


def be_alone(connection: sa.Connection) -> bool:
    """Have no other process fold until this transaction ends; whether none does already."""
    return bool(connection.exec_driver_sql(_LOCK).scalar_one())


def fold_failures(connection: sa.Connection, limit: int) -> int:
    """Count the next `limit` of the runs that are noted, alone; how many there were."""
    rows = connection.exec_driver_sql(_TAKE, {"limit": limit}).all()
    if gone := [row[0] for row in rows if row[1] is None]:
        connection.exec_driver_sql(_FORGET, {"runs": gone})
    failed = [_Failed(*row) for row in rows if row[1] is not None]
    if failed:
        kinds = _choose_kinds(connection, failed)
        _count(connection, failed, kinds)
    return len(rows)


_KNOWN = "SELECT fingerprint FROM errors WHERE fingerprint = ANY(%(fingerprints)s)"
_KINDS = "SELECT actor, count(*) FROM errors WHERE actor = ANY(%(actors)s) GROUP BY actor"


def _choose_kinds(connection: sa.Connection, failed: Sequence[_Failed]) -> list[Kind]:
    """The kind of each: its own, where its actor has not too many already."""
    texts = dict.fromkeys((run.actor, run.error_type, run.error_message) for run in failed)
    exact = {text: kind_of(*text) for text in texts}
    possible = {kind: (kind, *kind.wider()) for kind in exact.values()}
    fingerprints = {each.fingerprint for kinds in possible.values() for each in kinds}
    known = set(connection.exec_driver_sql(_KNOWN, {"fingerprints": list(fingerprints)}).scalars())
    actors = {"actors": list({kind.actor for kind in possible})}
    had = Counter({row[0]: row[1] for row in connection.exec_driver_sql(_KINDS, actors)})
    chosen: dict[Kind, Kind] = {}
    for kind, (own, of_type, of_actor) in possible.items():
        chosen[kind] = next(
            (each for each, most in ((own, MOST_KINDS), (of_type, MOST_TYPES))
             if each.fingerprint in known or had[kind.actor] < most),
            of_actor,
        )  # fmt: skip
        if chosen[kind].fingerprint not in known:
            known.add(chosen[kind].fingerprint)
            had[kind.actor] += 1
    return [chosen[exact[run.actor, run.error_type, run.error_message]] for run in failed]


_ERRORS = {
    "fingerprint": "text",
    "actor": "text",
    "error_type": "text",
    "message": "text",
    "first_at": "timestamptz",
    "last_at": "timestamptz",
    "count": "bigint",
    "last_run_id": "uuid",
}
_OF_SCHEDULES = {
    "fingerprint": "text",
    "schedule_id": "uuid",
    "schedule_name": "text",
    "first_at": "timestamptz",
    "last_at": "timestamptz",
    "count": "bigint",
    "last_run_id": "uuid",
    "streak": "integer",
}
_SUMS = """first_at = least(e.first_at, excluded.first_at), last_at = greatest(e.last_at, excluded.last_at),
    count = e.count + excluded.count, last_run_id = greatest(e.last_run_id, excluded.last_run_id)"""
_ADD = f"""
INSERT INTO errors AS e ({", ".join(_ERRORS)}) SELECT {", ".join(_ERRORS)} FROM {recordset(_ERRORS)}
ON CONFLICT (fingerprint) DO UPDATE SET {_SUMS}
"""
_ADD_OF_SCHEDULES = f"""
INSERT INTO error_schedules AS e ({", ".join(_OF_SCHEDULES)})
SELECT {", ".join(_OF_SCHEDULES)} FROM {recordset(_OF_SCHEDULES)}
ON CONFLICT (fingerprint, schedule_id) DO UPDATE SET {_SUMS}, streak = e.streak + excluded.streak,
    schedule_name = excluded.schedule_name
"""
_COUNTED = f"""
UPDATE failed_runs f SET fingerprint = v.fingerprint FROM {recordset({"run_id": "uuid", "fingerprint": "text"})}
WHERE f.run_id = v.run_id
"""


def _count(connection: sa.Connection, failed: Sequence[_Failed], kinds: Sequence[Kind]) -> None:
    """Add them to what their fingerprints have, and say under which each is counted."""
    successes = last_successes(connection, ((run.schedule_id, run.actor, run.id) for run in failed))
    end_streaks(connection, successes)
    of_errors: dict[Kind, list[_Failed]] = {}
    of_schedules: dict[tuple[Kind, UUID], list[_Failed]] = {}
    for run, kind in zip(failed, kinds, strict=True):
        of_errors.setdefault(kind, []).append(run)
        of_schedules.setdefault((kind, run.schedule_id), []).append(run)
    errors = [
        kind._asdict() | {"fingerprint": kind.fingerprint} | _sums(runs) for kind, runs in sorted(of_errors.items())
    ]
    connection.exec_driver_sql(_ADD, {"rows": as_json(errors)})
    schedules = [
        {"fingerprint": kind.fingerprint, "schedule_id": schedule, "schedule_name": runs[-1].schedule_name}
        | _sums(runs)
        | {"streak": _in_a_row(runs, successes)}
        for (kind, schedule), runs in of_schedules.items()
    ]
    connection.exec_driver_sql(_ADD_OF_SCHEDULES, {"rows": as_json(schedules)})
    counted = [{"run_id": run.id, "fingerprint": kind.fingerprint} for run, kind in zip(failed, kinds, strict=True)]
    connection.exec_driver_sql(_COUNTED, {"rows": as_json(counted)})


def _sums(runs: Iterable[_Failed]) -> dict[str, object]:
    ends = sorted(run.finished_at for run in runs)
    return {"first_at": ends[0], "last_at": ends[-1], "count": len(ends), "last_run_id": max(run.id for run in runs)}


def _in_a_row(runs: Sequence[_Failed], successes: Mapping[tuple[UUID, str], UUID]) -> int:
    """How many of them came after the last success before the newest."""
    last = successes.get((runs[0].schedule_id, runs[0].actor), NO_SCHEDULE)
    return sum(run.id > last for run in runs)
