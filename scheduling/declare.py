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
    deciding: dict[str, str] = {}
    for each in declared:
        error = _refusal(each, deciding) or _apply(connection, each, stored)
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


def _refusal(declared: Declared, deciding: dict[str, str]) -> str | None:
    """What stands against a declaration before it is read. Of several for one name the first actor's decides."""
    if declared.refused is not None or declared.name is None:
        return declared.refused
    first = deciding.setdefault(declared.name, declared.actor)
    return None if first == declared.actor else f"the actor {first} declares the schedule {declared.name} already"


def _apply(connection: sa.Connection, declared: Declared, stored: dict[str, sa.Row[Any]]) -> str | None:
    """Store one declaration where it differs from what is stored; what stands against it, None for nothing."""
    if declared.name is None:
        return None
    row = stored.get(declared.name)
    try:
        declaration = declared.read()
        if row is not None and row.source == CODE and not _differs(row, declaration):
            error: str | None = row.error
            return error
        with connection.begin_nested():
            is_new = row is None and edit.create(connection, declaration.name, declaration, CODE)
            if is_new or _replace(connection, declaration):
                log.info("declare", schedule=declaration.name)
        return None
    except ValidationError as error:
        return in_words(faults_of(error))[:_LONGEST_ERROR]
    except (Refused, Conflict, NotFound) as error:
        return str(error)[:_LONGEST_ERROR]
    except REFUSALS as error:
        return _words_of(error)[:_LONGEST_ERROR]


def _replace(connection: sa.Connection, declaration: Declaration) -> bool:
    """Replace what is stored, unless another scheduling process has done so meanwhile."""
    row = edit.lock(connection, declaration.name)
    if row.source == CODE and not _differs(row, declaration):
        return False
    edit.replace(connection, row, declaration, CODE)
    return True


def _differs(row: Any, declaration: Declaration) -> bool:
    return any(getattr(row, column) != value for column, value in declaration.columns().items())


def _words_of(error: sa.exc.DBAPIError) -> str:
    """Without the rows, which PostgreSQL adds and which are different each time."""
    diagnostics = getattr(error.orig, "diag", None)
    return f"{type(error.orig).__name__}: {getattr(diagnostics, 'message_primary', None) or error.orig}"
