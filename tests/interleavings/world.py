"""Acts on a database as clients, schedulers and workers do, by the functions that they use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

from api.access.auth import Caller, Role
from api.shapes.schedule_body import NewSchedule, Nothing, PauseBody, ScheduleBody, SchedulePatch, TriggerBody
from api.v1 import controls, schedules
from api.web.routes import Answer, Call
from models.lifecycle.ended import tally_outcomes
from models.verifying.reader import LedgerReader
from models.verifying.results import snapshot
from scheduling.plan import plan_due
from scheduling.slots.verify import BEGIN, verify
from scheduling.slots.walk import Problem
from tests.interleavings.clock import Clock
from tests.interleavings.slots import Definition
from tests.models.rows import WORKER

_CALLER = Caller("tester", Role.ADMIN)

_FINISH = """
UPDATE runs SET
    state = %(state)s,
    worker_id = %(worker)s,
    due_at = CASE WHEN %(state)s = 'retrying' THEN now() + interval '15 s' ELSE due_at END
WHERE id IN (
    SELECT r.id FROM runs r JOIN schedules s ON s.id = r.schedule_id
    WHERE s.name = %(name)s AND r.state IN ('planned', 'queued', 'running', 'retrying') AND r.due_at <= now()
    ORDER BY r.due_at, r.id LIMIT %(limit)s
)
RETURNING id, schedule_id, state, now() AS finished_at, false AS never_ran, false AS by_hand
"""


LONG = timedelta(days=365)


@dataclass
class Verified:
    """What verify has found."""

    slots: int = 0
    accounted: int = 0
    problems: list[Problem] = field(default_factory=list)


class CrashingEngine:
    """An engine whose transactions do everything except commit."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        with self._engine.connect() as connection:
            yield connection
            connection.rollback()


class World:
    """Clients, schedulers and workers of one database. Those that crash do so right before they commit.

    `observer` is a connection in autocommit mode that looks on.
    """

    def __init__(self, engine: sa.Engine, observer: psycopg.Connection[Any], clock: Clock) -> None:
        self.engine = engine
        self.observer = observer
        self.clock = clock
        self.held: set[UUID] = set()

    @contextmanager
    def late(self, seconds: float) -> Iterator[datetime]:
        """Transactions within this block began so long ago; gives their now."""
        self.clock.late = timedelta(seconds=seconds)
        self.clock.now -= self.clock.late
        try:
            yield self.clock.now
        finally:
            self.clock.now += self.clock.late
            self.clock.late = timedelta(0)

    def post(self, name: str, definition: Definition, *, crash: bool = False) -> None:
        body = NewSchedule.model_validate({"name": name} | definition.as_json())
        self._call(schedules.create_schedule, name, body, crash=crash)

    def put(self, name: str, definition: Definition, *, crash: bool = False) -> None:
        self._call(schedules.put_schedule, name, ScheduleBody.model_validate(definition.as_json()), crash=crash)

    def patch(self, name: str, change: dict[str, Any], *, crash: bool = False) -> None:
        self._call(schedules.patch_schedule, name, SchedulePatch(change), crash=crash)

    def pause(self, name: str, until: datetime | None, *, crash: bool = False) -> None:
        body = PauseBody.model_validate({"until": until.isoformat()} if until else {})
        self._call(controls.pause_schedule, name, body, crash=crash)

    def resume(self, name: str, *, crash: bool = False) -> None:
        self._call(controls.resume_schedule, name, Nothing(), crash=crash)

    def delete(self, name: str, *, crash: bool = False) -> None:
        self._call(schedules.delete_schedule, name, None, crash=crash)

    def trigger(self, name: str, overlap: str | None, due_at: datetime | None, *, crash: bool = False) -> None:
        given = {"overlap": overlap, "due_at": due_at.isoformat() if due_at else None}
        body = TriggerBody.model_validate({key: value for key, value in given.items() if value})
        self._call(controls.trigger_schedule, name, body, crash=crash)

    def plan(self, limit: int, *, crash: bool = False) -> None:
        with self._engine(crash).begin() as connection:
            plan_due(connection, limit)

    def plan_together(self, limit: int, gap: float, *, commits: bool) -> None:
        """A second scheduler plans before the first ends its transaction; `held` then has what both left undecided."""
        with self.engine.connect() as first:
            before = _cursors(first)
            plan_due(first, limit)
            self.held = {schedule for schedule, cursor in _cursors(first).items() if cursor != before[schedule]}
            self.clock.now += timedelta(seconds=gap)
            self.plan(100)
            if commits:
                first.commit()
            else:
                first.rollback()

    def verify(self, steps: int) -> Verified:
        """All of it, in parts of so many steps."""
        found, place = Verified(), BEGIN
        while True:
            with snapshot(self.engine) as connection:
                reader = LedgerReader(connection, LONG)
                part = verify(reader, reader.present - LONG, reader.present, place, steps)
            found.slots += part.slots
            found.accounted += part.accounted
            found.problems += [each.problem for each in part.unaccounted]
            if part.next is None:
                return found
            place = part.next

    def finish(self, name: str, state: str, *, everything: bool) -> None:
        parameters = {"state": state, "worker": WORKER, "name": name, "limit": None if everything else 1}
        with self.engine.begin() as connection:
            tally_outcomes(connection, connection.exec_driver_sql(_FINISH, parameters).all())

    def _engine(self, crash: bool) -> Any:
        return CrashingEngine(self.engine) if crash else self.engine

    def _call(self, handler: Callable[..., Answer], name: str, body: Any, *, crash: bool) -> None:
        given = {} if body is None else {"body": body}
        handler(Call(self._engine(crash), {"name": name}, lambda _: None, _CALLER), **given)


def _cursors(connection: sa.Connection) -> dict[UUID, tuple[Any, ...]]:
    rows = connection.exec_driver_sql("SELECT id, cursor_at, next_due_at, paused_at FROM schedules")
    return {row.id: tuple(row) for row in rows}
