"""The form of a definition: from its values to the texts of the fields, and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from api.dashboard.editor.arguments import Argument, ArgumentKind, join_arguments, split_arguments
from api.dashboard.editor.fields import FIELDS, Kind
from api.dashboard.editor.texts import read_json_text, text_of, value_of, with_line_feeds, write_json_text
from models.definition import Definition
from models.words.faults import Fault, faults_of
from scheduling.slots.due import spec_of
from scheduling.slots.spec import Spec

ARGS = "args"
OF_ARGUMENT = "args."
"""What the names of the fields of arguments begin with."""

KINDS = "arg_kinds"
"""The field that says how their texts were meant when the form was made: the actor may be another one since."""


@dataclass(frozen=True)
class Read:
    """What a form says: the values by field, and all that is wrong with its texts."""

    values: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)

    def definition(self) -> tuple[Definition | None, list[Fault]]:
        """The definition, or all that is wrong with it."""
        try:
            made = Definition.model_validate(dict(self.values))
        except ValidationError as error:
            known = {fault.path[:1] for fault in self.faults}
            return None, [*self.faults, *(fault for fault in faults_of(error) if fault.path[:1] not in known)]
        return (None, self.faults) if self.faults else (made, [])


def defaults() -> dict[str, Any]:
    """The values of a new definition, without those that it can't be without."""
    return {name: each.empty for name, each in FIELDS.items() if not each.is_required}


def texts_of(values: Mapping[str, Any], arguments: list[Argument]) -> dict[str, str]:
    """What stands in the fields, by their names."""
    texts = {name: text_of(each, values.get(name)) for name, each in FIELDS.items() if each.kind is not Kind.ARGS}
    kinds = {argument.name: argument.kind for argument in arguments}
    own, rest = split_arguments(kinds, values.get(ARGS) or {})
    texts |= {f"{OF_ARGUMENT}{name}": text for name, text in own.items()}
    return texts | {ARGS: write_json_text(rest) if rest else "", KINDS: json.dumps(kinds)}


def read_form(sent: Mapping[str, str], before: Mapping[str, Any], arguments: list[Argument]) -> Read:
    """What was sent, of a form that had shown what was `before`. A field that was not sent is as before."""
    values, faults = dict(before), []
    for name, each in FIELDS.items():
        if each.kind is Kind.ARGS or name not in sent:
            continue
        try:
            values[name] = value_of(each, sent[name], before.get(name))
        except ValueError as error:
            faults.append(Fault((name,), str(error)))
        if each.is_required and values.get(name) is None:
            values.pop(name, None)
    args, wrong = _read_arguments(sent, before.get(ARGS) or {}, arguments)
    return Read(values | {ARGS: args}, [*faults, *wrong])


def read_spec(sent: Mapping[str, str]) -> tuple[Spec | None, list[Fault]]:
    """When, as a form says it, whatever else it says."""
    when = {name: text for name, text in sent.items() if name in Spec.__dataclass_fields__}
    made, faults = read_form(when, defaults() | {"actor": "-"}, []).definition()
    return None if made is None else spec_of(made), faults


def kinds_in(sent: Mapping[str, str], arguments: list[Argument]) -> dict[str, ArgumentKind]:
    """How the texts of arguments are meant: as the form says that they were, else as the actor has them."""
    try:
        said = read_json_text(sent.get(KINDS) or "null")
        if isinstance(said, dict):
            return {name: ArgumentKind(kind) for name, kind in said.items()}
    except ValueError:
        pass
    named = [name.removeprefix(OF_ARGUMENT) for name in sent if name.startswith(OF_ARGUMENT)]
    return dict.fromkeys(named, ArgumentKind.TEXT) | {argument.name: argument.kind for argument in arguments}


def _read_arguments(
    sent: Mapping[str, str], before: Mapping[str, Any], arguments: list[Argument]
) -> tuple[dict[str, Any], list[Fault]]:
    kinds = kinds_in(sent, arguments)
    texts = {name: sent[f"{OF_ARGUMENT}{name}"] for name in kinds if f"{OF_ARGUMENT}{name}" in sent}
    if ARGS not in sent and not texts:
        return dict(before), []
    own, others = split_arguments(kinds, before)
    rest: Any = others
    if ARGS in sent:
        try:
            rest = read_json_text(sent[ARGS]) if sent[ARGS].strip() else {}
        except ValueError as error:
            return dict(before), [Fault((ARGS,), str(error))]
    if not isinstance(rest, dict):
        return dict(before), [Fault((ARGS,), "must be an object: names with their values, in braces")]
    return join_arguments(kinds, {name: with_line_feeds(text) for name, text in (own | texts).items()}, rest, before)
