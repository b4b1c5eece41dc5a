"""Addresses of PostgreSQL, as libpq reads them: several hosts, and whatever else they say of their connections."""

import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

OURS = frozenset(
    {
        "timezone",
        "default_transaction_isolation",
        "jit",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "plan_cache_mode",
        "enable_seqscan",
    }
)
"""What an address must not set in its `options`: each is set by us, or by a setting of ours."""

_SET = re.compile(r"(?:-c\s*|--)([A-Za-z_.-]+)\s*=")
_UNKNOWN = re.compile(r'invalid URI query parameter: "([A-Za-z0-9_]+)"')


def problem_of(url: str) -> str | None:
    """What is wrong with the address, without anything secret; None if nothing is."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        unknown = _UNKNOWN.search(str(error))
        return f"PostgreSQL has no parameter {unknown[1]}" if unknown else "is not an address that libpq can read"
    if not all(port.isdigit() or not port for port in str(given.get("port") or "").split(",")):
        return "its port is no number"
    names = {name.replace("-", "_").lower() for name in _SET.findall(str(given.get("options") or ""))}
    if taken := sorted(names & OURS):
        return f"options can't set {', '.join(taken)}: callsheet does"
    return None


def arguments_for(url: str, defaults: Mapping[str, Any], options: Mapping[str, object]) -> dict[str, Any]:
    """The arguments to connect with: what the address says, before the defaults; its start-up options, and ours."""
    arguments = {**defaults, **conninfo_to_dict(url)}
    ours = " ".join(f"-c {name}={value}" for name, value in options.items())
    if joined := f"{arguments.pop('options', None) or ''} {ours}".strip():
        arguments["options"] = joined
    return arguments
