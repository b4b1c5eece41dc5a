"""Counting: what a worker process has written as ended, and that alone, is in its statistics."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker

from actors.worker.claiming.claims import claim_messages
from actors.worker.keeping.burial import Burial
from actors.worker.keeping.ends import Ends
from actors.worker.keeping.keeper import Keeper
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.outcome import RetryRule, fail, succeed
from models.counters.counting import OF_PROCESS
from models.lifecycle.claiming import ClaimedRun
from models.statistics.histogram import Histogram
from tests.actors.worker.line import READ, Line, published
from tests.actors.worker.machine import Machine, claimed, kill, locked, started, write
from tests.models.counters.totals import counting
from tests.models.rows import claim, set_run
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.worker.keeping.burial.EACH_SECONDS", 0)


def counted(machine: Machine) -> dict[tuple[Any, ...], int]:
    """How many of each kind."""
    statement = "SELECT actor, queue, state, outcome, runs FROM statistics WHERE span_seconds = 0"
    with machine.engine.begin() as connection:
        return {tuple(row[:-1]): row[-1] for row in connection.exec_driver_sql(statement)}


def histogram(machine: Machine, name: str) -> Histogram:
    with machine.engine.begin() as connection:
        statement = f"SELECT {name}, {name}_seconds FROM statistics WHERE span_seconds = 0"
        return Histogram(*connection.exec_driver_sql(statement).one())


def tell(worker: WorkerProcess) -> None:
    with worker.engine.begin() as connection:
        then = worker.statistics.tell(connection)
    then()


def end(worker: WorkerProcess, run: ClaimedRun, seconds: float = 0, error: Exception | None = None) -> None:
    begun = run.claimed_at
    at = begun + timedelta(seconds=seconds)
    worker.finish(fail(run, error, RetryRule(), begun, at) if error else succeed(run, None, begun, at))


def test_ends_are_counted_with_how_late_they_began_and_how_long_they_took(machine: Machine) -> None:
    worker = machine.worker()
    end(worker, started(worker, due_seconds=-40), 7)
    write(worker)
    assert counted(machine) == {}
    tell(worker)
    assert counted(machine) == {("work", "default", "succeeded", "succeeded"): 1}
    assert 40 <= histogram(machine, "lateness").seconds < 60
    assert histogram(machine, "duration").quantile(1) == 10


def test_each_attempt_is_counted_and_how_late_the_run_began_but_once(machine: Machine) -> None:
    worker = machine.worker()
    run = started(worker, max_retries=1)
    end(worker, run, error=RuntimeError("no"))
    write(worker)
    with machine.engine.begin() as connection:
        set_run(connection, run.id, "due_at = now()")
        [again] = claim(connection, run.id, 1, worker.id)
    worker.held.add([again])
    end(worker, again, error=RuntimeError("no"))
    write(worker)
    tell(worker)
    kinds = {("work", "default", state, "failed"): 1 for state in ("retrying", "failed")}
    assert counted(machine) == kinds
    with machine.engine.begin() as connection:
        late = "SELECT sum(n)::int FROM statistics, unnest(lateness) AS n WHERE span_seconds = 0"
        assert connection.exec_driver_sql(late).scalar_one() == 1


def test_what_was_not_written_is_not_counted(machine: Machine) -> None:
    """The run is another's by now; or the database went away, and it is written, and counted, when it is back."""
    worker = machine.worker()
    lost, kept = started(worker), started(worker)
    with machine.engine.begin() as connection:
        set_run(connection, lost.id, "attempt = 2")
    end(worker, lost)
    end(worker, kept)
    ends = Ends(worker)
    ends.collect(0, lambda _: None)
    with machine.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO away")
    with pytest.raises(sa.exc.SQLAlchemyError):
        ends.write()
    with machine.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO runs")
    ends.write()
    ends.write()
    tell(worker)
    assert list(counted(machine).values()) == [1]


def test_what_a_killed_worker_has_left_is_counted_by_who_ends_it(machine: Machine) -> None:
    dead, other = machine.worker(), machine.worker()
    started(dead, max_retries=0)
    claimed(dead)
    end(dead, started(dead))
    kill(dead)
    burial = Burial(other)
    burial.hold()
    burial.hold()
    tell(other)
    tell(other)
    assert {kind[2:]: runs for kind, runs in counted(machine).items()} == {
        ("failed", "lost"): 1,
        ("retrying", "interrupted"): 1,
        ("succeeded", "succeeded"): 1,
    }


def test_a_process_tells_with_its_reports_and_when_it_stops(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = machine.worker()
    keeper = Keeper(worker, lambda _connection: None)  # type: ignore[arg-type, return-value]
    keeper.start()
    end(worker, started(worker))
    eventually(lambda: not worker.held.known())
    keeper.stop()
    assert list(counted(machine).values()) == [1]
    monkeypatch.setattr("actors.worker.keeping.keeper.REPORT_SECONDS", 0)
    keeper = Keeper(worker, lambda _connection: None)  # type: ignore[arg-type, return-value]
    keeper.start()
    end(worker, started(worker))
    eventually(lambda: list(counted(machine).values()) == [2])
    keeper.stop()
    assert list(counted(machine).values()) == [2]


def test_claims_are_counted_by_what_came_of_them(machine: Machine, broker: StubBroker) -> None:
    worker = machine.worker()
    line = Line(broker, worker)
    with counting("callsheet_claims_total") as claims:
        twice, other = published(worker), published(worker)
        line.put(twice, other)
        assert len(line.claims()) == 2
        line.put(twice)
        assert line.claims() == []
    assert claims == {("won",): 2, ("lost",): 1}


def test_what_waits_for_a_lock_is_counted_as_locked(machine: Machine, broker: StubBroker) -> None:
    worker = machine.worker()
    body = published(worker)
    [run] = READ(body).runs
    with counting("callsheet_claims_total") as claims, locked(machine, "runs", run):
        assert claim_messages(broker, worker, "default", [READ(body)]).messages == []
    assert claims == {("locked",): 1}


def test_what_the_process_has_counted_is_told_with_its_report(machine: Machine) -> None:
    worker = machine.worker()
    keeper = Keeper(worker, lambda _: None)
    OF_PROCESS.count("callsheet_claims_total", 3, outcome="won")
    keeper._report()
    with machine.engine.begin() as connection:
        read = "SELECT value FROM counters WHERE name = 'callsheet_claims_total' AND labels->>'outcome' = 'won'"
        assert connection.exec_driver_sql(read).scalar_one() >= 3
