"""Arguments of schedules and triggers, checked against what workers announced about the actor."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from pydantic import TypeAdapter
from referencing import Registry
from referencing.exceptions import Unresolvable

from config.references import RUN_FIELDS, has_reference, is_misspelt, unknown_fields
from models.words.faults import Fault
from models.words.kinds import unique
from models.words.text import texts_in

_ABOUT_TEXT = ("const", "enum", "format", "maxLength", "minLength", "pattern")

_FORMATS = {"date-time": datetime, "date": date, "time": time, "duration": timedelta, "uuid": UUID}
"""Texts that the worker makes something of, by the same rules."""


def check_arguments(parameters: Mapping[str, Any], args: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with `args` by the actor's JSON Schema, with paths below `args`.

    A text with a reference to a secret or to the run fits wherever a text does: the worker knows what it stands for.
    A schema that can't be used refuses nothing.
    """
    try:
        checker = _checker(json.dumps(parameters))
        found = [fault for each in checker.iter_errors(dict(args)) for fault in _describe(each)]
    except (SchemaError, UnknownType, Unresolvable, RecursionError, re.error):
        found = []
    return unique([*_misspelt(args), *_unknown(args), *found])


def faults_of_arguments(parameters: Mapping[str, Any], args: Mapping[str, Any]) -> tuple[Fault, ...]:
    """As `check_arguments`, for what is shown again and again."""
    return _remembered(json.dumps(parameters, sort_keys=True), json.dumps(args, sort_keys=True))


@lru_cache(maxsize=4096)
def _remembered(parameters: str, args: str) -> tuple[Fault, ...]:
    return tuple(check_arguments(json.loads(parameters), json.loads(args)))


# Looking at a schema takes far longer than looking at arguments, and a file of schedules has few actors.
@lru_cache(maxsize=256)
def _checker(parameters: str) -> Any:
    schema = json.loads(parameters)
    Draft202012Validator.check_schema(schema)
    # An empty registry: references outside the schema are not fetched.
    return _Checker(schema, registry=Registry(), format_checker=_FORMAT_CHECKER)


def _misspelt(args: Mapping[str, Any]) -> list[Fault]:
    """References that would be handed on as they stand."""
    message = "holds what is no reference: a name is made of letters, digits and underscores, as in ${secret:NAME}"
    return [Fault(("args", name), message) for name, value in args.items() if any(map(is_misspelt, texts_in(value)))]


def _unknown(args: Mapping[str, Any]) -> list[Fault]:
    """References to what no run has."""
    fields = ", ".join(RUN_FIELDS)
    return [
        Fault(("args", name), f"names {field}, which no run has: {fields}")
        for name, value in args.items()
        for field in unknown_fields(texts_in(value))
    ]


def _lenient(keyword: str) -> Any:
    strict = Draft202012Validator.VALIDATORS[keyword]

    def check(checker: Any, expected: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not (isinstance(instance, str) and has_reference(instance) and _takes_text(keyword, expected)):
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


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, kind in _FORMATS.items():
        checker.checks(name, raises=ValueError)(_reads(TypeAdapter(kind)))
    return checker


def _reads(reader: TypeAdapter[Any]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or reader.validate_python(value) is not None


_FORMAT_CHECKER = _format_checker()
_Checker = validators.extend(Draft202012Validator, {keyword: _lenient(keyword) for keyword in _ABOUT_TEXT})


def _describe(error: ValidationError) -> list[Fault]:
    """One error of jsonschema as faults; its own words would echo the value."""
    path = ("args", *error.absolute_path)
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return [Fault((*path, name), "required by the actor") for name in missing]
        case "additionalProperties" if error.validator_value is False:
            known = error.schema.get("properties", {})
            extra = [name for name in error.instance if name not in known]
            return [Fault((*path, name), "the actor has no such argument") for name in extra]
        case "type":
            message = f"must be of type {_words(error.validator_value)}"
        case "enum":
            message = f"must be one of {_words(error.validator_value)}"
        case "format":
            message = f"must be of type {error.validator_value}"
        case "anyOf" | "oneOf":
            branches = [each for each in error.validator_value if isinstance(each, dict) and "type" in each]
            types = [str(each.get("format", each["type"])) for each in branches]
            message = f"must be of type {_words(types)}" if types else "does not fit what the actor takes"
        case _:
            message = f"does not fit what the actor takes ({error.validator}: {error.validator_value!r:.200})"
    return [Fault(path, message)]


def _words(value: Any) -> str:
    return " or ".join(str(each) for each in value) if isinstance(value, list) else str(value)
