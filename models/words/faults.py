"""Faults: what is wrong with something that people wrote, each with the place where it is."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError


class Fault(NamedTuple):
    """One thing that is wrong with what was asked for; `path` leads to it, from the outside in."""

    path: tuple[str | int, ...]
    message: str


def faults_of(error: ValidationError) -> list[Fault]:
    """What pydantic found, without the values."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return [Fault(_path(each["loc"]), _message(each["type"], each["msg"])) for each in found]


def in_words(faults: Iterable[Fault]) -> str:
    """All of them on one line."""
    return "; ".join(f"{'.'.join(map(str, path))}: {message}" if path else message for path, message in faults)


def _path(found: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Of a name that is wrong, pydantic adds that it is one."""
    return found[:-1] if found[-1:] == ("[key]",) else found


def _message(kind: str, text: str) -> str:
    match kind:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "required"
        case "uuid_parsing":
            return "must be a UUID"
        case _:
            return text.removeprefix("Value error, ")
