"""Parameters: what a caller may give a callable, by its signature and its hints, and the JSON Schema of that."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from inspect import Parameter
from types import MethodType
from typing import Any, Unpack, get_args, get_origin, get_type_hints

from dramatiq import GenericActor
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from actors.worker.contracts.hints import keys_of, readable
from models.definition import POSITIONAL

_ABSENT = object()
"""The default of what may be left out, where nobody says what it is then."""


class JsonSchema(GenerateJsonSchema):
    """Pydantic's, which has arguments by the names that the callable has for them, and says nothing of defaults that
    are no JSON: those stay optional."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - theirs

    def get_argument_name(self, argument: Any) -> str:
        """Never an alias."""
        return str(argument["name"])


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of what is called, with their hints as types. Raises whatever its hints raise when they are
    read."""
    signature = inspect.signature(_speaker(function), follow_wrapped=False)
    found = signature.parameters.values()

    def stub() -> None: ...

    stub.__annotations__ = {each.name: each.annotation for each in found if each.annotation is not each.empty}
    hints = get_type_hints(stub, _names_around(function), include_extras=True)
    known = (each.replace(annotation=readable(hints.get(each.name, each.empty))) for each in found)
    return tuple(parameter for each in known for parameter in _unpacked(each))


def without_hints(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The same where its hints can't be read."""
    found = inspect.signature(_speaker(function), follow_wrapped=False).parameters.values()
    return tuple(each.replace(annotation=each.empty) for each in found)


def schema_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON Schema of the arguments by name; of more that are positional, all are a list. Raises where JSON has no
    words for a hint."""
    stub: Any = lambda: None  # noqa: E731 - nobody calls it: it has the signature
    named = [each for each in parameters if each.kind is not each.VAR_POSITIONAL]
    stub.__signature__ = inspect.Signature([_by_name(each) for each in named])
    stub.__annotations__ = {each.name: each.annotation for each in named if each.annotation is not each.empty}
    schema: dict[str, Any] = TypeAdapter(stub).json_schema(schema_generator=JsonSchema)
    schema.setdefault("additionalProperties", True)
    if len(named) < len(parameters):
        schema["properties"][POSITIONAL] = {"title": "All positional arguments", "type": "array", "items": {}}
        schema["required"] = [each.name for each in named if each.kind is each.KEYWORD_ONLY and _is_required(each)]
    return schema


def called(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method that a callable object, or an actor that is a class, is called by; else the callable itself."""
    if isinstance(function, GenericActor):
        return function.perform
    method = getattr(function, "__call__", None)  # noqa: B004 - not whether it is callable: what calls it
    return method if inspect.ismethod(method) else function


def _speaker(function: Callable[..., Any]) -> Callable[..., Any]:
    """Whose signature counts: a decorator that takes anything and hands it on has none of its own."""
    if getattr(function, "__signature__", None) is not None:
        return function
    if isinstance(function, partial):
        return partial(_speaker(function.func), *function.args, **function.keywords)
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None and _takes_anything(function):
        return _speaker(MethodType(wrapped, function.__self__) if inspect.ismethod(function) else wrapped)
    method = called(function)
    return function if method is function else _speaker(method)


def _takes_anything(function: Callable[..., Any]) -> bool:
    try:
        kinds = {each.kind for each in inspect.signature(function, follow_wrapped=False).parameters.values()}
    except (TypeError, ValueError):  # as of what is not Python's, such as functools.cache
        return True
    return Parameter.VAR_KEYWORD in kinds and kinds <= {Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL}


def _names_around(function: Callable[..., Any]) -> dict[str, Any]:
    """The names that hints may use: those of the function's module, and of the modules of what it stands for, whose
    hints a decorator shows as its own."""
    inner: Any
    if isinstance(function, partial):
        inner = function.func
    elif isinstance(function, type):
        inner = function.__init__  # type: ignore[misc]
    else:
        method = called(function)
        inner = getattr(function, "__wrapped__", None) if method is function else method
    return getattr(function, "__globals__", {}) | (_names_around(inner) if inner is not None else {})


def _unpacked(parameter: Parameter) -> Iterator[Parameter]:
    """One parameter, or for `**options: Unpack[SomeTypedDict]` one for each key."""
    if parameter.kind is not Parameter.VAR_KEYWORD or get_origin(parameter.annotation) is not Unpack:
        yield parameter
        return
    for name, (hint, is_required) in keys_of(get_args(parameter.annotation)[0]).items():
        default = Parameter.empty if is_required else _ABSENT
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _by_name(parameter: Parameter) -> Parameter:
    """The worker hands over by position what can't be given by name."""
    is_positional = parameter.kind is Parameter.POSITIONAL_ONLY
    return parameter.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) if is_positional else parameter


def _is_required(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty
