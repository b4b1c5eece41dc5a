"""Which errors a handler can raise, read from its code and from all of ours that it names, however deep."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

from api.web.problems import Problem, invalid, invalid_field
from scheduling.commands.faults import Conflict, NotFound, Refused

_ROOMS = ("api.", "scheduling.", "models.")
_STATUSES = {Conflict: 409, NotFound: 404, Refused: 422, invalid: 422, invalid_field: 422}


def statuses_raised(handler: Callable[..., Any]) -> set[int]:
    """The statuses of the problems that a call of it may end in; those of the database are not among them."""
    seen, found, ahead = set(), set(), [handler]
    while ahead:
        function = ahead.pop()
        if function not in seen:
            seen.add(function)
            raised, named = _read(function)
            found |= raised
            ahead += named
    return found


@cache
def _read(function: FunctionType) -> tuple[set[int], list[FunctionType]]:
    """What it raises itself, and the functions that it names."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = {
        _status(node.exc, function)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }
    return raised - {None}, [each for node in ast.walk(tree) for each in _functions(_named(node, function))]  # type: ignore[return-value]


def _status(call: ast.Call, function: FunctionType) -> int | None:
    what = _named(call.func, function)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    positional = {Problem: 0, invalid_field: 2}.get(what)
    status = given.get("status") or (
        call.args[positional] if positional is not None and call.args[positional:] else None
    )
    if status is None:
        return _STATUSES.get(what)
    assert isinstance(status, ast.Constant), f"{function.__qualname__} computes the status of a problem"
    return int(status.value)  # type: ignore[arg-type]


def _named(node: ast.AST, function: FunctionType) -> Any:
    """What a name, or a name in a module, stands for where the function is; None for a local one."""
    match node:
        case ast.Name():
            return function.__globals__.get(node.id)
        case ast.Attribute():
            return getattr(_named(node.value, function), node.attr, None)
    return None


def _functions(what: Any) -> Iterator[FunctionType]:
    if not getattr(what, "__module__", None) or not str(what.__module__).startswith(_ROOMS):
        return
    if isinstance(what, FunctionType):
        if what.__code__.co_filename == sys.modules[what.__module__].__file__:  # what dataclasses make has no source
            yield what
    elif isinstance(what, type):
        for each in vars(what).values():
            yield from _functions(getattr(each, "func", getattr(each, "fget", getattr(each, "__func__", each))))
