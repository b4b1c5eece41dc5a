"""The words of notices: how somebody is told, and of what."""

from enum import StrEnum


class ChannelKind(StrEnum):
    """How a channel tells."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    EMAIL = "email"
    TEAMS = "teams"


class NoticeKind(StrEnum):
    """What there is to tell of."""

    FAILED = "failed"
    RECOVERED = "recovered"
    LATE = "late"
    MISSED = "missed"
    SLOW = "slow"
    AUTO_PAUSED = "auto_paused"
    QUARANTINED = "quarantined"
    STALLED = "stalled"


TEST = "test"
"""The kind of a notice that says nothing but that the channel works."""

NOTIFY = "notify"
"""The actor that tells. Nobody is told of its own runs."""

MAX_RETRIES, MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 12, 5, 900
"""How often telling is tried again: for about an hour and a half."""

PRIORITY = 9
"""Of the runs that tell: what is told of a backlog does not wait at its end."""
