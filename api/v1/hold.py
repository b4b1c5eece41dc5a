"""The hold: nothing starts anywhere, for maintenance."""

from pydantic import BaseModel, Field

from api.shapes.queue_body import HoldBody
from api.shapes.schedule_body import Nothing
from api.web.fields import Moment
from api.web.routes import Answer, Call, Route
from models.queues import get_hold as read_hold
from models.words.roles import Role
from scheduling.commands import queues as commands


class HoldJson(BaseModel):
    """Whether everything is held."""

    held: bool
    held_at: Moment | None
    until: Moment | None
    reason: str | None
    held_by: str | None
    running: int = Field(description="How many runs are still under way.")


def get_hold(call: Call) -> Answer:
    """Say whether everything is held, and how many runs are still under way."""
    with call.engine.connect() as connection:
        row = read_hold(connection)
    held = row.paused_at is not None
    said = {"held_at": row.paused_at, "until": row.paused_until, "reason": row.pause_reason, "held_by": row.paused_by}
    return Answer(HoldJson(held=held, running=row.running, **said))


def hold(call: Call, body: HoldBody) -> Answer:
    """Hold everything: nothing is published until it is released. On a hold: change reason and end.

    Slots are planned all the same, and their runs wait; what runs may end; deadlines count.
    """
    with call.engine.begin() as connection:
        commands.hold(connection, reason=body.reason, until=body.until, by=call.by)
    return get_hold(call)


def release(call: Call, body: Nothing) -> Answer:
    """Release a hold: what waited is published by priority and due time."""
    with call.engine.begin() as connection:
        commands.release(connection, call.by)
    return get_hold(call)


ROUTES = (
    Route("GET", "/v1/hold", get_hold, Role.VIEWER, {200: HoldJson}, heeds_scope=True),
    Route("POST", "/v1/hold", hold, Role.OPERATOR, {200: HoldJson}),
    Route("POST", "/v1/release", release, Role.OPERATOR, {200: HoldJson}),
)
