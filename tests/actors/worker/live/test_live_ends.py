"""What people saw of runs, once they have ended: it is there once, whoever has written their end."""

import pytest

from actors.worker.keeping.burial import Burial
from models.live.settling import settle_left
from models.words.parts import Joined
from models.words.states import Outcome, State
from tests.actors.worker.live.stage import Stage, live_of
from tests.actors.worker.machine import kill, write
from tests.models.rows import claim


def test_its_end_leaves_the_whole_and_nothing_else(stage: Stage) -> None:
    stage.run.output.write("one\n")
    stage.run.progress(1, 2)
    stage.show()
    stage.run.output.write("two\n")
    stage.end()
    write(stage.worker)
    assert stage.rows() == (0, 0)
    assert stage.worker.shown == set()
    assert stage.output(after=4) == Joined("two\n", 8)
    assert stage.seen().progress is None


def test_a_failed_attempt_keeps_how_far_it_was(stage: Stage) -> None:
    stage.run.progress(1, 2, "half")
    stage.show()
    shown = stage.seen().progress
    assert (shown["done"], shown["total"], shown["note"]) == (1, 2, "half")
    stage.end(Outcome.FAILED, State.FAILED, progress='{"done": 1, "at": "2026-01-01T00:00:00Z"}', error_type="E")
    write(stage.worker)
    assert stage.rows() == (0, 0)
    assert stage.seen().progress == {"done": 1, "at": "2026-01-01T00:00:00Z"}


def test_what_a_killed_worker_has_shown_is_kept_with_its_attempt(stage: Stage) -> None:
    stage.run.output.write("so far\n")
    stage.run.progress(3, 4)
    stage.show()
    stage.run.output.write("never seen\n")
    kill(stage.worker)
    Burial(stage.machine.worker()).hold()
    assert stage.machine.row(stage.won).state == "failed"
    assert stage.rows() == (0, 0)
    assert stage.output() == Joined("so far\n", 7)
    assert stage.seen().progress["done"] == 3


def test_one_that_had_returned_shows_what_is_missing_after_what_is_there(stage: Stage) -> None:
    stage.run.output.write("so far\n")
    stage.show()
    stage.run.output.write("never seen\n")
    stage.end()
    kill(stage.worker)
    Burial(stage.machine.worker()).hold()
    assert stage.machine.row(stage.won).state == "succeeded"
    assert stage.text().startswith("so far\n[the attempt returned; ")


def test_a_lost_lease_keeps_it_too_and_a_late_word_changes_nothing(stage: Stage) -> None:
    stage.run.output.write("so far\n")
    stage.show()
    stage.lose()
    assert stage.rows() == (0, 0)
    stage.run.output.write("late\n")
    stage.run.progress(1)
    stage.show()
    assert stage.rows() == (0, 0)
    assert stage.output() == Joined("so far\n", 7)
    stage.end()
    write(stage.worker)
    assert stage.output() == Joined("so far\n", 7)


def test_attempts_show_apart(stage: Stage) -> None:
    stage.won, stage.run = stage.begin(stage.worker, max_retries=3, min_backoff_seconds=0, max_backoff_seconds=0)
    stage.run.output.write("first\n")
    stage.show()
    stage.end(Outcome.FAILED, State.RETRYING, counts=True)
    write(stage.worker)
    first = stage.live
    other = stage.machine.worker()
    with stage.machine.engine.begin() as connection:
        [again] = claim(connection, stage.won.id, attempt=1, worker=other.id)
    other.held.add([again])
    assert other.held.start(again)
    second, stage.live = stage.inside(other, again), live_of(other)
    second.output.write("second\n")
    stage.show()
    stage.live = first
    stage.worker.interrupts.enter(stage.run, stage.worker.interrupts.take_aim())
    stage.run.output.write("late\n")
    stage.show()
    other.interrupts.leave()
    assert stage.text() == "second\n"
    assert stage.output(attempt=1) == Joined("first\n", 6)


def test_an_end_that_could_not_be_stored_keeps_what_was_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.run.output.write("so far\n")
    stage.show()
    stage.end(result='{"a": "\\u0000"}')
    write(stage.worker)
    assert stage.seen().error_type == "ResultNotStored"
    assert stage.text() == "so far\n"
    assert stage.rows() == (0, 0)


def test_what_nobody_has_written_at_its_end_is_kept_by_housekeeping(stage: Stage) -> None:
    stage.run.output.write("so far\n")
    stage.run.progress(3, 4)
    stage.show()
    with stage.machine.engine.begin() as connection:
        assert settle_left(connection, 10) == 0
        connection.exec_driver_sql("UPDATE runs SET state = 'failed', finished_at = now()")
    assert (stage.text(), stage.seen().progress["done"]) == ("so far\n", 3)  # as a release before leaves it
    with stage.machine.engine.begin() as connection:
        assert settle_left(connection, 10) == 1
    assert stage.rows() == (0, 0)
    assert (stage.text(), stage.seen().progress["done"]) == ("so far\n", 3)


def test_what_stands_beside_a_final_output_goes(stage: Stage) -> None:
    stage.run.output.write("so far\n")
    stage.show()
    with stage.machine.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET state = 'succeeded', finished_at = now()")
        connection.exec_driver_sql(
            "INSERT INTO run_outputs (run_id, attempt, output, output_truncated) SELECT id, 1, 'whole', false FROM runs"
        )
        assert settle_left(connection, 10) == 1
    assert stage.text() == "whole"
    assert stage.rows() == (0, 0)


def test_an_end_waits_for_no_lock_on_what_was_shown(stage: Stage) -> None:
    stage.run.output.write("so far\n")
    stage.show()
    with stage.machine.engine.connect() as somebody:
        somebody.exec_driver_sql("SELECT FROM live_outputs FOR UPDATE")
        stage.end()
        write(stage.worker)
    assert stage.machine.row(stage.won).state == "succeeded"
    assert stage.text() == "so far\n"
    with stage.machine.engine.begin() as connection:
        assert settle_left(connection, 10) == 1
