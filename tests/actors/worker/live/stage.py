"""A worker, the run that it is in, and what people see of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from actors.worker.keeping.process import WorkerProcess
from actors.worker.live.live import SHORT_SECONDS, Live
from actors.worker.running.current import CurrentRun
from actors.worker.running.output import Output
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.live.reading import get_output
from models.runs import get_run
from models.words.parts import Joined
from models.words.states import Outcome, State
from scheduling.rescue import end_lost_runs
from tests.actors.worker.machine import Machine, started

NewRun = Callable[..., CurrentRun]


class Stage:
    """A worker, the run that it is in, and what people see of it."""

    def __init__(self, machine: Machine, new_run: NewRun) -> None:
        self.machine = machine
        self.worker = machine.worker()
        self.live = live_of(self.worker)
        self.new_run = new_run
        self.won, self.run = self.begin(self.worker)

    def begin(self, worker: WorkerProcess, limit: int = 65536, **columns: Any) -> tuple[ClaimedRun, CurrentRun]:
        won = started(worker, **columns)
        return won, self.inside(worker, won, limit)

    def inside(self, worker: WorkerProcess, won: ClaimedRun, limit: int = 65536) -> CurrentRun:
        long_ago = time.monotonic() - SHORT_SECONDS
        run = self.new_run(run_id=won.id, attempt=won.attempt, output=Output(limit), started=long_ago)
        worker.interrupts.enter(run, worker.interrupts.take_aim())
        return run

    def show(self) -> None:
        self.live._at = 0
        self.live.show()

    def output(self, attempt: int | None = None, after: int = 0, run: UUID | None = None) -> Joined | None:
        with self.machine.engine.begin() as connection:
            return get_output(connection, run or self.won.id, attempt, after)

    def text(self) -> str:
        found = self.output()
        assert found is not None
        return found.text

    def seen(self) -> Any:
        with self.machine.engine.begin() as connection:
            return get_run(connection, self.won.id)

    def rows(self) -> tuple[int, int]:
        with self.machine.engine.begin() as connection:
            found = connection.exec_driver_sql(
                "SELECT (SELECT count(*) FROM live_outputs), (SELECT count(*) FROM live_progress)"
            ).one()
            return found[0], found[1]

    def end(self, outcome: Outcome = Outcome.SUCCEEDED, state: State = State.SUCCEEDED, **rest: Any) -> None:
        self.worker.interrupts.leave()
        joined = self.run.output.joined()
        given = {"output": joined.text or None, "output_gaps": list(joined.gaps) or None} | rest
        self.worker.finish(
            FinishedAttempt.of(self.won, outcome, state, self.machine.now(), started_at=self.machine.now(), **given)
        )

    def lose(self) -> None:
        with self.machine.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE runs SET lease_until = now() - interval '1 s' WHERE state = 'running'")
            end_lost_runs(connection, 10)


def live_of(worker: WorkerProcess) -> Live:
    return Live(worker.engine, worker.id, worker.interrupts.running, worker.shown)


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)
