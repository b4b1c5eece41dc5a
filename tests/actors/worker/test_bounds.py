"""Depth and size of what comes in: the bounds of the API hold for results and plain messages too."""

import json
from typing import Any

import pytest

from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.clean import clean_result
from models.definition import MAX_ARGS_BYTES
from models.lifecycle.adopting import ARGUMENTS_NOT_STORED
from models.words.text import MAX_DEPTH
from tests.actors.worker.line import Line, body


def nested(levels: int) -> Any:
    value: Any = 1
    for number in range(levels):
        value = [value] if number % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    ("levels", "is_kept"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (300, False), (3000, False)]
)
def test_a_result_is_kept_as_far_as_anybody_can_read_it(levels: int, is_kept: bool) -> None:
    kept = json.loads(clean_result(nested(levels)) or "")
    assert (kept == nested(levels)) if is_kept else (kept.keys() == {"unreadable", "because"})


@pytest.mark.parametrize(
    ("kwargs", "reason"),
    [
        ({"a": nested(MAX_DEPTH - 1)}, None),
        ({"a": nested(MAX_DEPTH)}, "nested deeper than 64 levels"),
        ({"a": nested(300)}, "nested deeper than 64 levels"),
        ({"a": "x" * (MAX_ARGS_BYTES - 20)}, None),
        ({"a": "x" * MAX_ARGS_BYTES}, "larger than 64 KiB"),
    ],
)
def test_a_plain_message_beyond_them_has_failed_and_stops_no_other(
    line: Line, process: WorkerProcess, kwargs: dict[str, Any], reason: str | None
) -> None:
    odd = body(kwargs=kwargs)
    line.put(body(), odd, body())
    assert len(line.claims()) == 2 + (reason is None)
    with process.engine.begin() as connection:
        failed = connection.exec_driver_sql("SELECT error_type, error_message FROM runs WHERE state = 'failed'").all()
    assert [row.error_type for row in failed] == [ARGUMENTS_NOT_STORED] * (reason is not None)
    assert all(reason in row.error_message for row in failed if reason)
    assert line.refused == [odd] * (reason is not None)
