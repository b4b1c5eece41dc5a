"""What an answer that is no success means: a sentence or two, and an exit code."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from api.cli.failures import DENIED, FAILED, MISSING, SERVER, USAGE, Failure
from api.cli.remote.wire.profiles import Target

_CODES = {400: USAGE, 401: DENIED, 403: DENIED, 404: MISSING, 409: FAILED, 412: FAILED, 413: USAGE, 422: USAGE}
_NO_PATH = ("there is nothing at this path", "this path does not have that method")
_SHOWN = 5


def failure_of(target: Target, method: str, path: str, status: int, headers: Mapping[str, str], data: bytes) -> Failure:
    """The failure that an answer is."""
    problem = _problem_in(headers, data)
    code = _CODES.get(status, SERVER)
    if problem is None:
        message, code = _say_foreign(target, status, headers), code if status in (401, 403) else SERVER
    elif status in (404, 405) and problem.get("detail") in _NO_PATH:
        message = f"the callsheet at {target.url} has no {method} {path.partition('?')[0]}: it is of another version."
        code = SERVER
    elif status == 404:
        message = _say_missing(problem, path)
    elif status == 403:
        message = f"{_say(problem)}. `callsheet login` with a token that may, or ask an admin for one."
    elif status == 401:
        message = f"{_say(problem)}. Sign in with `callsheet login`, or set CALLSHEET_TOKEN."
    elif status == 429:
        message = f"{_say(problem)}. Try again in {headers.get('retry-after', 'some')} seconds."
    else:
        message = _say(problem)
    return Failure(printable_line(message), code, status)


def printable_line(text: str) -> str:
    """A line that moves nobody's cursor."""
    return "".join(each if each.isprintable() else " " for each in text)


def say_errors(errors: list[Mapping[str, Any]]) -> str:
    """The faults of fields, in words."""
    shown = [f"{_field(each.get('pointer', ''))}{each.get('message', '')}" for each in errors[:_SHOWN]]
    more = f" and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return "; ".join(shown) + more


def _say(problem: Mapping[str, Any]) -> str:
    errors = problem.get("errors")
    if isinstance(errors, list) and errors:
        return say_errors(errors)
    return str(problem.get("detail") or problem.get("title") or "the request was refused")


def _say_missing(problem: Mapping[str, Any], path: str) -> str:
    """Which one is not there, and what shows those that are."""
    said = _say(problem)
    noun, _, rest = path.partition("?")[0].removeprefix("/v1/").partition("/")
    name = unquote(rest.partition("/")[0])
    if not name:
        return said
    kind = noun.removesuffix("s")
    which = (
        said.replace(f"no such {kind}", f"no {kind} {name}") if said.endswith(f"no such {kind}") else f"{said}: {name}"
    )
    shows = f"{noun} versions {name}" if said.endswith("version") else f"{noun} list"
    return f"{which}. `callsheet {shows}` shows those that are there."


def _field(pointer: str) -> str:
    name = ".".join(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return f"{name}: " if name else ""


def _say_foreign(target: Target, status: int, headers: Mapping[str, str]) -> str:
    if 300 <= status < 400:
        return f"{target.url} sends to {headers.get('location', 'somewhere else')}: give that address."
    if status in (401, 403):
        return f"{target.url} lets nobody in without signing in elsewhere ({status})."
    return f"{target.url} answers with {status}, and not as callsheet does: is this its address?"


def _problem_in(headers: Mapping[str, str], data: bytes) -> dict[str, Any] | None:
    if not headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        problem = json.loads(data)
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None
