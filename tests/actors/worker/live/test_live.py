"""What people see of runs that go on: when it is written, and what it costs."""

import time

import pytest
import sqlalchemy as sa

from actors.worker.keeping.ends import Ends
from actors.worker.live import pieces
from actors.worker.live.live import SHORT_SECONDS, Live
from actors.worker.live.pieces import PIECE_BYTES, Pieces
from actors.worker.running.output import Output
from models.runs import list_runs
from models.words.parts import Joined, Part, join
from tests.actors.worker.live.stage import NewRun, Stage, statements
from tests.actors.worker.machine import Machine, write


def test_what_a_run_prints_is_seen_while_it_goes_on(stage: Stage) -> None:
    for line in ("one\n", "two\n", "é€😀\n"):
        stage.run.output.write(line)
        stage.show()
    assert stage.output() == Joined("one\ntwo\né€😀\n", 18)
    assert stage.output(after=4) == Joined("two\né€😀\n", 18)
    assert stage.output(attempt=2) == Joined("", 0)
    assert stage.rows() == (1, 0)
    seen = stage.seen()
    assert (seen.output, seen.output_truncated) == ("one\ntwo\né€😀\n", False)


def test_all_runs_of_a_process_take_one_statement_and_those_with_nothing_new_none(stage: Stage) -> None:
    stage.worker.interrupts.leave()
    runs = [stage.begin(stage.worker)[1] for _ in range(4)]
    stage.live = Live(stage.worker.engine, stage.worker.id, lambda: runs, stage.worker.shown)
    for run in runs:
        run.output.write("new\n")
        run.progress(1, 2)
    with statements(stage.machine.engine) as sent:
        stage.show()
        stage.show()
        runs[0].progress(2, 2)
        stage.show()
    assert len(sent) == 2
    assert stage.rows() == (4, 4)


def test_a_run_that_ends_within_a_second_costs_no_statement(stage: Stage) -> None:
    stage.run.output.write("quick\n")
    stage.run.progress(1, 1)
    stage.run.started = time.monotonic() - SHORT_SECONDS + 0.3
    with statements(stage.machine.engine) as sent:
        stage.show()
        assert sent == []
        stage.end()
        write(stage.worker)
    assert not [statement for statement in sent if "live_" in statement]
    assert stage.text() == "quick\n"


def test_it_is_written_once_a_second_at_most(stage: Stage) -> None:
    with statements(stage.machine.engine) as sent:
        for number in range(50):
            stage.run.output.write(f"{number}\n")
            stage.live.show()
    assert len(sent) == 1


def test_lists_show_how_far_runs_are(stage: Stage) -> None:
    stage.run.progress(1, 2)
    stage.show()
    with stage.machine.engine.begin() as connection:
        [listed] = list_runs(connection, 10, {}).runs
    assert listed.progress["done"] == 1
    assert stage.rows() == (0, 1)


def test_of_much_the_head_and_the_tail_are_kept_in_pieces_and_places_stay(machine: Machine, new_run: NewRun) -> None:
    stage = Stage(machine, new_run)
    stage.worker.interrupts.leave()
    stage.won, stage.run = stage.begin(stage.worker, 40_000)
    printed = ""
    for number in range(400):
        line = f"line {number} {'é' * 200}\n"
        stage.run.output.write(line)
        printed += line
        if number % 20 == 0:
            stage.show()
    stage.show()
    found = stage.output()
    assert found is not None
    assert found.until == len(printed.encode())
    assert len(found.gaps) == 2
    assert 40_000 <= len(found.text.encode()) <= 40_000 + 2 * (PIECE_BYTES + 100)
    rest = stage.output(after=found.until - 1000)
    assert rest is not None
    assert rest.text == printed.encode()[-1000:].decode(errors="ignore")
    stage.end()
    write(stage.worker)
    assert stage.output(after=found.until - 1000) == rest
    assert stage.output(after=found.until) == Joined("", found.until)
    stage.worker.interrupts.leave()


def test_while_the_database_is_away_nothing_is_lost_that_an_output_keeps(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run.output.write("before\n")
    stage.show()
    engine = stage.live._engine
    stage.live._engine = sa.create_engine("postgresql+psycopg://127.0.0.1:1/nowhere")
    for number in range(5):
        stage.run.output.write(f"{number}\n")
        stage.run.progress(number)
        stage.show()
    assert stage.text() == "before\n"
    stage.live._engine = engine
    stage.show()
    assert stage.text() == "before\n0\n1\n2\n3\n4\n"
    assert stage.seen().progress["done"] == 4


@pytest.mark.parametrize("size", [1, 7, 1000, PIECE_BYTES, 3 * PIECE_BYTES + 1])
def test_pieces_are_bounded_and_whole(size: int) -> None:
    output, cut, written = Output(1_000_000), Pieces(), {}
    text = ("é€😀" * 40_000)[: 3 * size]
    for start in range(0, len(text), size):
        output.write(text[start : start + size])
        parts = cut.unwritten(output)
        assert parts == cut.unwritten(output)
        written |= {part.start: part for part in parts}
        cut.note_written(parts)
    assert all(0 < len(part.data) <= PIECE_BYTES for part in written.values())
    assert join(written.values()).text == output.text()[0]


def test_ends_without_anything_shown_look_for_nothing(stage: Stage) -> None:
    stage.run.output.write("x")
    with statements(stage.machine.engine) as sent:
        stage.end()
        ends = Ends(stage.worker)
        ends.collect(0, lambda _: None)
        ends.write()
    assert not [statement for statement in sent if "live_" in statement]


def test_what_is_printed_while_it_is_looked_at_is_there_the_next_time(
    machine: Machine, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(machine, new_run)
    stage.worker.interrupts.leave()
    stage.won, stage.run = stage.begin(stage.worker, 1000)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 100)
    stage.run.output.write("x" * 650)
    stage.show()
    look = Pieces.unwritten

    def meanwhile(cut: Pieces, output: Output) -> list[Part]:
        parts = look(cut, output)
        output.write("z" * 5000)
        return parts

    stage.run.output.write("y" * 30)
    monkeypatch.setattr(Pieces, "unwritten", meanwhile)
    stage.show()
    assert stage.text() == "x" * 650 + "y" * 30
    monkeypatch.setattr(Pieces, "unwritten", look)
    stage.show()
    found = stage.output()
    assert found is not None
    assert found.until == 5680
    stage.worker.interrupts.leave()
