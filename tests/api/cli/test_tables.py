"""Tables that fit: what is left out and what is cut where the terminal is narrow, and details below each other."""

import pytest

from api.cli.details import field_lines
from api.cli.remote.runs.listing import COLUMNS as RUNS
from api.cli.show import Column
from api.cli.tables import fitted

ID = "0199c0de-1111-7abc-8def-0123456789ab"
RUN = [ID, "a-schedule-of-some-length", "succeeded", "schedule", "12 min ago", "0.02 s", "13 min", "a reason, " * 9]


def shown(room: int) -> dict[str, int]:
    return {RUNS[at].title: width for at, width in fitted(RUNS, [RUN], room).items()}


@pytest.mark.parametrize("room", [40, 60, 80, 100, 120, 160, 300])
def test_an_id_is_never_cut_and_a_line_fits(room: int) -> None:
    widths = shown(room)
    assert widths["ID"] == len(ID)
    if room >= 80:
        assert sum(widths.values()) + 2 * (len(widths) - 1) <= room


def test_what_can_be_spared_is_left_out_first() -> None:
    assert [*shown(80)] == ["ID", "SCHEDULE", "STATE", "DUE", "WHY"]
    assert "TRIGGER" not in shown(100)
    assert [*shown(200)] == [column.title for column in RUNS]


def test_only_text_is_cut() -> None:
    widths = shown(120)
    assert (widths["STATE"], widths["DUE"]) == (len("succeeded"), len("12 min ago"))
    assert widths["WHY"] < len(RUN[-1])


def test_a_name_that_no_terminal_holds_leaves_room_for_the_rest() -> None:
    columns = (Column("NAME", "name", whole=True), Column("STATE", "state", "state"))
    assert fitted(columns, [["x" * 200, "active"]], 80) == {0: 72, 1: 6}
    assert fitted(columns, [["x" * 30, "active"]], 80) == {0: 30, 1: 6}


def test_wide_and_combining_characters_count_as_they_are_seen() -> None:
    assert fitted((Column("A", "a"),), [["日本"], ["e\u0301"]], 80) == {0: 4}


def test_details_are_lines_and_no_json() -> None:
    run = {
        "id": "x",
        "due_at": "2026-11-23T09:05:00Z",
        "reason": None,
        "tags": ["a", "b"],
        "is": False,
        "paused_until": "2026-11-23T09:05:00Z",
        "backoff": 15.0,
        "argv": ["sh", "-c", "echo a, b"],
        "args": {"n": 0, "deep": {"at": "whenever", "list": [1, {"a": 1}]}, "empty": {}},
        "attempts": [{"number": 1, "error": {"type": "E", "message": "one\ntwo"}}, {"number": 2, "error": None}],
        "nothing": [],
    }
    assert dict(field_lines(run, "utc")) == {
        "id": "x",
        "due_at": "2026-11-23T09:05:00Z",
        "tags": "a, b",
        "is": "no",
        "paused_until": "2026-11-23T09:05:00Z",
        "backoff": "15",
        "argv": '["sh", "-c", "echo a, b"]',
        "args": "n: 0\ndeep:\n  at: whenever\n  list:\n    - 1\n    - a: 1",
        "attempts": "- number: 1\n  error:\n    type: E\n    message:\n      one\n      two\n- number: 2",
    }
