"""Whatever is called in a test leaves no thread and no handler behind."""

import logging
import threading
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    threads, root = set(threading.enumerate()), logging.getLogger()
    before = (root.level, list(root.handlers), structlog.get_config())
    yield
    assert set(threading.enumerate()) <= threads
    assert (root.level, list(root.handlers), structlog.get_config()) == before
