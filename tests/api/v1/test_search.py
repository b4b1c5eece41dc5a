"""Searches: a page looks at so many runs and no more, says how far it has come, and those that follow find the rest."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from models import runs
from models.finding import errors
from models.words.states import State

SCANNED = 5
OLD = 12
"""The age of the oldest run in seconds; the others follow, one a second."""


@pytest.fixture(autouse=True)
def scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SCANNED_ROWS", SCANNED)
    monkeypatch.setattr(runs, "SCANNED_ERRORS", SCANNED)


@pytest.fixture
def found(add_run: Callable[..., UUID], finish: Callable[..., None]) -> str:
    """The oldest of many: it failed, and is of an actor of its own."""
    oldest = add_run(OLD, actor="rare")
    finish(oldest, State.FAILED, type="OddError", message="of its own")
    for age in range(1, OLD):
        finish(add_run(age))
    return str(oldest)


def pages(client: TestClient, query: str) -> list[dict[str, Any]]:
    """All pages."""
    seen, cursor = [], ""
    while cursor is not None:
        page = client.simulate_get("/v1/runs", query_string=f"{query}{cursor}").json
        seen.append(page)
        cursor = page["next"] and f"&cursor={page['next']}"
    return seen


@pytest.mark.parametrize("query", ["actor=rare", "q=rar", "q=rar&trigger=manual", "state=failed&state=skipped"])
def test_what_is_rare_is_found_page_by_page(client: TestClient, found: str, query: str) -> None:
    first, second, last = pages(client, query)
    assert [len(page["items"]) for page in (first, second)] == [0, 0]
    assert [item["id"] for item in last["items"]] == [found]
    to = [datetime.fromisoformat(page["looked_to"]) for page in (first, second)]
    assert to[0] - to[1] == pytest.approx(timedelta(seconds=SCANNED), abs=timedelta(seconds=1))
    assert last["looked_to"] is None


@pytest.mark.parametrize("query", ["error=odd", "state=failed", "state=failed&error=odd", "until={until}&actor=rare"])
def test_where_an_index_leads_there_or_a_bound_it_is_on_the_first_page(
    client: TestClient, found: str, query: str
) -> None:
    until = client.simulate_get(f"/v1/runs/{found}").json["due_at"]
    after = datetime.fromisoformat(until) + timedelta(seconds=3)
    [page] = pages(client, query.format(until=after.strftime("%Y-%m-%dT%H:%M:%SZ")))
    assert ([item["id"] for item in page["items"]], page["looked_to"]) == ([found], None)


def test_what_is_frequent_fills_pages_as_always(client: TestClient, found: str) -> None:
    listed = pages(client, "limit=4&actor=log_message")
    assert [len(page["items"]) for page in listed[:2]] == [4, 4]
    assert [page["looked_to"] for page in listed[:2]] == [None, None]
    ids = [item["id"] for page in listed for item in page["items"]]
    assert (len(ids), len(set(ids)), found in ids) == (OLD - 1, OLD - 1, False)


def test_a_search_that_has_looked_at_all_there_is_says_so(client: TestClient, add_run: Callable[..., UUID]) -> None:
    for age in range(SCANNED):
        add_run(age)
    [page] = pages(client, "q=nothing")
    assert (page["items"], page["next"], page["looked_to"]) == ([], None, None)


def test_a_search_by_the_words_of_errors_looks_at_runs_with_errors_alone(
    engine: sa.Engine, client: TestClient, found: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT * FROM runs WHERE error_type IS NOT NULL ORDER BY id DESC LIMIT 10"
        ).scalars()
        assert "runs_errors" in "".join(plan)


@pytest.fixture
def failures(add_run: Callable[..., UUID], finish: Callable[..., None]) -> list[str]:
    """Two with odd words, the newest and the oldest, and more than a page looks at between them; newest first."""
    words = ["100% odd_ness", *["common"] * (SCANNED + 3), "100% Odd_ness"]
    made = [add_run(age) for age in range(1, len(words) + 1)]
    for run, message in zip(made, words, strict=True):
        finish(run, State.FAILED, type="SomeError", message=message)
    return [str(run) for run in made]


def test_words_that_few_errors_have_are_found_at_once_however_old_they_are(
    client: TestClient, failures: list[str]
) -> None:
    for text in ("odd_", "100%25 o", "SOMEERROR: 100"):
        [page] = pages(client, f"error={text}")
        assert [item["id"] for item in page["items"]] == [failures[0], failures[-1]]
        assert page["looked_to"] is None
    first, second = pages(client, "error=odd&limit=1")
    assert [page["items"][0]["id"] for page in (first, second)] == [failures[0], failures[-1]]


def test_other_conditions_hold_for_old_errors_too(client: TestClient, failures: list[str]) -> None:
    def ids(query: str) -> list[str]:
        return [item["id"] for page in pages(client, query) for item in page["items"]]

    assert ids("error=odd_&state=failed&trigger=manual&actor=log_message") == [failures[0], failures[-1]]
    assert ids("error=odd_&actor=another") == []
    assert ids("error=oddxness") == [], "an underscore is itself"
    assert ids("error=common&limit=3") == failures[1:-1]


@pytest.mark.parametrize("reason", ["no index", "too short", "too long"])
def test_where_trigrams_do_not_help_the_search_stops_and_says_so(
    engine: sa.Engine, client: TestClient, failures: list[str], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    text = "odd_"
    if reason == "no index":
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP INDEX runs_error_words")
    elif reason == "too short":
        text = "d_"
    else:
        monkeypatch.setattr(errors, "WORDS", "((SELECT pg_sleep(0.1))::text || error_message)")
        monkeypatch.setattr(errors, "PATIENCE_MILLISECONDS", 20)
    first, *rest = pages(client, f"error={text}")
    assert [item["id"] for item in first["items"]] == [failures[0]]
    assert first["looked_to"] is not None
    assert [item["id"] for page in rest for item in page["items"]] == [failures[-1]]


def test_the_index_of_words_is_used(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("DROP INDEX runs_errors")  # of an empty table it is as good
        plan = connection.exec_driver_sql(
            f"EXPLAIN SELECT id FROM runs WHERE error_type IS NOT NULL AND {errors.WORDS} LIKE '%%odd%%' OFFSET 0"
        ).scalars()
        assert "error_words" in "".join(plan)
