"""Created: the beginning of the trace of each run that is made for a slot."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from config.telemetry import switch
from config.telemetry.subject import Subject
from models.lifecycle.new_runs import NewRow, NewSlot
from models.words.states import State


class Named(Protocol):
    """A schedule."""

    @property
    def name(self) -> str: ...


def trace_created(new: Sequence[NewRow], slots: Iterable[tuple[NewSlot, Sequence[Named]]]) -> None:
    """Begin the traces of the rows that were new, given what became of slots and the schedules of each. Should they not
    be committed, the same begin once more."""
    tracer = switch.tracer()
    if tracer is None:
        return
    runs = {row.run.id: row.run for row in new if row.state != State.SKIPPED}
    for slot, schedules in slots:
        for (id_, _), schedule in zip(slot.keys, schedules, strict=True):
            if (run := runs.get(id_)) is not None:
                tracer.create_slot(Subject(str(id_), run.actor, run.queue, schedule.name, slot_at=slot.slot_at))
