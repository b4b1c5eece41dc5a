"""What a worker announces of its actors: documentation, parameters, retry and time policy, periodic schedules."""

import inspect
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog
from dramatiq import Actor, Broker
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from actors.process import WorkerProcess
from models.announcing import Announcement, CodeSchedule, announce_actors, declare_schedules
from models.planning import notify

log = structlog.get_logger("worker")

_ANYTHING: dict[str, Any] = {"type": "object"}
_SECONDS = {
    "min_backoff": "min_backoff_seconds",
    "max_backoff": "max_backoff_seconds",
    "time_limit": "time_limit_seconds",
}


class Announcer:
    """Announces the actors of the queues that this process consumes; built once, said again and again."""

    def __init__(self, broker: Broker, process: WorkerProcess) -> None:
        self._process = process
        actors = [actor for actor in broker.actors.values() if actor.queue_name in process.queues]
        self._actors = [describe_actor(actor) for actor in actors]
        self._schedules = [
            CodeSchedule(uuid4(), actor.actor_name, actor.actor_name, [str(actor.options["periodic"])])
            for actor in actors
            if actor.options.get("periodic")
        ]

    def announce(self, connection: sa.Connection) -> None:
        """Say what this worker can do; wakes the schedulers if anything of it is new."""
        new = announce_actors(connection, self._actors, self._process.id)
        new += declare_schedules(connection, self._schedules)
        if new:
            log.info("announce", actors=[actor.name for actor in self._actors])
            notify(connection)


def describe_actor(actor: Actor[Any, Any]) -> Announcement:
    """An actor as users see it: its docstring, its parameters from its type hints, its options."""
    options = {"max_retries": actor.options["max_retries"]} if actor.options.get("max_retries") is not None else {}
    for milliseconds, seconds in _SECONDS.items():
        if actor.options.get(milliseconds) is not None:
            options[seconds] = actor.options[milliseconds] / 1000
    return Announcement(
        name=actor.actor_name,
        queue=actor.queue_name,
        doc=inspect.getdoc(actor.fn) or "",
        parameters=parameters_schema(actor),
        options=options,
    )


def parameters_schema(actor: Actor[Any, Any]) -> dict[str, Any]:
    """The JSON Schema of the actor's keyword arguments; any object where its hints can't be read."""
    try:
        schema = TypeAdapter(inspect.unwrap(actor.fn)).json_schema()
    except (PydanticUserError, NameError, TypeError):
        log.warning("no-schema", actor=actor.actor_name)
        return _ANYTHING
    return schema if schema.get("type") == "object" else _ANYTHING
