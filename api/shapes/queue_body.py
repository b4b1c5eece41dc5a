"""What is asked for about queues, and about all of them."""

from pydantic import Field

from api.web.fields import Request
from models.words.kinds import Instant


class QueuePauseBody(Request):
    """Why."""

    reason: str | None = Field(default=None, max_length=1000)


class HoldBody(Request):
    """Why, and until when."""

    reason: str = Field(min_length=1, max_length=1000)
    until: Instant | None = Field(default=None, description="When it ends by itself.")
