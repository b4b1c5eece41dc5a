"""Options: what may be declared on an actor."""

from typing import Any

from dramatiq import Actor, Broker, Middleware
from dramatiq.middleware import MiddlewareError

from actors.worker.running.isolation import ISOLATION


class Options(Middleware):
    """The options that other middleware of ours, and the announcement, read: Dramatiq's names for retries and limits
    (milliseconds), periodiq's `periodic`, `schedule`: policies of the schedule that `periodic` brings,
    `isolation`: "process" for an actor that runs in a process of its own, and `interrupt`: False for one that is not
    interrupted when its worker stops."""

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
            "isolation",
            "interrupt",
        }

    def before_declare_actor(self, broker: Broker, actor: Actor[Any, Any]) -> None:
        """Refuse what can't be meant. Dramatiq lets no other error of a hook through."""
        if actor.options.get("isolation") not in (None, ISOLATION):
            raise MiddlewareError(f"{actor.actor_name}: isolation must be {ISOLATION!r}, or not given")
        if not isinstance(actor.options.get("interrupt", True), bool):
            raise MiddlewareError(f"{actor.actor_name}: interrupt must be True or False, or not given")
