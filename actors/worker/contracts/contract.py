"""Contract: what a caller may give an actor, and how that is handed over.

Arguments that a schedule, a trigger or a backfill carries are JSON: they are handed over as what the hints say. Those
of plain messages are handed over as they were sent, as Dramatiq does.
"""

import inspect
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from inspect import Parameter
from itertools import chain, repeat, takewhile
from types import AsyncGeneratorType, CoroutineType, GeneratorType, NoneType
from typing import Any, get_args

from dramatiq.asyncio import get_event_loop_thread
from pydantic import TypeAdapter, ValidationError

from actors.worker.contracts.hints import bare, is_json
from actors.worker.contracts.parameters import JsonSchema, called, parameters_of, schema_of, without_hints
from models.words.faults import Fault, faults_of, in_words

NEVER_RUNS = "it is a generator: a call of it runs nothing, and nobody takes what it yields. Return a list instead"

_UNFINISHED = frozenset({CoroutineType, GeneratorType, AsyncGeneratorType})
_DRAMATIQS = "dramatiq.asyncio"
_ATTRIBUTE = "callsheet_contract"


class ArgumentsUnfit(ValueError):
    """The arguments can't be what the actor's hints say."""


class NothingRan(TypeError):
    """The actor returned something whose work is undone, and which nobody does."""


class Contract:
    """Of one function; what it takes to know is found out once, when somebody first asks."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def is_never_run(self) -> bool:
        """Whether a call is certain to run nothing."""
        method = called(self.function)
        return inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method)

    @property
    def doc(self) -> str:
        """What the function's author says of it."""
        function = self.function
        if isinstance(function, partial) and function.__doc__ == partial.__doc__:
            function = function.func
        return inspect.getdoc(function) or inspect.getdoc(called(function)) or ""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what a caller may give. Raises whatever hints raise, and where JSON has no words for
        them."""
        return schema_of(parameters_of(self.function))

    @cached_property
    def nullable(self) -> frozenset[str]:
        """The parameters that may be None, by hint or by default."""
        return frozenset(
            each.name
            for each in self._parameters
            if each.default is None or NoneType in get_args(bare(each.annotation))
        )

    @cached_property
    def names(self) -> list[str]:
        """The names by which positional arguments can be given as well, as far as the function itself has them: what a
        decorator makes of its positional arguments is its own affair."""
        function = self.function
        if getattr(function, "__globals__", {}).get("__name__") == _DRAMATIQS:
            function = function.__wrapped__  # type: ignore[attr-defined]
        try:
            parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
        except (TypeError, ValueError):
            return []
        return [each.name for each in takewhile(lambda each: each.kind is each.POSITIONAL_OR_KEYWORD, parameters)]

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_json: bool) -> Any:
        """Call the function, and see that what it does is done once this returns. Raises ArgumentsUnfit and NothingRan
        besides."""
        if is_json and self._converters:
            args, kwargs = self._converted(args, kwargs)
        if self._nameless and kwargs:
            args, kwargs = self._by_position(args, kwargs)
        result = self.function(*args, **kwargs)
        return _finished(result) if type(result) in _UNFINISHED else result

    @cached_property
    def _parameters(self) -> tuple[Parameter, ...]:
        for read in (parameters_of, without_hints):
            with suppress(Exception):  # hints are anybody's, and so is what they raise when they are read
                return read(self.function)
        return ()

    @cached_property
    def _nameless(self) -> list[Parameter]:
        return [each for each in self._parameters if each.kind is each.POSITIONAL_ONLY]

    @cached_property
    def _converters(self) -> dict[str, TypeAdapter[Any]]:
        """For each parameter whose hint is more than JSON. One that JSON has no words for gets what there is."""
        found = ((each.name, _converter(each.annotation)) for each in self._parameters)
        return {name: converter for name, converter in found if converter is not None}

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        kinds = {each.kind: each.name for each in self._parameters}
        named = {each.name for each in self._parameters if each.kind is not each.VAR_KEYWORD}
        positional = [each.name for each in self._parameters if each.kind <= each.POSITIONAL_OR_KEYWORD]
        places = chain(positional, repeat(kinds.get(Parameter.VAR_POSITIONAL, "")))
        rest = kinds.get(Parameter.VAR_KEYWORD, "")
        faults: list[Fault] = []
        args = tuple(self._convert(name, name, value, faults) for name, value in zip(places, args, strict=False))
        kwargs = {name: self._convert(name if name in named else rest, name, kwargs[name], faults) for name in kwargs}
        if faults:
            raise ArgumentsUnfit(f"the arguments do not fit the actor's hints: {in_words(faults)}")
        return args, kwargs

    def _convert(self, parameter: str, name: str, value: Any, faults: list[Fault]) -> Any:
        converter = self._converters.get(parameter)
        if converter is None or (value is None and parameter in self.nullable):
            return value
        try:
            return converter.validate_json(json.dumps(value))
        except ValidationError as error:
            faults += [Fault((name, *each.path), each.message) for each in faults_of(error)]
            return None

    def _by_position(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Runs name their arguments; some parameters have no name for a caller."""
        rest, places = dict(kwargs), self._nameless[len(args) :]
        ordered = list(args)
        while any(each.name in rest for each in places):
            place = places.pop(0)
            if place.name not in rest and place.default is Parameter.empty:
                raise ArgumentsUnfit(f"the argument {place.name} is missing")
            ordered.append(rest.pop(place.name, place.default))
        return tuple(ordered), rest


def contract_of(function: Callable[..., Any]) -> Contract:
    """That of an actor's function: the one by which its runs are called, where it is called by one."""
    caller, contract = getattr(function, _ATTRIBUTE, (None, None))
    return contract if contract is not None and caller is function else Contract(function)


def note_contract(function: Callable[..., Any], contract: Contract) -> None:
    """This function, and none that is wrapped around it and copies what it has, calls another by its contract."""
    setattr(function, _ATTRIBUTE, (function, contract))


def _converter(hint: Any) -> TypeAdapter[Any] | None:
    try:
        if is_json(hint):
            return None
        converter: TypeAdapter[Any] = TypeAdapter(hint)
        converter.json_schema(schema_generator=JsonSchema)
    except Exception:  # noqa: BLE001 - as above
        return None
    return converter


def _finished(result: Any) -> Any:
    """What a decorated asynchronous function returns is waited for like that of others; a generator is nobody's."""
    if not isinstance(result, CoroutineType):
        raise NothingRan(NEVER_RUNS)
    loop = get_event_loop_thread()
    if loop is None:
        result.close()
        raise NothingRan("it is asynchronous, and this process has no event loop to run it on")
    return loop.run_coroutine(result)
