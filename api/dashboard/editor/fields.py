"""The fields of the editor, as the definition has them: kind, label, bounds, help, and where each stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from api.dashboard.frame.meanings import BEGINNINGS, EXAMPLES, MEANINGS
from models.definition import Definition

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What", ("description", "actor", "args", "queue", "priority", "tags")),
    ("When", ("cron", "every_seconds", "at", "timezone", "starts_at", "ends_at", "max_runs", "jitter_seconds")),
    ("Policies", ("overlap", "catchup", "catchup_window_seconds", "start_deadline_seconds", "time_limit_seconds")),
    ("Retries", ("max_retries", "min_backoff_seconds", "max_backoff_seconds")),
    ("Alerts", ("pause_after_failures", "notify_late_seconds")),
)
"""Which field stands where. What is in none of them stands in a last one of its own."""

LONG = 1000
"""Text that may have more characters is written in several lines."""


class Kind(StrEnum):
    """How a field is written."""

    TEXT = "text"
    LONG = "long"
    WHOLE = "whole"
    NUMBER = "number"
    CHOICE = "choice"
    INSTANT = "instant"
    LINES = "lines"
    WORDS = "words"
    ARGS = "args"


@dataclass(frozen=True)
class EditorField:
    """A field: its name in the API, its label, and all that helps to write it. `empty` is what holds where nothing is
    written."""

    name: str
    label: str
    kind: Kind
    help: str
    empty: Any
    is_required: bool = False
    choices: tuple[str, ...] = ()
    beginning: str = ""
    meanings: Mapping[str, str] | None = None


def label_of(name: str) -> str:
    """The name of a field in words."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def groups_of(fields: Mapping[str, EditorField]) -> list[tuple[str, list[EditorField]]]:
    """The fields in their groups; none is left out."""
    found = [(title, [fields[name] for name in names if name in fields]) for title, names in GROUPS]
    placed = {name for _, names in GROUPS for name in names}
    rest = [field for name, field in fields.items() if name not in placed]
    return [*found, ("More", rest)] if rest else found


def fields_of(model: type[Definition]) -> dict[str, EditorField]:
    """The fields of a definition, by name."""
    schema = model.model_json_schema()
    return {
        name: _field(name, model, schema["properties"][name], schema.get("$defs", {})) for name in model.model_fields
    }


def _field(name: str, model: type[Definition], schema: Mapping[str, Any], words: Mapping[str, Any]) -> EditorField:
    info = model.model_fields[name]
    branches = [each for each in _branches(schema, words) if each.get("type") != "null"]
    said = {key: value for branch in reversed(branches) for key, value in branch.items()}
    helps = (_in_form(said.get("description", "")), EXAMPLES.get(name, ""), _bounds(said))
    return EditorField(
        name=name,
        label=label_of(name),
        kind=_kind(branches),
        help=" ".join(filter(None, helps)),
        empty=None if info.is_required() else info.get_default(call_default_factory=True),
        is_required=info.is_required(),
        choices=tuple(said.get("enum", ())),
        beginning=BEGINNINGS.get(name, ""),
        meanings=MEANINGS.get(name),
    )


def _branches(schema: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a value may be, each with all that is said of the field; a list of words in its place."""
    outer = {key: value for key, value in schema.items() if key not in ("anyOf", "$ref", "title")}
    if "$ref" in schema:
        yield {**words[schema["$ref"].rpartition("/")[2]], **outer}
    elif "anyOf" in schema:
        for branch in schema["anyOf"]:
            yield from ({**each, **outer} for each in _branches(branch, words))
    else:
        yield outer


def _kind(branches: list[Mapping[str, Any]]) -> Kind:
    types = {str(each.get("type")) for each in branches}
    said = branches[0]
    if "enum" in said:
        return Kind.CHOICE
    if types == {"string", "array"}:
        return Kind.LINES
    if said.get("format") == "date-time":
        return Kind.INSTANT
    match types.pop():
        case "array":
            return Kind.WORDS
        case "object":
            return Kind.ARGS
        case "integer":
            return Kind.WHOLE
        case "number":
            return Kind.NUMBER
    return Kind.LONG if said.get("maxLength", 0) > LONG else Kind.TEXT


def _bounds(said: Mapping[str, Any]) -> str:
    least, above, most = said.get("minimum"), said.get("exclusiveMinimum"), said.get("maximum")
    if most is None:
        return ""
    return (
        f"{_number(least)} to {_number(most)}." if above is None else f"Above {_number(above)}, up to {_number(most)}."
    )


def _number(value: float | None) -> str:
    return f"{value or 0:,.15g}"


def _in_form(description: str) -> str:
    """What null is to the API is an empty field."""
    return description.replace("Null:", "Empty:")


FIELDS = fields_of(Definition)
"""Those of the definition, by name."""
