"""The console log does nothing to a terminal but colour it."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logging import configure_logging, plain_formatter
from config.sections import Log

HOSTILE = "a\x1b]0;owned\x07b\x1b[2Jc\x9b31md\re\x00"
SHOWN = r"a\x1b]0;owned\x07b\x1b[2Jc\x9b31md\x0de\x00"


@pytest.fixture
def console() -> Iterator[io.StringIO]:
    root, level, kept = logging.getLogger(), logging.getLogger().level, structlog.get_config()
    handlers = root.handlers[:]
    stream = io.StringIO()
    configure_logging(Log(format="console"), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**kept)


def test_neither_words_nor_fields_nor_errors_have_escapes(console: io.StringIO) -> None:
    logging.getLogger("somebody").warning(HOSTILE)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        structlog.get_logger("worker").exception("finish", actor=HOSTILE)
    said = console.getvalue()
    assert said.count(SHOWN) >= 2
    assert not set("\x00\x07\x0d\x9b") & set(said)
    assert "\x1b]" not in said
    assert "\x1b[2J" not in said
    assert "\x1b[0m" in said  # its own colours


def test_the_output_of_a_run_has_none_either() -> None:
    record = logging.LogRecord("somebody", logging.WARNING, "x", 1, HOSTILE, (), None)
    assert SHOWN in plain_formatter().format(record)
