"""What becomes of due slots, told a second time in the words of the design: lists of slots, one after the other."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.interleavings.slots import Definition

ROOM = {"skip": 1, "buffer_one": 2, "buffer_all": 1001}
"""How many runs of a schedule may be active or wait under these policies."""


@dataclass(frozen=True)
class Pause:
    """From when on a schedule is paused, and until when."""

    start: datetime
    until: datetime | None = None

    def covers(self, now: datetime) -> bool:
        return self.until is None or self.until > now


def fates(
    definition: Definition, due: list[datetime], pause: Pause | None, now: datetime, active: int, slots_run: int
) -> dict[datetime, str]:
    """For each due slot `run`, or the reason why it does not run. A schedule whose runs are used up has no slots."""
    left = None if definition.max_runs is None else definition.max_runs - slots_run
    if pause is None:
        return _decide(definition, due, now, active, left)
    end = pause.until if pause.until is not None and pause.until <= now else now
    before = [slot for slot in due if slot <= pause.start]
    paused = [slot for slot in due if pause.start < slot <= end]
    after = [slot for slot in due if slot > max(pause.start, end)]
    first = _decide(definition, before, pause.start, active, left)
    ran = list(first.values()).count("run")
    if left is not None and left <= ran:
        return first
    last = _decide(definition, after, now, active + ran, None if left is None else left - ran)
    return first | dict.fromkeys(paused, "paused") | last


def may_start(overlap: str, active: int) -> bool:
    """Whether one more run may be planned beside `active` ones."""
    return overlap in ("allow", "cancel_other") or active < ROOM[overlap]


def _decide(
    definition: Definition, due: list[datetime], now: datetime, active: int, left: int | None
) -> dict[datetime, str]:
    if not due or (left is not None and left <= 0):
        return {}
    on_time = due[-1:] if now - due[-1] <= timedelta(seconds=60) else []
    window = timedelta(seconds=definition.catchup_window_seconds)
    late = due[: len(due) - len(on_time)]
    recent = [slot for slot in late if now - slot <= window]
    chosen, reason = _catch_up(definition.catchup, recent, len(on_time))
    fate = dict.fromkeys(late, "missed") | dict.fromkeys(recent, reason)
    for number, slot in enumerate(chosen + on_time):
        fate[slot] = "run" if left is None or number < left else "limit"
    return fate | _overlap(definition.overlap, [slot for slot in due if fate[slot] == "run"], active)


def _catch_up(catchup: str, recent: list[datetime], newer: int) -> tuple[list[datetime], str]:
    """Which of the late slots want to run, and why the others do not."""
    match catchup:
        case "none":
            return [], "missed"
        case "latest":
            return [] if newer else recent[-1:], "coalesced"
        case "earliest":
            return recent[:1], "coalesced"
        case _:
            return recent[-(100 - newer) :], "limit"


def _overlap(overlap: str, wanted: list[datetime], active: int) -> dict[datetime, str]:
    if overlap == "cancel_other":
        return dict.fromkeys(wanted[:-1], "overlap")
    refused = {}
    for slot in wanted:
        if may_start(overlap, active):
            active += 1
        else:
            refused[slot] = "overlap"
    return refused
