"""What a span of a run says about it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Subject:
    """The run that a span is about, or the message that is to become one. Of its arguments nothing is said."""

    id: str
    actor: str
    queue: str
    schedule: str | None = None
    attempt: int | None = None
    slot_at: datetime | None = None
