"""References in arguments: `${secret:NAME}` and `${run:FIELD}`, filled in when the run starts.

A secret is the worker's environment variable `CALLSHEET_SECRET_NAME`; no other variable can be reached. A field is one
of the run's: `id`, `actor`, `schedule`, `slot_at`, `previous_slot_at`, `next_slot_at`, `due_at`, `attempt`, `trigger`.
"""

import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from actors.worker.running.current import CurrentRun
from config.environment import SECRET_PREFIX
from models.words.instants import write_instant

RUN_FIELDS: dict[str, Callable[[CurrentRun], object]] = {
    "id": lambda run: run.run_id,
    "actor": lambda run: run.actor,
    "schedule": lambda run: run.schedule,
    "slot_at": lambda run: run.slot_at,
    "previous_slot_at": lambda run: run.previous_slot_at,
    "next_slot_at": lambda run: run.next_slot_at,
    "due_at": lambda run: run.due_at,
    "attempt": lambda run: run.attempt,
    "trigger": lambda run: run.trigger,
}

_REFERENCE = re.compile(r"\$\{(secret|run):([A-Za-z0-9_]+)\}")


class SecretMissing(LookupError):
    """The arguments refer to a secret that this worker's environment does not have."""


class NoSuchField(LookupError):
    """The arguments refer to a field that a run does not have."""


def fill_in(value: Any, run: CurrentRun) -> Any:
    """The value with every reference in its strings replaced. What a run does not have, such as the slot of a manual
    run, becomes empty. Raises SecretMissing or NoSuchField, which name what is wrong."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _replacement(match[1], match[2], run), value)
    if isinstance(value, list):
        return [fill_in(item, run) for item in value]
    if isinstance(value, dict):
        return {key: fill_in(item, run) for key, item in value.items()}
    return value


def _replacement(kind: str, name: str, run: CurrentRun) -> str:
    if kind == "secret":
        return _secret(name)
    if name not in RUN_FIELDS:
        raise NoSuchField(f"a run has no field {name}: its fields are {', '.join(RUN_FIELDS)}")
    field = RUN_FIELDS[name](run)
    if isinstance(field, datetime):
        return write_instant(field)
    return "" if field is None else str(field)


def _secret(name: str) -> str:
    variable = SECRET_PREFIX + name
    if variable not in os.environ:
        raise SecretMissing(f"the secret {name} is not set: this worker's environment has no {variable}")
    return os.environ[variable]
