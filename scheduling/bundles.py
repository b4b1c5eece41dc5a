"""Bundles: in a flood one message stands for several runs, if they are of an actor whose runs are known to be short."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from models.lifecycle.publishing import LeasedRun

MESSAGES = 32
"""So many messages of a kind are made at least before any of them stands for more than one run: the workers of a queue
share messages, and a bundle lies with one."""


class _Kind(NamedTuple):
    """What the runs of a bundle have in common."""

    queue: str
    actor: str
    attempt: int
    priority: int


def bundle(
    runs: Sequence[LeasedRun], most: int, are_short: Callable[[Collection[str]], Collection[str]]
) -> list[list[LeasedRun]]:
    """The runs by message, `most` in one at most, in the order of the first of each.

    `are_short` tells which of some actors are known to be short; it is asked where there is a flood.
    """
    sizes = {kind: min(most, count // MESSAGES) for kind, count in Counter(map(_kind, runs)).items()}
    floods = {kind.actor for kind, size in sizes.items() if size > 1}
    short = are_short(floods) if floods else ()
    messages: list[list[LeasedRun]] = []
    open_: dict[_Kind, list[LeasedRun]] = {}
    for run in runs:
        kind = _kind(run)
        message = open_.get(kind)
        if message is not None and kind.actor in short and len(message) < sizes[kind]:
            message.append(run)
        else:
            open_[kind] = message = [run]
            messages.append(message)
    return messages


def _kind(run: LeasedRun) -> _Kind:
    return _Kind(run.queue, run.actor, run.attempt, run.priority)
