"""The answer to why a schedule did or did not run, and how its sentences say instants and spans."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from models.words.instants import say_instant

LATE = timedelta(seconds=2)
"""A run that starts later than this after it is due is late."""


class Because(StrEnum):
    """What became of an instant, in one word."""

    RAN = "ran"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    NOT_A_SLOT = "not_a_slot"
    FUTURE = "future"
    PAUSED = "paused"
    BEFORE_SCHEDULE = "before_schedule"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Verdict:
    """A word, a sentence, and the facts behind them (fields of `FactsJson`)."""

    outcome: Because
    because: str
    is_slot: bool = True
    facts: dict[str, Any] = field(default_factory=dict)


def say_span(span: timedelta) -> str:
    """A span in its two largest units: 3 minutes 5 seconds."""
    if span < timedelta(seconds=10):
        tenths = f"{max(span, timedelta(0)).total_seconds():.1f}".removesuffix(".0")
        return f"{tenths} second{'' if tenths == '1' else 's'}"
    seconds = round(span.total_seconds())
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(parts[:2])


def say_list(parts: list[str]) -> str:
    """The parts joined: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def say_pause(since: datetime, by: str | None, reason: str | None) -> str:
    """What stands of a pause behind "was paused": by whom, since when, with which reason."""
    because = f" with the reason “{reason}”" if reason else ""
    return f"by {by or 'somebody'} at {say_instant(since)}{because}"
