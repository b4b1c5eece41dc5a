"""What a run has printed so far, by its offsets, and how far it is."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import Result, TestClient

from models.words.states import State

OFFSET = "Callsheet-Output-Offset"
WORKER = UUID(int=1)


@pytest.fixture
def running(add_run: Callable[..., UUID]) -> UUID:
    """A run in its first attempt."""
    return add_run(columns={"worker_id": WORKER, "attempt": 1, "state": State.RUNNING.value})


@pytest.fixture
def show(execute: Callable[..., Any], running: UUID) -> Callable[..., None]:
    """Parts of what it has printed, by where they start."""

    def insert(parts: dict[int, str], attempt: int = 1) -> None:
        for start, text in parts.items():
            execute(
                "INSERT INTO live_outputs (run_id, attempt, start, output)"
                " VALUES (%(run)s, %(at)s, %(start)s, %(text)s)",
                run=running,
                at=attempt,
                start=start,
                text=text,
            )

    return insert


def get(client: TestClient, run: UUID, query: str = "") -> Result:
    answer = client.simulate_get(f"/v1/runs/{run}/output", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer


def test_what_is_printed_later_follows_the_offset(client: TestClient, running: UUID, show: Callable[..., None]) -> None:
    assert (get(client, running).text, get(client, running).headers[OFFSET]) == ("", "0")
    show({0: "one\n"})
    first = get(client, running)
    assert (first.text, first.headers[OFFSET]) == ("one\n", "4")
    show({4: "é\n"})
    second = get(client, running, "after=4")
    assert (second.text, second.headers[OFFSET]) == ("é\n", "7")
    assert get(client, running, "after=5").text == "\n"  # within a character
    assert (get(client, running, "after=7").text, get(client, running, "after=7").headers[OFFSET]) == ("", "7")
    assert get(client, running, "after=99").headers[OFFSET] == "99"
    shown = client.simulate_get(f"/v1/runs/{running}").json
    assert (shown["output"], shown["output_truncated"]) == ("one\né\n", False)


def test_an_offset_counts_what_was_dropped(client: TestClient, running: UUID, show: Callable[..., None]) -> None:
    show({0: "head\n", 100: "tail\n"})
    whole = get(client, running)
    assert (whole.text, whole.headers[OFFSET]) == ("head\n\n[… 95 bytes dropped …]\ntail\n", "105")
    assert get(client, running, "after=50").text == "\n[… 50 bytes dropped …]\ntail\n"
    assert get(client, running, "after=101").text == "ail\n"
    assert client.simulate_get(f"/v1/runs/{running}").json["output_truncated"] is True


@pytest.mark.parametrize(
    ("gaps", "after", "text", "offset"),
    [
        ([5, 95], 0, "head\n\n[… 95 bytes dropped …]\ntail\n", "105"),
        ([5, 95], 4, "\n\n[… 95 bytes dropped …]\ntail\n", "105"),
        ([5, 95], 60, "\n[… 40 bytes dropped …]\ntail\n", "105"),
        ([5, 95], 101, "ail\n", "105"),
        (None, 2, "ad\n\n[… 95 bytes dropped …]\ntail\n", "38"),  # by a release before
    ],
)
def test_offsets_hold_beyond_the_end(
    client: TestClient, running: UUID, execute: Callable[..., Any], gaps: Any, after: int, text: str, offset: str
) -> None:
    execute("UPDATE runs SET state = 'succeeded', finished_at = now()")
    execute(
        "INSERT INTO run_outputs (run_id, attempt, output, output_truncated, output_gaps)"
        " VALUES (%(run)s, 1, %(text)s, true, %(gaps)s)",
        run=running,
        text="head\n\n[… 95 bytes dropped …]\ntail\n",
        gaps=gaps,
    )
    answer = get(client, running, f"after={after}")
    assert (answer.text, answer.headers[OFFSET]) == (text, offset)


def test_attempts_are_apart(client: TestClient, running: UUID, show: Callable[..., None]) -> None:
    show({0: "first\n"})
    show({0: "second\n"}, attempt=2)
    assert get(client, running).text == "first\n"
    assert get(client, running, "attempt=2").text == "second\n"
    assert get(client, running, "attempt=2&after=3").text == "ond\n"
    assert get(client, running, "attempt=3").text == ""


@pytest.mark.parametrize("after", ["-1", "x", "", "1.5", str(2**63)])
def test_what_is_no_offset_is_refused(client: TestClient, running: UUID, after: str) -> None:
    answer = client.simulate_get(f"/v1/runs/{running}/output", query_string=f"after={after}")
    assert answer.status_code == 422


def test_progress_is_shown_of_what_goes_on_and_of_what_has_not_succeeded(
    client: TestClient, running: UUID, execute: Callable[..., Any]
) -> None:
    def shown() -> Any:
        [listed] = client.simulate_get("/v1/runs").json["items"]
        one = client.simulate_get(f"/v1/runs/{running}").json
        return one["progress"], listed["progress"]

    assert shown() == (None, None)
    said = {
        "done": 12345678901234567890,
        "total": None,
        "note": "<b>",
        "eta_seconds": 1.5,
        "at": "2026-03-01T01:02:03Z",
    }
    execute(
        "INSERT INTO live_progress (run_id, attempt, progress) VALUES (%(run)s, 1, %(said)s)",
        run=running,
        said='{"done": 12345678901234567890, "total": null, "note": "<b>", "eta_seconds": 1.5,'
        ' "at": "2026-03-01T02:02:03+01:00"}',
    )
    assert shown() == (said, said)
    execute("UPDATE runs SET state = 'failed', finished_at = now()")
    execute(
        "INSERT INTO run_outputs (run_id, attempt, output_truncated, progress) SELECT run_id, attempt, false, progress"
        " FROM live_progress"
    )
    execute("DELETE FROM live_progress")
    assert shown() == (said, said)
