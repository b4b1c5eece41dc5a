"""Scopes in SQL: conditions that leave out what somebody does not see."""

from typing import Any

from models.words.roles import Scope

_NO_NAME = "!"
"""No name of a schedule begins so."""

_SCHEDULE = "(starts_with({alias}.name, %(scope_prefix)s) OR {alias}.tags ?| %(scope_tags)s::text[])"

IN_SCOPE = _SCHEDULE.format(alias="s")
"""On `schedules s`."""

RUNS_IN_SCOPE = f"""EXISTS (SELECT FROM schedules s WHERE s.id = schedule_id AND {IN_SCOPE})"""
"""On runs, where nothing else has a `schedule_id`: those of deleted schedules are nobody's but who sees all."""


def scope_parameters(scope: Scope) -> dict[str, Any]:
    """What the conditions are given."""
    return {"scope_prefix": _NO_NAME if scope.prefix is None else scope.prefix, "scope_tags": list(scope.tags)}
