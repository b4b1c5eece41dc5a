"""Declare: schedules that actors bring along are stored, changed and stopped as workers announce them.

The declaration decides the definition, of two releases side by side that of the worker that started last; what an
operator has paused stays paused. A schedule that is no longer declared
is paused after a while, never at once: during a rolling deploy old workers and new ones announce side by side. It is
not deleted, since who has only been away for long must find it as it was. Each is applied by itself: what is wrong with
one is shown with its actor, and the others go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from pydantic import ValidationError

from config.database import REFUSALS, TRANSIENT
from models.declarations import (
    Declaration,
    Declared,
    forget_announcement,
    list_code_schedules,
    list_declared_schedules,
    list_undeclared_schedules,
    mark_announced,
    note_declaration_error,
    note_declared_by,
)
from models.schedules import StoredSchedule, lock_schedule
from models.sql.locks import is_locked
from models.words.faults import faults_of, in_words
from scheduling.commands import edit
from scheduling.commands.audit import CALLSHEET
from scheduling.commands.edit import CODE
from scheduling.commands.faults import Conflict, NotFound, Refused
from scheduling.commands.pause import pause, resume

log = structlog.get_logger("scheduling")

UNDECLARED = "no worker declares it any more"
"""Why a schedule is paused that code has given up."""

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
            with _by_itself(connection, each.name):
                note_declaration_error(connection, each.actor, error)
            if error is not None:
                log.error("schedule-refused", actor=each.actor, schedule=each.name, error=error)
    mark_announced(connection, names)
    for schedule, name in list_undeclared_schedules(connection, forget_after_seconds):
        with suppress(Conflict), _by_itself(connection, name):
            _stop(connection, schedule, name)


@contextmanager
def _by_itself(connection: sa.Connection, name: str | None) -> Iterator[None]:
    """What somebody has locked is left for the next time; the others go on."""
    try:
        with connection.begin_nested():
            yield
    except TRANSIENT as error:
        if not is_locked(error):
            raise
        log.warning("locked", schedule=name)


def _stop(connection: sa.Connection, schedule: UUID, name: str) -> None:
    row = lock_schedule(connection, name)
    if row is not None and row.id == schedule and row.paused_at is None:
        pause(connection, row, until=None, reason=UNDECLARED, by=CALLSHEET)
        forget_announcement(connection, schedule)
        log.warning("forget", schedule=name)


def _refusal(declared: Declared, deciding: dict[str, str]) -> str | None:
    """What stands against a declaration before it is read. Of several for one name the first decides, which is the
    newest worker's."""
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
        if row is not None and row.source == CODE and not _differs(row, declaration) and not _is_stopped(row):
            error: str | None = row.error
            return error
        with _by_itself(connection, declared.name):
            is_new = row is None and edit.create(connection, declaration.name, declaration, CALLSHEET, source=CODE)
            if is_new or _bring_up_to_date(connection, declaration):
                note_declared_by(connection, declaration.name, declared.by)
                log.info("declare", schedule=declaration.name, by=declared.by)
            return None
        return declared.error
    except ValidationError as error:
        return in_words(faults_of(error))[:_LONGEST_ERROR]
    except (Refused, Conflict, NotFound) as error:
        return str(error)[:_LONGEST_ERROR]
    except REFUSALS as error:
        return _words_of(error)[:_LONGEST_ERROR]


def _bring_up_to_date(connection: sa.Connection, declaration: Declaration) -> bool:
    """Replace what is stored and let it go on, unless another scheduling process has done so meanwhile."""
    row = edit.lock(connection, declaration.name)
    is_other = row.source != CODE or _differs(row, declaration)
    if is_other:
        edit.replace(connection, row, declaration, CALLSHEET, source=CODE, action="schedule.declare")
        row = edit.lock(connection, declaration.name)
    if is_stopped := _is_stopped(row):
        resume(connection, row, CALLSHEET)
    return is_other or is_stopped


def _is_stopped(row: sa.Row[Any] | StoredSchedule) -> bool:
    """Whether it is paused since nobody declared it, and by no person since."""
    return (row.paused_by, row.pause_reason) == (CALLSHEET.who, UNDECLARED)


def _differs(row: sa.Row[Any] | StoredSchedule, declaration: Declaration) -> bool:
    return any(getattr(row, column) != value for column, value in declaration.columns().items())


def _words_of(error: sa.exc.DBAPIError) -> str:
    """Without the rows, which PostgreSQL adds and which are different each time."""
    diagnostics = getattr(error.orig, "diag", None)
    return f"{type(error.orig).__name__}: {getattr(diagnostics, 'message_primary', None) or error.orig}"
