"""Preview: when a spec would fire, in slots and in words."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from api.shapes.schedule_body import SpecBody
from api.shapes.slot_json import SlotJson, show_slot
from api.web.routes import Answer, Call, Route
from models.sql.clock import read_clock
from models.words.faults import Fault
from models.words.roles import Role
from scheduling.commands.faults import Refused
from scheduling.commands.rules import check_spec
from scheduling.cron import matches_either
from scheduling.slots.spec import Spec, take_slots
from scheduling.slots.words import say_spec


class PreviewJson(BaseModel):
    """The next slots of a spec, and the spec in words."""

    slots: list[SlotJson]
    words: str | None
    warnings: list[str]


def preview_spec(call: Call, body: SpecBody) -> Answer:
    """Show when a spec would fire, without storing anything."""
    spec = Spec(tuple(body.cron or ()), body.every_seconds, body.at, body.timezone)
    after = body.after or _now(call.engine)
    faults = check_spec(spec, after)
    if spec == Spec(timezone=body.timezone):
        faults.append(Fault((), "one of cron, every_seconds and at must be given"))
    if faults:
        raise Refused(faults)
    slots = list(take_slots(spec, after, body.count))
    shown = [SlotJson(**show_slot(spec, slot)) for slot in slots]
    return Answer(PreviewJson(slots=shown, words=say_spec(spec), warnings=_warnings(spec, slots)))


ROUTES = (Route("POST", "/v1/preview", preview_spec, Role.VIEWER, {200: PreviewJson}, heeds_scope=True),)


def _now(engine: sa.Engine) -> datetime:
    with engine.connect() as connection:
        return read_clock(connection)


def _warnings(spec: Spec, slots: list[datetime]) -> list[str]:
    either = [
        f"{expr} fires on days that match one of the two day fields" for expr in spec.cron if matches_either(expr)
    ]
    return either if slots else [*either, "nothing is to come after that instant"]
