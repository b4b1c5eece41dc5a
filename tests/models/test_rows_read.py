"""Lists for people read few rows of very many, whatever the planner believes of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from models.access import audit
from models.access.audit import search_audit
from models.queues import list_queues
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from tests.models.rows import add_run

MANY, QUEUES, COUNTED, LOOKED_ROWS = 20_000, 10, 50, 500

# Ids in the order of time, as real ones are.
COPIES = """
INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('queue', 'q' || n %% %(queues)s, 'id',
    overlay(r.id::text PLACING lpad(to_hex(n), 12, '0') FROM 25 FOR 12)::uuid))).*
FROM runs r, generate_series(1, %(many)s) n WHERE r.id = %(id)s
"""
ACTS = """
INSERT INTO audit (at, who, action, target)
SELECT now(), 'who-' || n %% 3, 'schedule.update', 'schedules/' || n %% 4 FROM generate_series(1, %(many)s) n
"""


def rows_read(engine: sa.Engine, ask: Callable[[sa.Connection], object]) -> int:
    """How many rows the statement reads that reads most, of those that are sent to answer this."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    with engine.connect() as connection:
        sa.event.listen(engine, "before_cursor_execute", note)
        ask(connection)
        sa.event.remove(engine, "before_cursor_execute", note)
        explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
        plans = [connection.exec_driver_sql(explain + each, given).scalar_one() for each, given in sent]
    return max(_read_by(plan["Plan"]) for [plan] in plans)


def _read_by(plan: dict[str, Any]) -> int:
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if "Relation Name" in plan else 0
    return int(own * plan["Actual Loops"]) + sum(_read_by(each) for each in plan.get("Plans", ()))


def analyze(engine: sa.Engine, table: str) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"ANALYZE {table}")


def test_of_queues_that_hold_very_many(engine: sa.Engine) -> None:
    def ask(connection: sa.Connection) -> list[int]:
        found = list_queues(connection, QUEUES, counted=COUNTED)
        return [max(row.planned, row.queued) for row in found]

    with engine.begin() as connection:
        run = add_run(connection, id=new_run_id(read_clock(connection)), queue="q0")
        connection.exec_driver_sql(COPIES, {"many": MANY, "queues": QUEUES, "id": run})
    for state in ("planned", "queued"):
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE runs SET state = %(state)s, queued_at = now()", {"state": state})
        analyze(engine, "runs")
        with engine.connect() as connection:
            assert ask(connection) == [COUNTED] * QUEUES
        assert rows_read(engine, ask) < 2 * QUEUES * COUNTED, state


def test_of_very_many_acts(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LOOKED_ROWS", LOOKED_ROWS)
    with engine.begin() as connection:
        connection.exec_driver_sql(ACTS, {"many": MANY})
    analyze(engine, "audit")
    for filters in (
        {},
        {"action": "hold.begin"},
        {"who": "who-1"},
        {"who": "nobody"},
        {"who": "who-1", "action": "hold.begin"},
        {"target": "schedules/1"},
        {"target": "schedules/1", "who": "nobody"},
        {"target": "tokens"},
    ):
        read = rows_read(engine, partial(search_audit, limit=50, **filters))
        assert read <= LOOKED_ROWS + 1, filters
