"""SQL of runs as people see them: list and get."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa

from models.finding.errors import find_errors
from models.finding.filters import HAS_ERROR, INDEXED, LOOKED_AT, indexed_of, last_looked_at, where
from models.live.reading import LIVE_PARTS, live_parts
from models.sql.scope import RUNS_IN_SCOPE, scope_parameters
from models.tables.run import RunColumns
from models.words.parts import join
from models.words.roles import Scope

PREVIEW_BYTES = 2048
"""What a list shows of an argument's, a result's, an error's or an output's text."""

PAGE_BYTES = 2 * 2**20
FULL_PAGE_BYTES = 4 * 2**20
"""A page of a list ends with the run that makes it so large: the process that answers holds it several times."""


class StoredRun(RunColumns):
    """A run as its row is, with the output and the traceback of its latest attempt, and how far that is or was. Not
    validated on its way out."""

    output: str | None
    output_truncated: bool
    error_traceback: str | None
    progress: Any

    @classmethod
    def of(cls, row: sa.Row[Any]) -> Self:
        """From a row of `_GET`."""
        run = cls.model_construct(**{name: row._mapping[name] for name in _STORED})
        if row.starts:
            run.output, _, gaps = join(live_parts(row))
            run.output_truncated = bool(gaps)
        return run  # type: ignore[return-value]  # as sqlmodel declares it


_STORED = tuple(StoredRun.model_fields)


class ListedRun(StoredRun):
    """A run in a list. What `cut` names, of JSON its text, is the first 2 KiB of what there is."""

    args: Any
    cut: list[str]

    @classmethod
    def of(cls, row: sa.Row[Any]) -> Self:
        """From a row of `_list`: its previews are cut by characters, these by bytes."""
        values = dict(row._mapping)
        for column in values["cut"]:
            values[column] = values[column].encode()[:PREVIEW_BYTES].decode(errors="ignore")
        return cls.model_construct(**values)  # type: ignore[return-value]  # likewise


class SlotRun(StoredRun):
    """The row of a slot, or of a range of skipped ones."""

    slot_at: datetime


# Lateral, so that outputs are looked up for the rows of the page alone, whatever the planner makes of their number.
_LATEST_OUTPUT = """
LEFT JOIN LATERAL (SELECT * FROM run_outputs WHERE run_id = r.id AND attempt = r.attempt LIMIT 1) o ON true
"""

# Of an attempt that has succeeded none is kept; what it has shown may be there a moment longer.
_PROGRESS = "CASE WHEN o.run_id IS NOT NULL THEN o.progress WHEN r.state <> 'succeeded' THEN p.progress END AS progress"

_GET = f"""
SELECT r.*, o.output, coalesce(o.output_truncated, false) AS output_truncated, o.error_traceback, {_PROGRESS},
    l.starts, l.parts
FROM runs r {_LATEST_OUTPUT} {LIVE_PARTS.format(run="r.id", attempt="r.attempt")}
LEFT JOIN live_progress p ON p.run_id = r.id AND p.attempt = r.attempt
WHERE r.id = %(id)s
"""


def get_run(connection: sa.Connection, run: UUID) -> StoredRun | None:
    """The run; None if there is none of that id."""
    row = connection.exec_driver_sql(_GET, {"id": run}).one_or_none()
    return None if row is None else StoredRun.of(row)


def get_slot_run(connection: sa.Connection, run: UUID) -> SlotRun | None:
    """The run of a slot, or the record of skipped ones; None if there is none of that id."""
    row = connection.exec_driver_sql(_GET, {"id": run}).one_or_none()
    return None if row is None else SlotRun.of(row)


SCANNED_ROWS = 19_900
"""So many runs a page looks at, where no index finds what it is to show: some 30 ms. With those that it passes over
and a look at whether there are more, they are less than 20,000."""

SCANNED_ERRORS = 10_000
"""So many where their errors are looked at, before the trigrams are asked."""

# By the names of columns: what may be large, as text, and how the text is shown where it has been cut.
_LARGE = {
    "args": ("r.args::text", "to_jsonb({})"),
    "result": ("r.result::text", "to_jsonb({})"),
    "checkpoint": ("r.checkpoint::text", "to_jsonb({})"),
    "error_message": ("r.error_message", "{}"),
    "output": ("o.output", "{}"),
}
_SMALL = ", ".join(f"r.{name}" for name in RunColumns.model_fields if name not in _LARGE)
_WHOLE = {name: text.removesuffix("::text") for name, (text, _) in _LARGE.items()}


def _preview(name: str) -> str:
    cut = _LARGE[name][1].format(f"left(t.{name}, {PREVIEW_BYTES})")
    return f"CASE WHEN octet_length(t.{name}) > {PREVIEW_BYTES} THEN {cut} ELSE {_WHOLE[name]} END AS {name}"


_CUT = ", ".join(f"CASE WHEN octet_length(t.{name}) > {PREVIEW_BYTES} THEN '{name}' END" for name in _LARGE)
_PREVIEWS = f"{', '.join(map(_preview, _LARGE))}, NULL AS error_traceback, array_remove(ARRAY[{_CUT}], NULL) AS cut"
_ALL = f"{', '.join(_WHOLE.values())}, o.error_traceback, '{{}}'::text[] AS cut"
_TEXTS = ", ".join(f"{text} AS {name}" for name, (text, _) in _LARGE.items())
_BYTES = " + ".join(f"coalesce(octet_length({name}::text), 0)" for name in (*_LARGE, "attempts", "error_traceback"))


_RUNNING_PROGRESS = """
LEFT JOIN LATERAL (
    SELECT progress FROM live_progress WHERE run_id = r.id AND attempt = r.attempt AND r.state = 'running' LIMIT 1
) p ON true
"""


def _list(scanned: str, wanted: str, large: str, most_bytes: int) -> str:
    # OFFSET 0 has each text made once, however often it is looked at.
    return f"""
WITH page AS (
    SELECT * FROM ({scanned}) s {wanted} ORDER BY id DESC LIMIT %(limit)s + 1
), shown AS (
    SELECT {_SMALL}, {large}, coalesce(o.output_truncated, false) AS output_truncated, {_PROGRESS}
    FROM page r {_LATEST_OUTPUT} {_RUNNING_PROGRESS} CROSS JOIN LATERAL (SELECT {_TEXTS} OFFSET 0) t
), weighed AS (
    SELECT *, sum(bytes) OVER (ORDER BY id DESC) - bytes AS bytes_before, count(*) OVER () AS rows
    FROM (SELECT *, {_BYTES} AS bytes FROM shown) s
)
SELECT * FROM weighed WHERE bytes_before < {most_bytes} ORDER BY id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Listed:
    """A page. `next` goes on after it, None at the end of all. Where it ended for having looked at so many, `looked_to`
    is the last of those."""

    runs: list[ListedRun]
    next: UUID | None
    looked_to: UUID | None


def list_runs(connection: sa.Connection, limit: int, filters: Mapping[str, Any], *, full: bool = False) -> Listed:
    """Runs, newest id first: `limit`, or fewer where that would be large, or where few of very many are wanted.

    They have the beginning of what is large and no traceback, or with `full` all there is. Filters, each where it is
    not None: `before`, `since` and `until` are bounds on the id; `schedule_id` or `schedule_name`, `actor`, `states`,
    `trigger`, `fingerprint`, and what `scope_parameters` gives; `error` and `q` are parts of the error, and of schedule
    or actor.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    indexed = indexed_of(given)
    inner = [INDEXED[name] for name in given if name in indexed]
    outer = [LOOKED_AT[name] for name in given if name not in indexed]
    inner += [HAS_ERROR] if "error" in given else []
    scanned = f"SELECT * FROM runs {where(inner)} ORDER BY id DESC"
    most = SCANNED_ERRORS if "error" in given else SCANNED_ROWS
    if outer:
        scanned += f" LIMIT {most}"
    shown, most_bytes = (_ALL, FULL_PAGE_BYTES) if full else (_PREVIEWS, PAGE_BYTES)
    rows = connection.exec_driver_sql(_list(scanned, where(outer), shown, most_bytes), {**given, "limit": limit}).all()
    listed = [ListedRun.of(row) for row in rows]
    if rows and rows[0].rows > len(rows):
        return Listed(listed, rows[-1].id, None)
    last = last_looked_at(connection, inner, given, most) if outer else None
    room, most_bytes = limit - len(rows), most_bytes - sum(row.bytes for row in rows)
    if last is None or "error" not in given or room <= 0 or most_bytes <= 0:
        return Listed(listed, last, last)
    also = [LOOKED_AT[name] for name in given if name not in indexed and name != "error"]
    found = find_errors(connection, [*inner, *also], given, last, room + 1)
    if found is None:
        return Listed(listed, last, last)
    these = _list("SELECT * FROM runs WHERE id = ANY(%(ids)s)", "", shown, most_bytes)
    more = connection.exec_driver_sql(these, {"ids": found, "limit": room}).all()
    return Listed(
        listed + [ListedRun.of(row) for row in more], found[len(more) - 1] if len(found) > len(more) else None, None
    )


_SCHEDULE_ID = "SELECT id FROM schedules WHERE name = %(name)s"


def find_schedule_id(connection: sa.Connection, name: str) -> UUID | None:
    """The id of the schedule of that name, by which its runs are indexed."""
    found: UUID | None = connection.exec_driver_sql(_SCHEDULE_ID, {"name": name}).scalar_one_or_none()
    return found


_IS_SEEN = f"SELECT EXISTS (SELECT FROM runs WHERE id = %(id)s AND {RUNS_IN_SCOPE})"


def is_run_seen(connection: sa.Connection, run: UUID, only: Scope) -> bool:
    """Whether there is such a run, of a schedule that somebody sees."""
    return bool(connection.exec_driver_sql(_IS_SEEN, {"id": run} | scope_parameters(only)).scalar_one())
