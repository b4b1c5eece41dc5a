"""Needs: which states of runs must be noted for channels to tell of what they are to. Pure."""

from collections.abc import Iterable

from models.notices.channels import Channel
from models.words.notices import NoticeKind
from models.words.states import State

_ALWAYS = frozenset({State.FAILED})
"""Acts on schedules are noted where any state is."""

_NEEDED: dict[NoticeKind, frozenset[State]] = {
    NoticeKind.FAILED: frozenset({State.FAILED, State.SUCCEEDED}),
    NoticeKind.RECOVERED: frozenset({State.FAILED, State.SUCCEEDED}),
    NoticeKind.LATE: frozenset({State.RUNNING}),
    NoticeKind.MISSED: frozenset({State.SKIPPED}),
    NoticeKind.SLOW: frozenset({State.SUCCEEDED}),
}


def needed_states(channels: Iterable[Channel]) -> frozenset[State]:
    """The states that these channels need."""
    channels = list(channels)
    if not channels:
        return frozenset()
    events = {NoticeKind(event) for channel in channels for event in channel.events}
    return _ALWAYS.union(*(_NEEDED.get(event, frozenset()) for event in events))
