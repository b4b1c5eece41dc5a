"""Checkpoints: what an attempt leaves, within which bounds, and when it is stored."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.worker.keeping.renewal import Renewal
from actors.worker.running.checkpoint import MAX_CHECKPOINT_BYTES
from actors.worker.running.current import CurrentRun
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.words.states import Outcome, State
from tests.actors.worker.machine import Machine, locked, started, write
from tests.models.rows import claim


@pytest.fixture
def machine(database_url: str, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(database_url, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    "data", [None, 0, 1.5, "done", [1, 2], {"page": 7, "seen": ["a", "é"]}, "x" * (MAX_CHECKPOINT_BYTES - 2)], ids=repr
)
def test_it_comes_back_as_it_was_left(machine: Machine, new_run: Callable[..., CurrentRun], data: Any) -> None:
    worker = machine.worker()
    won = started(worker)
    run = inside(worker.interrupts, new_run, won)
    run.checkpoint({"before": True})
    run.checkpoint(data)
    Renewal(worker).save_checkpoints()
    assert machine.row(won).checkpoint == data
    assert run.checkpoints.unsaved() is None
    worker.interrupts.leave()


def inside(interrupts: Any, new_run: Callable[..., CurrentRun], won: ClaimedRun) -> CurrentRun:
    run = new_run(run_id=won.id, attempt=won.attempt)
    interrupts.enter(run, interrupts.take_aim())
    return run


class Odd:
    """No JSON."""


@pytest.mark.parametrize(
    "data",
    [Odd(), {"a": Odd()}, math.nan, math.inf, "\0", {"\ud800": 1}, "x" * MAX_CHECKPOINT_BYTES, {1, 2}],
    ids=lambda data: repr(data)[:20],
)
def test_what_can_t_be_stored_is_refused_and_the_one_before_stays(run: CurrentRun, data: Any) -> None:
    run.checkpoint("before")
    with pytest.raises((TypeError, ValueError)):
        run.checkpoint(data)
    assert run.checkpoints.unsaved() == '"before"'


def test_what_is_nested_without_an_end_is_refused(run: CurrentRun) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested"):
        run.checkpoint(endless)


def end(won: ClaimedRun, machine: Machine, checkpoint: str) -> FinishedAttempt:
    return FinishedAttempt.of(
        won, Outcome.FAILED, State.RETRYING, machine.now(), started_at=machine.now(), checkpoint=checkpoint
    )


def test_one_that_is_left_just_before_the_end_is_stored_with_it(machine: Machine) -> None:
    worker = machine.worker()
    won = started(worker)
    worker.finish(end(won, machine, "[1, 2]"))
    write(worker)
    row = machine.row(won)
    assert (row.state, row.checkpoint) == ("retrying", [1, 2])
    with machine.engine.begin() as connection:
        [again] = claim(connection, won.id, attempt=1, worker=worker.id)
    assert again.checkpoint == [1, 2]


def test_nothing_is_left_for_an_attempt_that_is_another_s_by_now(
    machine: Machine, new_run: Callable[..., CurrentRun]
) -> None:
    worker = machine.worker()
    won = started(worker)
    with machine.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET attempt = 2")
    run = inside(worker.interrupts, new_run, won)
    run.checkpoint("late")
    Renewal(worker).save_checkpoints()
    worker.interrupts.leave()
    worker.finish(end(won, machine, '"late"'))
    write(worker)
    assert machine.row(won).checkpoint is None


def test_a_row_that_somebody_has_locked_holds_up_nothing(machine: Machine, new_run: Callable[..., CurrentRun]) -> None:
    worker = machine.worker()
    won = started(worker)
    run = inside(worker.interrupts, new_run, won)
    run.checkpoint("soon")
    renewal = Renewal(worker)
    with locked(machine, "runs", won.id):
        renewal.save_checkpoints()
    assert run.checkpoints.unsaved() == '"soon"'
    renewal._saved = 0
    renewal.save_checkpoints()
    worker.interrupts.leave()
    assert machine.row(won).checkpoint == "soon"
