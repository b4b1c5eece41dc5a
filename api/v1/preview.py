"""Preview: when a spec would fire, in slots and in words."""

from api.shapes.schedule_body import SpecBody
from api.shapes.slot_json import PreviewJson, preview_of
from api.web.routes import Answer, Call, Route
from models.sql.clock import read_clock
from models.words.faults import Fault
from models.words.roles import Role
from scheduling.commands.faults import Refused
from scheduling.commands.rules import check_spec
from scheduling.slots.spec import Spec


def preview_spec(call: Call, body: SpecBody) -> Answer:
    """Show when a spec would fire, without storing anything."""
    spec = Spec(tuple(body.cron or ()), body.every_seconds, body.at, body.timezone)
    with call.engine.connect() as connection:
        after = body.after or read_clock(connection)
    if spec == Spec(timezone=body.timezone):
        missing = Fault((), "one of cron, every_seconds and at must be given")
        raise Refused([*check_spec(spec, after), missing])
    return Answer(preview_of(spec, after, body.count))


ROUTES = (Route("POST", "/v1/preview", preview_spec, Role.VIEWER, {200: PreviewJson}, heeds_scope=True),)
