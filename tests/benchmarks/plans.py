"""Plans: what PostgreSQL makes of statements that were slow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tests.benchmarks.system import System

SLOW_SECONDS = 0.05


@contextmanager
def explained(system: System) -> Iterator[None]:
    """At the end of the block print EXPLAIN (ANALYZE, BUFFERS) of each statement that was slow in it, at its slowest.

    It is executed once more for that, in a transaction that is rolled back.
    """
    slow: dict[str, tuple[float, Any]] = {}

    def begin(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        context.begun = time.monotonic()

    def end(_connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool) -> None:
        seconds = time.monotonic() - context.begun
        if seconds > slow.get(statement, (SLOW_SECONDS,))[0]:
            slow[statement] = (seconds, parameters)

    sa.event.listen(system.engine, "before_cursor_execute", begin)
    sa.event.listen(system.engine, "after_cursor_execute", end)
    yield
    sa.event.remove(system.engine, "before_cursor_execute", begin)
    sa.event.remove(system.engine, "after_cursor_execute", end)
    for statement, (_, parameters) in slow.items():
        with system.engine.connect() as connection:
            lines = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters).scalars()
            print("\n".join((f"\n{statement.strip()}\n-- {parameters}", *lines)), flush=True)
            connection.rollback()
