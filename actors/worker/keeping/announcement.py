"""What a worker announces of its actors: documentation, parameters, retry and time policy, periodic schedules."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from dramatiq import Actor, Broker
from pydantic import ValidationError

from actors.worker.contracts.contract import NEVER_RUNS, contract_of
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.clean import MAX_DOC_CHARACTERS, MAX_MESSAGE_CHARACTERS, clean_json, clean_text
from actors.worker.running.policies import policies_in
from config.database import REFUSALS
from models.announcing import Announcement, announce_actors
from models.declarations import Declaration
from models.sql.wake import notify
from models.words.faults import faults_of, in_words

log = structlog.get_logger("worker")

_ANYTHING: dict[str, Any] = {"type": "object"}
MAX_NAME = 255


class Announcer:
    """Announces the actors of the queues that this process consumes; built once, said again and again."""

    def __init__(self, broker: Broker, process: WorkerProcess) -> None:
        self._process = process
        self._actors = [_described(actor) for actor in broker.actors.values() if actor.queue_name in process.queues]

    def announce(self, connection: sa.Connection) -> Callable[[], None]:
        """Say what this worker can do; wakes the schedulers if any of it is new. Returns what is to be called once it
        has been heard."""
        pace = self._process.held.pace()
        actors = [replace(actor, run_seconds=pace.get(actor.name)) for actor in self._actors]
        try:
            with connection.begin_nested():
                new = announce_actors(connection, actors, self._process.id)
        except REFUSALS:
            new = sum(self._announce_one(connection, actor) for actor in actors)
        if new:
            log.info("announce", actors=[actor.name for actor in self._actors])
            notify(connection)
        return partial(self._process.held.tell_pace, pace)

    def _announce_one(self, connection: sa.Connection, actor: Announcement) -> int:
        """What is refused of one says nothing against the others."""
        try:
            with connection.begin_nested():
                return announce_actors(connection, [actor], self._process.id)
        except REFUSALS as error:
            log.warning("not-announced", actor=actor.name, error=str(error.orig).strip())
            return 0


def _described(actor: Actor[Any, Any]) -> Announcement:
    """The actor as it is, or as little of it as is certain: whatever its code or its hints raise, it can run."""
    try:
        return describe_actor(actor)
    except Exception:
        log.exception("undescribable", actor=actor.actor_name)
        return Announcement(actor.actor_name, actor.queue_name, "", _ANYTHING, {})


def describe_actor(actor: Actor[Any, Any]) -> Announcement:
    """An actor as users see it: its docstring, its parameters from its type hints, its options."""
    options = policies_of(actor)
    if contract_of(actor.fn).is_never_run():
        log.warning("never-runs", actor=actor.actor_name, error=NEVER_RUNS)
    if actor.options.get("isolation"):
        options["isolation"] = actor.options["isolation"]
    if actor.options.get("periodic"):
        options["schedule"] = _declared_schedule(actor)
    return Announcement(
        name=actor.actor_name,
        queue=actor.queue_name,
        doc=clean_text(contract_of(actor.fn).doc, MAX_DOC_CHARACTERS),
        parameters=clean_json(parameters_schema(actor)),
        options=clean_json(options),
    )


def policies_of(actor: Actor[Any, Any]) -> dict[str, Any]:
    """The policies that the actor's options give to runs whose schedule has none of its own, times in seconds."""
    return policies_in(actor.options)


def parameters_schema(actor: Actor[Any, Any]) -> dict[str, Any]:
    """The JSON Schema of the actor's arguments by name; any object where its hints can't be read."""
    try:
        return contract_of(actor.fn).schema()
    except Exception as error:  # noqa: BLE001 - hints are anybody's, and so is what they raise when they are read
        log.warning("no-schema", actor=actor.actor_name, error=f"{type(error).__name__}: {error}"[:200])
        return _ANYTHING


def _declared_schedule(actor: Actor[Any, Any]) -> dict[str, Any]:
    """The schedule of a periodic actor, named like it, as JSON; or its name and what is wrong with it.

    Only this release knows which fields there are: whoever reads it leaves out what it does not know.
    """
    periodic = actor.options["periodic"]
    cron = [str(expression) for expression in (periodic if isinstance(periodic, list) else [periodic])]
    given = {"name": actor.actor_name, "description": "Declared in code.", "actor": actor.actor_name, "cron": cron}
    try:
        policies = dict(actor.options.get("schedule") or {})
        if twice := sorted({"actor", "cron"} & policies.keys()):
            raise ValueError(f"{' and '.join(twice)} can't be given: the actor and `periodic` say that")
        given |= policies
        return Declaration.model_validate(given).model_dump(mode="json")
    except ValidationError as error:
        problem = in_words(faults_of(error))
    except (TypeError, ValueError) as error:
        problem = f"schedule: {error}"
    log.error("schedule-refused", actor=actor.actor_name, error=problem)
    return {"name": clean_text(str(given["name"]), MAX_NAME), "refused": clean_text(problem, MAX_MESSAGE_CHARACTERS)}
