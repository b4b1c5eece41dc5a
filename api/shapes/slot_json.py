"""Slots to come, of a schedule or of what might become one, as API and pages show them."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from api.web.fields import Moment
from models.schedules import StoredSchedule
from scheduling.commands.faults import Refused
from scheduling.commands.rules import check_spec
from scheduling.cron import clock_remark, matches_either, next_fire
from scheduling.cron.zones import load_zone
from scheduling.slots.due import spec_of
from scheduling.slots.forecast import next_slots
from scheduling.slots.spec import Spec, jitter, take_slots
from scheduling.slots.words import say_spec


class SlotJson(BaseModel):
    """A slot, with what its zone's clock shows then."""

    slot_at: Moment
    local: str = Field(description="The local time with its offset.")
    remark: str | None = Field(description="What a change of the clock did to this slot.")


class UpcomingSlot(SlotJson):
    """A slot of a schedule."""

    due_at: Moment = Field(description="The slot with its jitter.")


def show_upcoming(schedule: StoredSchedule, now: datetime, count: int) -> list[UpcomingSlot]:
    """The next slots of a schedule, with what a clock in its zone shows."""
    spec = spec_of(schedule)
    return [
        UpcomingSlot(**show_slot(spec, slot), due_at=slot + jitter(schedule.id, slot, schedule.jitter_seconds))
        for slot in next_slots(schedule, now, count)
    ]


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


class PreviewJson(BaseModel):
    """The next slots of a spec, and the spec in words."""

    slots: list[SlotJson]
    words: str | None
    warnings: list[str]


def preview_of(spec: Spec, after: datetime, count: int) -> PreviewJson:
    """The next slots after an instant. Raises Refused for a spec that is none."""
    if faults := check_spec(spec, after):
        raise Refused(faults)
    slots = list(take_slots(spec, after, count))
    shown = [SlotJson(**show_slot(spec, slot)) for slot in slots]
    return PreviewJson(slots=shown, words=say_spec(spec), warnings=_warnings(spec, slots))


def _warnings(spec: Spec, slots: list[datetime]) -> list[str]:
    either = [
        f"{expr} fires on days that match one of the two day fields" for expr in spec.cron if matches_either(expr)
    ]
    return either if slots else [*either, "nothing is to come after that instant"]
