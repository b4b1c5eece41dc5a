"""Options: what may be declared on an actor."""

from dramatiq import Middleware


class Options(Middleware):
    """The options that other middleware of ours, and the announcement, read: Dramatiq's names for retries and limits
    (milliseconds), periodiq's `periodic`, and `schedule`: policies of the schedule that `periodic` brings."""

    @property
    def actor_options(self) -> set[str]:
        """Their names."""
        return {
            "max_retries",
            "min_backoff",
            "max_backoff",
            "retry_when",
            "throws",
            "time_limit",
            "periodic",
            "schedule",
        }
