"""What was done to what: who may ask."""

from uuid import UUID

import sqlalchemy as sa

from api.access.auth import Caller, require
from api.access.scope import check_scope
from models.schedules import get_schedule
from models.words.roles import Role, Scope
from scheduling.commands.faults import NotFound

OPEN_KINDS = ("schedules", "runs", "queues")


def check_target(engine: sa.Engine, caller: Caller, target: str) -> None:
    """What was done to one schedule, run or queue everybody may ask who sees it; for all else it takes an admin. Raises
    NotAllowed, and NotFound for what the caller does not see."""
    kind, _, name = target.partition("/")
    if not name or kind not in OPEN_KINDS:
        require(caller, Role.ADMIN)
    if name and kind == "schedules":
        _check_schedule(engine, caller.only, name)
    elif name and kind == "runs":
        check_scope(engine, caller.only, "/v1/runs/{id:uuid}", {"id": _run_of(name)}, is_heeded=False)
    else:
        check_scope(engine, caller.only, "/v1/audit", {}, is_heeded=False)


def _check_schedule(engine: sa.Engine, only: Scope | None, name: str) -> None:
    """Of one that was deleted only its name is known any more."""
    if only is None:
        return
    with engine.connect() as connection:
        row = get_schedule(connection, name)
    if not only.holds(name, () if row is None else row.tags):
        raise NotFound("schedule")


def _run_of(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFound("run") from None
