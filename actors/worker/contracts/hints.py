"""Hints: what they say of JSON."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from inspect import Parameter
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import typing_extensions
from pydantic import BeforeValidator

_JSON: tuple[Any, ...] = (Any, object, str, int, float, bool, None, NoneType, list, dict, Parameter.empty)
_OF_PARTS: tuple[Any, ...] = (Union, UnionType, list, dict, Sequence, Mapping, Iterable)


def is_json(hint: Any) -> bool:
    """Whether what JSON has is what the hint asks for."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:  # bounds are looked at where arguments are saved; what pydantic would call may change them
        return is_json(parts[0]) and not any(hasattr(each, "__get_pydantic_core_schema__") for each in parts[1:])
    if origin is Literal:
        return all(type(each) in _JSON for each in parts)
    if origin in _OF_PARTS:
        is_named = origin not in (dict, Mapping) or parts[0] in (str, Any)
        return is_named and all(map(is_json, parts))
    if is_typeddict(hint):
        return all(is_json(each) for each, _ in keys_of(hint).values())
    if isinstance(hint, NewType):
        return is_json(hint.__supertype__)
    return any(hint is each for each in _JSON)


def readable(hint: Any) -> Any:
    """The hint as pydantic can read it from JSON at once."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        members = [each for each in parts if isinstance(each, Enum)]
        return Annotated[hint, BeforeValidator(_member(members))] if members else hint
    if origin in _OF_PARTS:
        of_parts: Any = {UnionType: Union, Iterable: list}.get(
            origin, origin
        )  # it would look at items when asked for them
        return of_parts[tuple(map(readable, parts))]
    if is_typeddict(hint) and sys.version_info < (3, 12):
        keys = {
            name: readable(each) if is_required else NotRequired[readable(each)]
            for name, (each, is_required) in keys_of(hint).items()
        }
        return typing_extensions.TypedDict(hint.__name__, keys)  # type: ignore[operator]
    return hint


def bare(hint: Any) -> Any:
    """Without what is only said about it."""
    return bare(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def keys_of(typed_dict: Any) -> dict[str, tuple[Any, bool]]:
    """The hint of each key, and whether it is required."""
    hints = get_type_hints(typed_dict, include_extras=True).items()
    return {name: (_value(hint), name in typed_dict.__required_keys__) for name, hint in hints}


def _value(hint: Any) -> Any:
    return _value(get_args(hint)[0]) if get_origin(hint) in (Required, NotRequired) else hint


def _member(members: list[Enum]) -> Any:
    return lambda value: next((each for each in members if each.value == value), value)
