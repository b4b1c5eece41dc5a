"""Arguments of schedules and triggers, checked against what workers announced about the actor."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from api.web.problems import FieldError, pointer

_REFERENCE = re.compile(r"\$\{(?:secret|run):[^}]+\}")
_ABOUT_TEXT = ("const", "enum", "format", "maxLength", "minLength", "pattern")


def check_arguments(parameters: Mapping[str, Any], args: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with `args` by the actor's JSON Schema, pointing below `/args`.

    A text with a reference to a secret or to the run fits wherever a text does: the worker knows what it stands for.
    A schema that can't be used refuses nothing.
    """
    try:
        Draft202012Validator.check_schema(parameters)
        # An empty registry: references outside the schema are not fetched.
        checker = _Checker(dict(parameters), registry=Registry())
        found = [error for each in checker.iter_errors(dict(args)) for error in _describe(each)]
    except (SchemaError, UnknownType, Unresolvable, re.error):
        return []
    return list({(error.pointer, error.message): error for error in found}.values())


def _lenient(keyword: str) -> Any:
    strict = Draft202012Validator.VALIDATORS[keyword]

    def check(checker: Any, expected: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not (isinstance(instance, str) and _REFERENCE.search(instance) and _takes_text(keyword, expected)):
            yield from strict(checker, expected, instance, schema) or ()

    return check


def _takes_text(keyword: str, expected: Any) -> bool:
    match keyword:
        case "const":
            return isinstance(expected, str)
        case "enum":
            return any(isinstance(each, str) for each in expected)
        case _:
            return True


_Checker = validators.extend(Draft202012Validator, {keyword: _lenient(keyword) for keyword in _ABOUT_TEXT})


def _describe(error: ValidationError) -> list[FieldError]:
    """One error of jsonschema as ours; its own words would echo the value."""
    path = ["args", *error.absolute_path]
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return [FieldError(pointer=pointer([*path, name]), message="required by the actor") for name in missing]
        case "additionalProperties" if error.validator_value is False:
            known = error.schema.get("properties", {})
            extra = [name for name in error.instance if name not in known]
            return [
                FieldError(pointer=pointer([*path, name]), message="the actor has no such argument") for name in extra
            ]
        case "type":
            message = f"must be of type {_words(error.validator_value)}"
        case "enum":
            message = f"must be one of {_words(error.validator_value)}"
        case "anyOf" | "oneOf":
            types = [str(each["type"]) for each in error.validator_value if isinstance(each, dict) and "type" in each]
            message = f"must be of type {_words(types)}" if types else "does not fit what the actor takes"
        case _:
            message = f"does not fit what the actor takes ({error.validator}: {error.validator_value!r:.200})"
    return [FieldError(pointer=pointer(path), message=message)]


def _words(value: Any) -> str:
    return " or ".join(str(each) for each in value) if isinstance(value, list) else str(value)
