"""SQL of what housekeeping has done last: what was verified, and from when on history is whole."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from models.words.instants import write_instant

VERIFY, PRUNE = "verify", "prune"
_WHOLE = "whole_since"
_MARGIN = timedelta(hours=1)
"""A prune that goes on meanwhile may have begun later than who asks."""


# Rows are read along an index, as many as are wanted. A plan for whatever comes would read all there are and sort them,
# time and again.
_ALONG_INDEXES = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_bitmapscan', 'off', true),
    set_config('enable_seqscan', 'off', true)
"""


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees everything as it is at one instant, and writes nothing. Keep it short."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        connection.exec_driver_sql(_ALONG_INDEXES)
        yield connection


_STORE = """
INSERT INTO housekeeping (name, at, result) VALUES (%(name)s, now(), %(result)s::jsonb)
ON CONFLICT (name) DO UPDATE SET at = excluded.at, result = excluded.result
"""


def store_result(connection: sa.Connection, name: str, result: Mapping[str, Any]) -> None:
    """Keep what a part of housekeeping has found, in the place of what it had found before."""
    connection.exec_driver_sql(_STORE, {"name": name, "result": json.dumps(result)})


_READ = "SELECT at, result FROM housekeeping WHERE name = %(name)s"


def read_result(connection: sa.Connection, name: str) -> sa.Row[Any] | None:
    """What it has found last (`at`, `result`); None if it never has."""
    return connection.exec_driver_sql(_READ, {"name": name}).one_or_none()


_NOTE_PRUNED = f"""
INSERT INTO housekeeping (name, at, result) VALUES ('{PRUNE}', now(),
    jsonb_build_object('{_WHOLE}', to_char((now() - %(age)s) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
ON CONFLICT (name) DO UPDATE SET at = excluded.at,
    result = CASE WHEN housekeeping.result->>'{_WHOLE}' > excluded.result->>'{_WHOLE}' THEN housekeeping.result
        ELSE excluded.result END
"""


def note_pruned(connection: sa.Connection, age: timedelta) -> None:
    """Note, before anything goes, that from now on history is whole for that long alone."""
    connection.exec_driver_sql(_NOTE_PRUNED, {"age": age})


def whole_since(connection: sa.Connection, now: datetime, kept: timedelta) -> datetime:
    """From when on the rows of all slots are there, where they are kept for so long; they may have been kept for less
    before."""
    row = read_result(connection, PRUNE)
    noted = None if row is None else datetime.fromisoformat(row.result[_WHOLE])
    since = now - kept if noted is None else max(noted, now - kept)
    return since + _MARGIN


def show(instant: datetime) -> str:
    """As results have it."""
    return write_instant(instant)
