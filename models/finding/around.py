"""SQL of what stands around one run: what its attempts printed, the runs it came from and that came of it, and those of
its schedule before and after it. Each look is bounded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.scope import RUNS_IN_SCOPE, scope_parameters
from models.words.roles import Scope

SHOWN_CHILDREN = 20
SHOWN_OUTPUTS = 5
"""Of the latest attempts so many."""

TAIL_CHARACTERS = 64 * 1024
"""Of what an attempt printed the end; of its traceback too."""

_OUTPUTS = f"""
SELECT attempt, right(output, {TAIL_CHARACTERS}) AS output, length(output) > {TAIL_CHARACTERS} AS is_cut,
    output_truncated, right(error_traceback, {TAIL_CHARACTERS}) AS traceback
FROM run_outputs WHERE run_id = %(run)s ORDER BY attempt DESC LIMIT {SHOWN_OUTPUTS}
"""


def list_outputs(connection: sa.Connection, run: UUID) -> Sequence[sa.Row[Any]]:
    """What the latest attempts printed, the latest first: `attempt`, the end of `output`, `is_cut` where that is not
    all, `output_truncated` where the worker has kept less, and the end of `traceback`."""
    return connection.exec_driver_sql(_OUTPUTS, {"run": run}).all()


_OUTPUT = "SELECT output FROM run_outputs WHERE run_id = %(run)s AND attempt = %(attempt)s"


def read_output(connection: sa.Connection, run: UUID, attempt: int) -> str | None:
    """All that an attempt printed; None where nothing of it is kept."""
    found: str | None = connection.exec_driver_sql(_OUTPUT, {"run": run, "attempt": attempt}).scalar_one_or_none()
    return found


_COLUMNS = "id, schedule_name, actor, state, trigger, slot_at, due_at"


def _near(condition: str, order: str) -> str:
    return f"""(SELECT {_COLUMNS} FROM runs WHERE schedule_id = %(schedule)s AND id {condition} %(run)s
    ORDER BY id {order} LIMIT 1)"""


_NEIGHBOURS = f"{_near('<', 'DESC')} UNION ALL {_near('>', 'ASC')}"


def neighbours_of(
    connection: sa.Connection, schedule: UUID, run: UUID
) -> tuple[sa.Row[Any] | None, sa.Row[Any] | None]:
    """The runs of the schedule before and after this one."""
    rows = connection.exec_driver_sql(_NEIGHBOURS, {"schedule": schedule, "run": run}).all()
    before = next((row for row in rows if row.id < run), None)
    return before, next((row for row in rows if row.id > run), None)


# What was run again stands in the audit, under the run that it was: no index of runs leads from parents to children.
_FAMILY = f"""
SELECT {_COLUMNS} FROM runs WHERE id = %(parent)s {{seen}}
UNION ALL
SELECT {_COLUMNS} FROM (
    SELECT r.* FROM (
        SELECT (after->>'run')::uuid AS run FROM audit
        WHERE target = 'runs/' || %(run)s::uuid AND action = 'run.retry' ORDER BY id DESC LIMIT {SHOWN_CHILDREN}
    ) a JOIN runs r ON r.id = a.run AND r.parent_run_id = %(run)s
) r WHERE true {{seen}}
"""


def family_of(
    connection: sa.Connection, run: UUID, parent: UUID | None, only: Scope | None
) -> tuple[sa.Row[Any] | None, list[sa.Row[Any]]]:
    """The run that this one came from, and those that came of it, newest first, as far as somebody sees them."""
    statement = _FAMILY.format(seen="" if only is None else f"AND {RUNS_IN_SCOPE}")
    given = {"run": run, "parent": parent} | ({} if only is None else scope_parameters(only))
    rows = connection.exec_driver_sql(statement, given).all()
    children = sorted((row for row in rows if row.id != parent), key=lambda row: str(row.id), reverse=True)
    return next((row for row in rows if row.id == parent), None), children


_ZONES = "SELECT name, timezone FROM schedules WHERE name = ANY(%(names)s)"


def zones_of(connection: sa.Connection, names: Sequence[str]) -> dict[str, str]:
    """The time zones of schedules, by name."""
    rows = connection.exec_driver_sql(_ZONES, {"names": list(names)}).all()
    return {row.name: row.timezone for row in rows}
