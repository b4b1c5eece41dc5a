"""Progress: what may be said, what becomes of it, and how it leaves a process of its own."""

import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from actors.worker.running import progress
from actors.worker.running.current import CurrentRun
from actors.worker.running.isolation import call_isolated
from actors.worker.running.progress import SHARED_BYTES, HowFar, PassedHowFar, WrittenHowFar


def said(run: CurrentRun) -> dict[str, Any] | None:
    word = run.how_far.latest()
    return word and word.as_json()


def test_the_last_word_counts(run: CurrentRun) -> None:
    assert said(run) is None
    run.progress(1, 4)
    run.progress(2, 4, "halfway")
    assert said(run) == {"done": 2, "total": 4, "note": "halfway", "eta_seconds": pytest.approx(0, abs=5)}
    run.progress(3)
    assert said(run) == {"done": 3, "total": None, "note": None, "eta_seconds": None}


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0, 0), (2**70, 2**70), (0.5, 0.5), (Decimal("1.5"), 1.5), (Fraction(1, 2), 0.5)],
)
def test_any_number_will_do(run: CurrentRun, given: Any, kept: float) -> None:
    run.progress(given, max(given, 1))
    word = run.how_far.latest()
    assert word is not None
    assert (word.done, type(word.done)) == (kept, type(kept))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -1, -0.1])
def test_what_is_no_amount_is_refused_and_the_word_before_stays(run: CurrentRun, value: Any) -> None:
    run.progress(1, 2)
    with pytest.raises(ValueError, match=r"finite|from 0 on"):
        run.progress(value, 2)
    with pytest.raises(ValueError, match=r"finite|from 0 on"):
        run.progress(1, value)
    with pytest.raises(ValueError, match="from 0 on"):
        run.progress(1, 0)
    word = run.how_far.latest()
    assert word is not None
    assert (word.done, word.total) == (1, 2)


@pytest.mark.parametrize("value", ["1", b"1", None, True, [], 1j])
def test_what_is_no_number_is_refused(run: CurrentRun, value: Any) -> None:
    with pytest.raises(TypeError):
        run.progress(value)
    if value is not None:
        with pytest.raises(TypeError):
            run.progress(1, value)
    with pytest.raises(TypeError):
        run.progress(1, note=7)  # type: ignore[arg-type]


def test_a_note_is_bounded_fit_for_postgresql_and_without_secrets(
    run: CurrentRun, give_secret: Callable[[str, str], None]
) -> None:
    give_secret("KEY", "hunter22")
    for note in ("x" * 195 + "hunter22", "x" * 9999):
        run.progress(1, note=note)
        word = run.how_far.latest()
        assert word is not None
        assert word.note is not None
        assert len(word.note) == 200
        assert "hunt" not in word.note
    run.progress(1, note="a\0b\ud800")
    word = run.how_far.latest()
    assert word is not None
    assert word.note == "a\N{REPLACEMENT CHARACTER}b?"


@pytest.mark.parametrize(
    ("resume_from", "words", "eta"),
    [
        (None, [(10, 20, 30)], 5.0),
        (None, [(10, 5, 30)], 50.0),
        (None, [(10, 0, 30)], None),
        (None, [(10, 30, 30)], 0.0),
        (None, [(10, 31, 30)], 0.0),
        (None, [(10, 20, None)], None),
        (7, [(1, 100, 120)], None),
        (7, [(1, 100, 120), (11, 110, 120)], 10.0),
        (7, [(1, 100, 120), (11, 90, 120)], None),
    ],
)
def test_what_is_left_takes_as_long_as_what_was_done(
    new_run: Callable[..., CurrentRun], monkeypatch: pytest.MonkeyPatch, resume_from: Any, words: Any, eta: Any
) -> None:
    run = new_run(started=1000.0, resume_from=resume_from)
    for after, done, total in words:
        monkeypatch.setattr(progress.time, "monotonic", lambda after=after: 1000.0 + after)
        run.progress(done, total)
    word = run.how_far.latest()
    assert word is not None
    assert word.eta_seconds == eta


@pytest.fixture
def shared() -> Iterator[tuple[WrittenHowFar, PassedHowFar]]:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(SHARED_BYTES))
        file.flush()
        yield WrittenHowFar(file.fileno()), PassedHowFar(file.fileno())


def say(how_far: HowFar, done: int, note: str | None = None) -> None:
    how_far.say(done, 10**300, note, (0, 0.0))


def test_words_pass_through_shared_memory(shared: tuple[WrittenHowFar, PassedHowFar]) -> None:
    written, passed = shared
    assert passed.latest() is None
    for done in range(5):
        say(written, done, "\x01é😀" * 60)
        word = passed.latest()
        assert word is not None
        assert word[:3] == (done, 10**300, "\x01é😀" * 60)


def test_a_word_that_was_cut_off_leaves_the_one_before(shared: tuple[WrittenHowFar, PassedHowFar]) -> None:
    written, passed = shared
    say(written, 1)
    say(written, 2)
    written._memory[SHARED_BYTES // 2 + 20] ^= 1  # that of an odd number
    word = passed.latest()
    assert word is not None
    assert word.done == 2
    say(written, 3)
    written._memory[SHARED_BYTES // 2 + 20] ^= 1
    word = passed.latest()
    assert word is not None
    assert word.done == 2


def test_whoever_reads_meanwhile_reads_whole_words(shared: tuple[WrittenHowFar, PassedHowFar]) -> None:
    written, passed = shared
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            say(written, number, str(number))

    thread = threading.Thread(target=write)
    thread.start()
    ends, last = time.monotonic() + 0.5, 0.0
    while time.monotonic() < ends:
        if (word := passed.latest()) is not None:
            assert word.note == str(word.done)
            assert word.done >= last
            last = word.done
    over.set()
    thread.join()
    assert last > 100


def test_an_isolated_actor_says_how_far_it_is_from_any_thread(run: CurrentRun) -> None:
    call_isolated("tests.actors.worker.isolated_actors", "make_progress", (), {"times": 1000}, is_json=False)
    word = run.how_far.latest()
    assert word is not None
    assert (word.done, word.total, word.note) == (1000, 1000, "in a thread")
    assert 0 <= time.monotonic() - word.at < 60


def test_what_an_isolated_actor_prints_comes_line_by_line(run: CurrentRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    seen: list[str] = []
    write = run.output.write

    def look(data: bytes | str) -> None:
        write(data)
        seen.append(run.output.text()[0])

    run.output.write = look  # type: ignore[method-assign]
    call_isolated("tests.actors.worker.isolated_actors", "print_slowly", (), {"lines": 3}, is_json=False)
    assert seen[0] == "line 0\n"
    assert seen[-1] == "line 0\nline 1\nline 2\n"
