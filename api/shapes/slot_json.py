"""Slots to come, as the API shows them."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from api.web.fields import Moment
from scheduling.cron import clock_remark, next_fire
from scheduling.cron.zones import load_zone
from scheduling.slots.spec import Spec


class SlotJson(BaseModel):
    """A slot, with what its zone's clock shows then."""

    slot_at: Moment
    local: str = Field(description="The local time with its offset.")
    remark: str | None = Field(description="What a change of the clock did to this slot.")


def show_slot(spec: Spec, slot: datetime) -> dict[str, Any]:
    """The fields of a `SlotJson`."""
    return {
        "slot_at": slot,
        "local": slot.astimezone(load_zone(spec.timezone)).isoformat(),
        "remark": _remark(spec, slot),
    }


def _remark(spec: Spec, slot: datetime) -> str | None:
    """The remark of the expression that fires at the slot."""
    before = slot - timedelta(microseconds=1)
    firing = (expr for expr in spec.cron if next_fire(expr, spec.timezone, before) == slot)
    remarks = (clock_remark(expr, spec.timezone, slot) for expr in firing)
    return next((remark for remark in remarks if remark), None)
