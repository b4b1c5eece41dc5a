"""How much of the database a page reads: no more with many runs than with few, whoever has them."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from config.database import make_engine
from config.settings import load_settings
from tests.api.dashboard.all_pages.places import is_fine, walk
from tests.api.dashboard.visitor import Visitor
from tests.demo.fill import fill
from tests.demo.values import values_of
from tests.end_to_end.deployment import TOKEN
from tests.servers import databases

MOST_ROWS = 20_000

MOST_STATEMENTS = 40
RUNS, DAYS = 45_000, 1
"""Nearly all of one schedule."""

Statement = tuple[str, Any]
T = TypeVar("T")


SCOPES: dict[str, dict[str, Any]] = {
    "who sees all": {}, "who sees the heavy one": {"prefix": "tracking."}, "who sees a few": {"tags": ["finance",
        "legal"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def crowded() -> Iterator[tuple[sa.Engine, TestClient]]:
    with databases.database(migrated=True) as url:
        settings = load_settings({"DATABASE_URL": url, "CALLSHEET_ADMIN_TOKEN": TOKEN})
        engine = make_engine(settings.database, pool_size=3, application="test")
        fill(engine, RUNS, days=DAYS)
        yield engine, TestClient(make_app(engine, settings))
        engine.dispose()


@pytest.mark.parametrize("whose", SCOPES)
def test_no_statement_of_any_page_reads_more_than_its_part(crowded: tuple[sa.Engine, TestClient], whose: str) -> None:
    engine, visitor = crowded[0], _sign_in(crowded[1], whose)
    asked: list[Statement] = []
    too_much, known = [], set()

    def note(*given: Any) -> None:
        asked.append((given[2], given[3]))

    for place, answer in _noting(engine, note, walk(visitor, values_of(engine))):
        assert is_fine(place, answer) or answer.status_code in (403, 404), (place, answer.status_code)
        statements, asked[:] = list(asked), []
        assert len(statements) <= MOST_STATEMENTS, f"{place} makes {len(statements)} statements"
        new = [each for each in statements if repr(each) not in known]
        known |= {repr(each) for each in new}
        for statement, parameters in new:
            if (rows := _most_rows(engine, statement, parameters)) > MOST_ROWS:
                too_much.append((place, rows, " ".join(statement.split())[:200]))
        asked.clear()
    assert too_much == [], "\n".join(map(str, too_much))


def test_what_reads_them_all_is_found(crowded: tuple[sa.Engine, TestClient]) -> None:
    engine, _ = crowded
    assert _most_rows(engine, "SELECT count(*) FROM runs", {}) > MOST_ROWS
    assert _most_rows(engine, "SELECT id FROM runs WHERE args->>'none' = 'x' LIMIT 5", {}) > MOST_ROWS


def _sign_in(site: TestClient, whose: str) -> Visitor:
    token, visitor = TOKEN, Visitor(site)
    if only := SCOPES[whose]:
        body = {"name": whose, "role": "editor", "only": only}
        answer = site.simulate_post("/v1/tokens", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
        token = str(answer.json["token"])
    visitor.sign_in(token)
    return visitor


def _noting(engine: sa.Engine, note: Callable[..., None], pages: Iterator[T]) -> Iterator[T]:
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield from pages
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def _most_rows(engine: sa.Engine, statement: str, parameters: Any) -> int:
    """How many rows a part of the statement's plan has looked at; it is rolled back."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")):
        return 0
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters
        ).scalar_one()
        connection.rollback()
    plan = found if isinstance(found, list) else json.loads(found)
    return max(_rows_of(node) for node in _nodes(plan[0]["Plan"]))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _rows_of(node: Mapping[str, Any]) -> int:
    each = node.get("Actual Rows", 0) + sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    return int(each * node.get("Actual Loops", 1))
