"""The rules of notices: what a channel is told of a fact, by what it knows. Pure: no I/O, no clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from models.notices.channels import Channel
from models.notices.facts import Fact, What
from models.notices.notice import Notice
from models.notices.standing import Key, Standing, subject_of
from models.words.ids import notice_run_id
from models.words.notices import NOTIFY, NoticeKind

_RECOVERS = (NoticeKind.FAILED, NoticeKind.AUTO_PAUSED, NoticeKind.QUARANTINED)
"""What a success ends."""

_MAY_REPEAT = frozenset({NoticeKind.FAILED, NoticeKind.LATE, NoticeKind.MISSED, NoticeKind.SLOW})
"""What may come again and again; of all else a channel is told even while it is quiet."""

_AS_IT_IS = {
    What.LATE: NoticeKind.LATE,
    What.MISSED: NoticeKind.MISSED,
    What.PAUSED: NoticeKind.AUTO_PAUSED,
    What.QUARANTINED: NoticeKind.QUARANTINED,
    What.STALLED: NoticeKind.STALLED,
}
"""What is told as it is."""


@dataclass(frozen=True)
class Told:
    """A notice for a channel, and the run that is to tell it."""

    channel: str
    run: UUID
    notice: Notice


@dataclass
class Decision:
    """What channels are told, and what they know then, where that is something else than before."""

    told: list[Told] = field(default_factory=list)
    standings: dict[Key, Standing] = field(default_factory=dict)


def decide(
    facts: Iterable[Fact], channels: Sequence[Channel], known: Mapping[Key, Standing], told: Iterable[UUID] = ()
) -> Decision:
    """What the channels are told of these facts, in their order. `told` are runs that tell some of it already."""
    decision, done = Decision(), set(told)
    for fact in facts:
        for channel in channels:
            if fact.at >= channel.created_at and fact.actor != NOTIFY and _is_about(fact, channel):
                _tell(fact, channel, known, decision, done)
    return decision


def runs_that_tell(facts: Iterable[Fact], kind: NoticeKind, channels: Iterable[Channel]) -> list[tuple[str, UUID]]:
    """The runs that would tell each of these channels of these facts, where they are of this kind."""
    return [(channel.name, _run(fact, kind, channel)) for channel in channels for fact in facts]


def _run(fact: Fact, kind: NoticeKind, channel: Channel) -> UUID:
    return notice_run_id(fact.id_at, fact.key, kind.value, channel.name)


def _tell(fact: Fact, channel: Channel, known: Mapping[Key, Standing], decision: Decision, done: set[UUID]) -> None:
    key = (channel.name, subject_of(fact.schedule, fact.actor))
    before = decision.standings[key] if key in decision.standings else known.get(key, Standing())
    standing = replace(before, told=list(before.told))
    for kind, said in _judge(fact, channel, standing):
        run = _run(fact, kind, channel)
        if kind.value not in channel.events or run in done or _is_quiet(kind, fact, channel, standing):
            continue
        done.add(run)
        _remember(kind, fact, channel, standing)
        decision.told.append(Told(channel.name, run, _notice(str(run), kind, fact, said)))
    if standing != before:
        decision.standings[key] = standing


def _is_about(fact: Fact, channel: Channel) -> bool:
    """What concerns scheduling concerns everybody; of what is gone nobody knows whom it did."""
    return fact.what in (What.STALLED, What.DELETED) or channel.is_about(fact.schedule, fact.tags)


def _judge(fact: Fact, channel: Channel, standing: Standing) -> Iterator[tuple[NoticeKind, Mapping[str, object]]]:
    """The kinds of notices that a fact gives rise to, and what each says beside the fact; the streak is counted."""
    match fact.what:
        case What.FAILED:
            if NoticeKind.FAILED in channel.events:
                standing.failures += 1
                if standing.failures >= channel.after_failures:
                    yield NoticeKind.FAILED, {"streak": standing.failures}
        case What.SUCCEEDED:
            yield from _succeeded(fact, channel, standing)
        case What.MENDED:
            yield from _recovered([NoticeKind.QUARANTINED], standing)
        case What.DELETED:
            standing.failures, standing.told, standing.told_at = 0, [], None
        case what:
            yield _AS_IT_IS[what], {}


def _succeeded(fact: Fact, channel: Channel, standing: Standing) -> Iterator[tuple[NoticeKind, Mapping[str, object]]]:
    streak, standing.failures = standing.failures, 0
    if not _is_still_off(fact, standing):
        yield from _recovered(_RECOVERS, standing, streak)
    median, duration = fact.median_seconds, fact.duration_seconds
    if median is not None and duration is not None and duration > channel.slow_factor * median:
        yield NoticeKind.SLOW, {"median_seconds": median}


def _is_still_off(fact: Fact, standing: Standing) -> bool:
    """Whether nothing runs by itself, as was told: a run by hand changes nothing about that."""
    return (fact.is_paused and NoticeKind.AUTO_PAUSED in standing.told) or (
        fact.is_set_aside and NoticeKind.QUARANTINED in standing.told
    )


def _recovered(
    kinds: Sequence[NoticeKind], standing: Standing, streak: int = 0
) -> Iterator[tuple[NoticeKind, Mapping[str, object]]]:
    """It has from what was told, if anything was."""
    ended = [kind.value for kind in kinds if kind.value in standing.told]
    if ended:
        standing.told = [kind for kind in standing.told if kind not in ended]
        yield NoticeKind.RECOVERED, {"streak": streak or None, "reason": ", ".join(ended)}


def _is_quiet(kind: NoticeKind, fact: Fact, channel: Channel, standing: Standing) -> bool:
    quiet = timedelta(seconds=channel.quiet_seconds)
    return kind in _MAY_REPEAT and standing.told_at is not None and fact.at < standing.told_at + quiet


def _remember(kind: NoticeKind, fact: Fact, channel: Channel, standing: Standing) -> None:
    if kind in _MAY_REPEAT and channel.quiet_seconds:
        standing.told_at = fact.at
    if kind in _RECOVERS and NoticeKind.RECOVERED in channel.events and kind.value not in standing.told:
        standing.told.append(kind.value)


def _notice(id_: str, kind: NoticeKind, fact: Fact, said: Mapping[str, object]) -> Notice:
    is_slow, is_late = kind is NoticeKind.SLOW, kind is NoticeKind.LATE
    fields: dict[str, object] = {
        "slot_at": fact.slot_at,
        "attempt": fact.attempt,
        "error_type": fact.error_type,
        "error_message": fact.error_message,
        "lateness_seconds": fact.lateness_seconds if is_late else None,
        "duration_seconds": None if is_late else fact.duration_seconds,
        "median_seconds": fact.median_seconds if is_slow else None,
        "streak": fact.streak,
        "reason": fact.reason,
    }
    return Notice(id_, kind.value, fact.at, fact.schedule, fact.actor, fact.run_id, **{**fields, **said})  # type: ignore[arg-type]
