"""Declare: schedules that actors bring along are stored, changed and removed as workers announce them.

The declaration decides the definition; what an operator has paused stays paused. A schedule that is no longer declared
goes after a while, never at once: during a rolling deploy old workers and new ones announce side by side. Each is
applied by itself: what is wrong with one is shown with its actor, and the others go on.
"""

from typing import Any

import sqlalchemy as sa
import structlog
from pydantic import ValidationError

from config.database import REFUSALS
from models.declarations import (
    Declaration,
    Declared,
    list_code_schedules,
    list_declared_schedules,
    list_forgotten_schedules,
    mark_announced,
    note_declaration_error,
)
from models.schedules import lock_schedule
from models.words.faults import faults_of, in_words
from scheduling.commands import edit
from scheduling.commands.edit import CODE
from scheduling.commands.faults import Conflict, NotFound, Refused

log = structlog.get_logger("scheduling")

_LONGEST_ERROR = 1000


def apply_declared_schedules(connection: sa.Connection, forget_after_seconds: float) -> None:
    """Bring the schedules of code to what live workers declare, in the caller's transaction."""
    declared = list_declared_schedules(connection)
    names = [each.name for each in declared if each.name is not None]
    stored = list_code_schedules(connection, names)
    for each in declared:
        error = _apply(connection, each, stored)
        if error != each.error:
            note_declaration_error(connection, each.actor, error)
            if error is not None:
                log.error("schedule-refused", actor=each.actor, schedule=each.name, error=error)
    mark_announced(connection, names)
    for schedule, name in list_forgotten_schedules(connection, forget_after_seconds):
        row = lock_schedule(connection, name)
        if row is not None and row.id == schedule:
            edit.delete(connection, row, CODE)
            log.info("forget", schedule=name)


def _apply(connection: sa.Connection, declared: Declared, stored: dict[str, sa.Row[Any]]) -> str | None:
    """Store one declaration where it differs from what is stored; what stands against it, None for nothing."""
    if declared.name is None or declared.refused is not None:
        return declared.refused
    row = stored.get(declared.name)
    try:
        declaration = declared.read()
        if row is None:
            with connection.begin_nested():
                edit.create(connection, declaration.name, declaration, CODE)
        elif row.source != CODE:
            return f"there is a schedule of that name that comes from {row.source}"
        elif not _differs(row, declaration):
            return None
        else:
            with connection.begin_nested():
                edit.replace(connection, edit.lock(connection, declaration.name), declaration, CODE)
    except ValidationError as error:
        return in_words(faults_of(error))[:_LONGEST_ERROR]
    except (Refused, Conflict, NotFound) as error:
        return str(error)[:_LONGEST_ERROR]
    except REFUSALS as error:
        return f"{type(error.orig).__name__}: {error.orig}"[:_LONGEST_ERROR]
    log.info("declare", schedule=declaration.name)
    return None


def _differs(row: sa.Row[Any], declaration: Declaration) -> bool:
    return any(getattr(row, column) != value for column, value in declaration.columns().items())
