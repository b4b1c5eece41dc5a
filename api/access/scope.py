"""What a token that sees some schedules alone may reach: theirs, and what its function leaves out of the rest."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.access.auth import NotAllowed
from models.runs import is_run_seen
from models.schedules import StoredSchedule, get_schedule
from models.words.roles import Scope
from scheduling.commands.faults import NotFound


def check_seen(only: Scope | None, schedule: StoredSchedule) -> None:
    """Raises NotAllowed where a schedule, as somebody has made it, is not among those that they see."""
    if only is not None and not only.holds(schedule.name, schedule.tags):
        raise NotAllowed("this token only sees schedules that this would not be one of")


def check_scope(
    engine: sa.Engine, only: Scope | None, path: str, params: Mapping[str, Any], *, is_heeded: bool
) -> None:
    """What somebody does not see does not exist for them. Raises NotFound, and NotAllowed for what concerns all and is
    not `heeded`."""
    if only is None:
        return
    if path.startswith("/v1/schedules/{name}"):
        with engine.connect() as connection:
            row = get_schedule(connection, params["name"])
        if row is not None and not only.holds(row.name, row.tags):
            raise NotFound("schedule")
    elif path.startswith("/v1/runs/{id:uuid}"):
        with engine.connect() as connection:
            if not is_run_seen(connection, params["id"], only):
                raise NotFound("run")
    elif not is_heeded:
        raise NotAllowed("this token only sees some schedules, and this concerns all of them")
