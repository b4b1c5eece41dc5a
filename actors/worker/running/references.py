"""References in arguments: `${secret:NAME}` and `${run:FIELD}`, filled in when the run starts.

A secret is the worker's environment variable `CALLSHEET_SECRET_NAME`; no other variable can be reached, and none that
the setting `secrets.allow` keeps from the actor. A field is one of `config.references.RUN_FIELDS`. What a run does not
have stands for nothing: an empty text in its place would have a job load from the beginning of time, and succeed.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from actors.worker.running.current import CurrentRun, SecretNotAllowed
from config.environment import SECRET_PREFIX
from config.references import REFERENCE, RUN_FIELDS
from config.secret_rules import ANYWHERE, reach, say_rules
from config.settings import get_settings
from models.words.instants import write_instant


class SecretMissing(LookupError):
    """The arguments refer to a secret that this worker's environment does not have."""


class NoSuchField(LookupError):
    """The arguments refer to a field that a run does not have."""


class NoValue(LookupError):
    """The arguments refer to a field that this run does not have."""


def fill_in_call(
    args: Sequence[Any], kwargs: Mapping[str, Any], run: CurrentRun, nullable: Collection[str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of a call with every reference filled in. One that is nothing but a field that the run does not have is
    None, where its parameter is among the `nullable`. Raises what `fill_in` does."""
    return tuple(fill_in(value, run) for value in args), {
        name: None if name in nullable and _is_absent(value, run) else fill_in(value, run)
        for name, value in kwargs.items()
    }


def fill_in(value: Any, run: CurrentRun) -> Any:
    """The value with every reference in its strings replaced. Raises SecretMissing, SecretNotAllowed, NoSuchField or
    NoValue, which say what is wrong."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda match: _replacement(match[1], match[2], run), value)
    if isinstance(value, list):
        return [fill_in(item, run) for item in value]
    if isinstance(value, dict):
        return {key: fill_in(item, run) for key, item in value.items()}
    return value


def _is_absent(value: Any, run: CurrentRun) -> bool:
    match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[1] == "run" and match[2] in RUN_FIELDS and _field(match[2], run) is None


def _field(name: str, run: CurrentRun) -> object:
    return run.run_id if name == "id" else getattr(run, name)


def _replacement(kind: str, name: str, run: CurrentRun) -> str:
    if kind == "secret":
        return _secret(name, run)
    if name not in RUN_FIELDS:
        raise NoSuchField(f"a run has no field {name}: its fields are {', '.join(RUN_FIELDS)}")
    field = _field(name, run)
    if field is None:
        raise NoValue(f"this run has no {name}, which its arguments refer to: it was asked for by {run.trigger}")
    if name == "slot_local":
        return run.slot_local.isoformat() if run.slot_local else ""
    return write_instant(field) if isinstance(field, datetime) else str(field)


def _secret(name: str, run: CurrentRun) -> str:
    rules = get_settings().secrets.allow.get(name)
    where = reach(rules, run.actor)
    if not where:
        raise SecretNotAllowed(f"the actor {run.actor} may not use the secret {name}: {say_rules(rules or ())}")
    if ANYWHERE not in where:
        run.reach[name] = where
    variable = SECRET_PREFIX + name
    if variable not in os.environ:
        raise SecretMissing(f"the secret {name} is not set: this worker's environment has no {variable}")
    return os.environ[variable]
