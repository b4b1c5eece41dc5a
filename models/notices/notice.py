"""A notice: what a channel is told. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.words.instants import write_instant

LONGEST = 2000
"""Characters of a message or a reason."""


@dataclass(frozen=True)
class Notice:
    """What has happened, and when. Fields are None where they say nothing."""

    id: str
    """The same however often it is told: the id of the run that tells it."""
    kind: str
    at: datetime
    schedule: str | None = None
    actor: str | None = None
    run_id: UUID | None = None
    slot_at: datetime | None = None
    attempt: int | None = None
    error_type: str | None = None
    error_message: str | None = None
    streak: int | None = None
    """Runs that have failed in a row; of one that has recovered, that had."""
    lateness_seconds: float | None = None
    duration_seconds: float | None = None
    median_seconds: float | None = None
    """Of the schedule's runs that succeeded."""
    reason: str | None = None
    """Why: of a slot that was missed the word, of a schedule that is paused or set aside the text; of a run that has
    not begun what it waits for; of what has recovered what it was told of before."""

    def as_json(self) -> dict[str, Any]:
        """As the run that tells it is given it."""
        return {name: _plain(value) for name, value in vars(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return write_instant(value)
    if isinstance(value, UUID):
        return str(value)
    return value[:LONGEST] if isinstance(value, str) else value
