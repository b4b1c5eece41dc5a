"""Arguments in fields of their own, as the JSON Schema that workers announced of the actor has them.

A field holds one text: empty, the argument is not given. What can't be said so (null, an empty text, a value of another
type, what the actor does not know) stands in the JSON beside the fields, so that nothing is lost on the way.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from api.dashboard.editor.texts import read_json_text, read_number, with_line_feeds, write_json_text, write_number
from models.words.faults import Fault
from models.words.values import is_same

MOST = 100
MOST_CHOICES = 200
_SCALARS = (str, int, float, bool, type(None))
_DEEPEST = 8
_LONGEST_DEFAULT = 80


class ArgumentKind(StrEnum):
    """How the text of an argument is meant."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    JSON = "json"


@dataclass(frozen=True)
class Argument:
    """An argument with a field. `choices` are texts of JSON."""

    name: str
    kind: ArgumentKind
    help: str = ""
    is_required: bool = False
    choices: tuple[str, ...] = ()


def arguments_of(parameters: Any) -> list[Argument]:
    """Those that a schema names, first those that must be given; none of one that names none. It is anybody's, and may
    say anything."""
    parameters = _object(parameters)
    required = parameters.get("required")
    found = [
        _argument(str(name), _object(schema), parameters, isinstance(required, list) and name in required)
        for name, schema in list(_object(parameters.get("properties")).items())[:MOST]
        if not {"\r", "\n"} & set(name)
    ]
    return sorted(found, key=lambda argument: not argument.is_required)


def split_arguments(
    kinds: Mapping[str, ArgumentKind], args: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of the fields, and what they can't say."""
    texts = dict.fromkeys(kinds, "")
    rest = {}
    for name, value in args.items():
        text = _write(kinds[name], value) if name in kinds else None
        if text is None:
            rest[name] = value
        else:
            texts[name] = text
    return texts, rest


def join_arguments(
    kinds: Mapping[str, ArgumentKind], texts: Mapping[str, str], rest: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """The arguments, and what is wrong with their texts. What the rest has still from before gives way to a field."""
    args, faults = dict(rest), []
    for name, kind in kinds.items():
        text = texts.get(name, "")
        if not (text if kind is ArgumentKind.TEXT else text.strip()):
            continue
        if name in rest and not (name in before and is_same(rest[name], before[name])):
            faults.append(Fault(("args", name), "stands in Args as well: take it out of one of both"))
            continue
        try:
            args[name] = _read(kind, text)
        except ValueError as error:
            faults.append(Fault(("args", name), str(error)))
    return args, faults


def _write(kind: ArgumentKind, value: Any) -> str | None:
    """None for what a field of the kind can't say."""
    match kind:
        case ArgumentKind.TEXT:
            return value if isinstance(value, str) and value and "\r" not in value else None
        case ArgumentKind.NUMBER:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return write_number(value) if is_number else None
        case ArgumentKind.CHOICE:
            return json.dumps(value) if isinstance(value, _SCALARS) else None
    return write_json_text(value)


def _read(kind: ArgumentKind, text: str) -> Any:
    match kind:
        case ArgumentKind.TEXT:
            return with_line_feeds(text)
        case ArgumentKind.NUMBER:
            return read_number(text)
    return read_json_text(text)


def _argument(name: str, schema: Mapping[str, Any], root: Mapping[str, Any], is_required: bool) -> Argument:
    branches = list(_branches(schema, root, _DEEPEST))
    allows_null = any(each.get("type") == "null" for each in branches)
    kinds = [each for each in branches if each.get("type") != "null"]
    kind, choices = _kind(kinds[0]) if len(kinds) == 1 else (ArgumentKind.JSON, ())
    if choices and allows_null:
        choices = (*choices, "null")
    return Argument(name, kind, _help(schema), is_required, tuple(dict.fromkeys(choices)))


def _kind(schema: Mapping[str, Any]) -> tuple[ArgumentKind, tuple[str, ...]]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(values, list) and 0 < len(values) <= MOST_CHOICES:
        if all(isinstance(each, _SCALARS) for each in values):
            return ArgumentKind.CHOICE, tuple(json.dumps(each) for each in values)
        return ArgumentKind.JSON, ()
    match schema.get("type"):
        case "boolean":
            return ArgumentKind.CHOICE, ("true", "false")
        case "string":
            return ArgumentKind.TEXT, ()
        case "integer" | "number":
            return ArgumentKind.NUMBER, ()
    return ArgumentKind.JSON, ()


def _branches(schema: Mapping[str, Any], root: Mapping[str, Any], deepest: int) -> Iterator[Mapping[str, Any]]:
    """What a value may be, with references within the schema followed."""
    if deepest == 0:
        yield {}
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        named = _object(_object(root.get("$defs")).get(reference.removeprefix("#/$defs/")))
        yield from _branches(named, root, deepest - 1)
        return
    for word in ("anyOf", "oneOf"):
        if isinstance(either := schema.get(word), list):
            for each in either:
                yield from _branches(_object(each), root, deepest - 1)
            return
    if isinstance(types := schema.get("type"), list):
        yield from ({**schema, "type": each} for each in types)
        return
    yield schema


def _help(schema: Mapping[str, Any]) -> str:
    said = [text.strip() for text in [schema.get("description")] if isinstance(text, str)]
    if "default" in schema and len(default := json.dumps(schema["default"], ensure_ascii=False)) <= _LONGEST_DEFAULT:
        said.append(f"Empty: {default}.")
    return " ".join(said)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
