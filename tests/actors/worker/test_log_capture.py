"""What an actor logs is in its run's output."""

import io
import logging
import re
import threading
from collections.abc import Iterator
from contextvars import copy_context

import pytest
import structlog

from actors.worker.running.current import CurrentRun
from actors.worker.running.log_capture import LogCapture
from config.logging import configure_structlog


@pytest.fixture(autouse=True)
def _capture() -> Iterator[None]:
    """As in a worker, whatever other tests have made of the root logger."""
    root, capture = logging.getLogger(), LogCapture()
    before, level = list(root.handlers), root.level
    root.handlers[:] = [capture]
    root.setLevel(logging.INFO)
    configure_structlog(cache=False)
    yield
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def lines_of(run: CurrentRun) -> list[str]:
    """The output's lines without their time stamps."""
    return [re.sub(r"^\S+ ", "", line) for line in run.output.text()[0].splitlines()]


def test_lines_of_the_standard_library_and_of_structlog_are_part_of_the_output(run: CurrentRun) -> None:
    logging.getLogger("mine").warning("%s of %s", 3, 7)
    structlog.get_logger("yours").info("counted", things=3)
    assert lines_of(run) == ["[warning  ] 3 of 7 [mine]", "[info     ] counted [yours] things=3"]


def test_what_the_level_hides_is_not_captured(run: CurrentRun) -> None:
    logging.getLogger("mine").debug("hidden")
    assert lines_of(run) == []


def test_a_traceback_is_captured(run: CurrentRun) -> None:
    try:
        raise ValueError("no good")
    except ValueError:
        logging.getLogger("mine").exception("failed")
    assert lines_of(run)[0] == "[error    ] failed [mine]"
    assert "ValueError: no good" in run.output.text()[0]


def test_a_line_that_cannot_be_formatted_fails_nothing(run: CurrentRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("mine").handlers[:] = []
    record = logging.LogRecord("mine", logging.INFO, "", 0, "%d", ("no number",), None)
    LogCapture().emit(record)
    assert lines_of(run) == []


def test_the_log_of_the_worker_itself_is_no_part_of_a_run(run: CurrentRun) -> None:
    structlog.get_logger("worker").info("finish")
    assert lines_of(run) == []


def test_a_thread_belongs_to_the_run_if_it_was_given_the_context(run: CurrentRun) -> None:
    context = copy_context()
    for target in (
        lambda: logging.getLogger("mine").info("outside"),
        lambda: context.run(logging.getLogger("mine").info, "inside"),
    ):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert lines_of(run) == ["[info     ] inside [mine]"]


def test_many_lines_are_bounded(run: CurrentRun) -> None:
    for number in range(5000):
        logging.getLogger("mine").info("line %s of many", number)
    text, truncated = run.output.text()
    assert truncated
    assert len(text) < 70_000
    assert "line 0 of many" in text
    assert "line 4999 of many" in text


def test_what_a_line_was_given_besides_is_shown_and_nothing_that_formatters_leave(run: CurrentRun) -> None:
    handler = logging.StreamHandler(io.StringIO())  # formats the record before it is captured
    logging.getLogger("mine").addHandler(handler)
    logging.getLogger("mine").info("counted", extra={"things": 3})
    logging.getLogger("mine").removeHandler(handler)
    assert lines_of(run) == ["[info     ] counted [mine] things=3"]
