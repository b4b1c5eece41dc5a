"""What becomes of the slots that are due: pure decisions of catch-up and overlap. No clock, no I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.words.states import Catchup, Overlap, SkipReason
from scheduling.slots.spec import TICK, Spec, count_slots, last_slots, next_slot

ON_TIME = timedelta(seconds=60)
"""The newest slot, at most this late, runs under every catch-up policy."""

CATCHUP_LIMIT = 100
"""So many slots run at most in one decision."""

BUFFER_LIMIT = 1000
"""So many runs of a schedule wait at most under `buffer_all`."""


@dataclass(frozen=True)
class Policy:
    """The policies that decide. `remaining` is how many slots may still run (max_runs), None for no limit."""

    overlap: Overlap = Overlap.SKIP
    catchup: Catchup = Catchup.LATEST
    catchup_window: timedelta = timedelta(days=1)
    remaining: int | None = None

    def after(self, ran: int) -> "Policy":
        """The policy once `ran` more slots have been decided to run."""
        return self if self.remaining is None else replace(self, remaining=self.remaining - ran)


@dataclass(frozen=True)
class Skip:
    """`count` consecutive slots from `slot_at` to `slot_until` that do not run, for one reason."""

    reason: SkipReason
    slot_at: datetime
    slot_until: datetime
    count: int = 1


@dataclass(frozen=True)
class Decision:
    """Every due slot, either to run (oldest first) or skipped. `cancel_active`: ask what is active to end first."""

    runs: tuple[datetime, ...] = ()
    skips: tuple[Skip, ...] = ()
    cancel_active: bool = False


def decide(spec: Spec, policy: Policy, cursor: datetime, now: datetime, active: int) -> Decision:
    """What becomes of the slots in (cursor, now], with `active` runs of the schedule planned and due, or under way."""
    if policy.remaining is not None and policy.remaining <= 0:
        return Decision()
    wanted, late = _catch_up(spec, policy, cursor, now)
    allowed = wanted if policy.remaining is None else wanted[: policy.remaining]
    beyond = [_single(SkipReason.LIMIT, slot) for slot in wanted[len(allowed) :]]
    admitted, refused = admit(allowed, policy.overlap, active)
    refusals = [_single(SkipReason.OVERLAP, slot) for slot in refused]
    skips = _merge([*late, *beyond, *refusals], admitted)
    return Decision(
        tuple(admitted), tuple(skips), policy.overlap is Overlap.CANCEL_OTHER and active > 0 and bool(admitted)
    )


def skip_all(spec: Spec, reason: SkipReason, after: datetime, until: datetime) -> Decision:
    """All slots in (after, until] skipped for one reason: one row with their range and count."""
    return Decision(skips=tuple(_range(spec, reason, after, until)))


def admit(slots: list[datetime], overlap: Overlap, active: int) -> tuple[list[datetime], list[datetime]]:
    """Which of these slots, oldest first, may run or wait beside `active` others, and which are refused."""
    match overlap:
        case Overlap.ALLOW:
            room = len(slots)
        case Overlap.SKIP:
            room = 1 - active
        case Overlap.BUFFER_ONE:
            room = 2 - active
        case Overlap.BUFFER_ALL:
            room = 1 + BUFFER_LIMIT - active
        case Overlap.CANCEL_OTHER:
            return slots[-1:], slots[:-1]
    room = max(0, room)
    return slots[:room], slots[room:]


def _catch_up(spec: Spec, policy: Policy, cursor: datetime, now: datetime) -> tuple[list[datetime], list[Skip]]:
    """The slots that want to run by the catch-up policy, and the skips of the others."""
    newest = last_slots(spec, cursor, now, 1)
    if not newest:
        return [], []
    on_time = newest if now - newest[0] <= ON_TIME else []
    until = newest[0] - TICK if on_time else now
    window = max(cursor, min(until, now - policy.catchup_window - TICK))
    missed = list(_range(spec, SkipReason.MISSED, cursor, window))
    late, skips = _choose_late(spec, policy.catchup, window, until, bool(on_time))
    return late + on_time, missed + skips


def _choose_late(
    spec: Spec, catchup: Catchup, after: datetime, until: datetime, has_newer: bool
) -> tuple[list[datetime], list[Skip]]:
    """Of the late slots in (after, until]: those that run, and the skips of the rest."""
    match catchup:
        case Catchup.NONE:
            return [], list(_range(spec, SkipReason.MISSED, after, until))
        case Catchup.LATEST:
            chosen = [] if has_newer else last_slots(spec, after, until, 1)
            rest_until = chosen[0] - TICK if chosen else until
            return chosen, list(_range(spec, SkipReason.COALESCED, after, rest_until))
        case Catchup.EARLIEST:
            oldest = next_slot(spec, after)
            if oldest is None or oldest > until:
                return [], []
            return [oldest], list(_range(spec, SkipReason.COALESCED, oldest, until))
        case Catchup.ALL:
            room = CATCHUP_LIMIT - has_newer
            chosen = last_slots(spec, after, until, room)
            rest_until = chosen[0] - TICK if chosen else until
            return chosen, list(_range(spec, SkipReason.LIMIT, after, rest_until))


def _range(spec: Spec, reason: SkipReason, after: datetime, until: datetime) -> Iterator[Skip]:
    count = count_slots(spec, after, until) if after < until else 0
    if count:
        first = next_slot(spec, after)
        last = last_slots(spec, after, until, 1)[0]
        assert first is not None, "counted above"
        yield Skip(reason, first, last, count)


def _single(reason: SkipReason, slot: datetime) -> Skip:
    return Skip(reason, slot, slot)


def _merge(skips: Iterable[Skip], runs: list[datetime]) -> list[Skip]:
    """Join neighbours of one reason, unless a slot that runs lies between them."""
    merged: list[Skip] = []
    for skip in sorted(skips, key=lambda skip: skip.slot_at):
        last = merged[-1] if merged else None
        if last and last.reason is skip.reason and not any(last.slot_until < run < skip.slot_at for run in runs):
            merged[-1] = Skip(skip.reason, last.slot_at, skip.slot_until, last.count + skip.count)
        else:
            merged.append(skip)
    return merged
