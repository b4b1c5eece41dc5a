"""What code uses of Dramatiq that has no effect under callsheet, or is refused. Pure: it looks at text."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

OPTIONS = {
    "max_age": ("AgeLimit", "give its schedules start_deadline_seconds"),
    "notify_shutdown": ("ShutdownNotifications", "ask should_stop(); what runs is interrupted when its worker stops"),
    "on_success": ("Callbacks", "send the next message at the end of the actor"),
    "on_failure": ("Callbacks", "catch the exception in the actor, send the message, and raise again"),
    "on_retry_exhausted": ("Retries", "list the failed runs: callsheet runs list --state failed"),
    "pipe_ignore": ("Pipelines", "send the next message at the end of the actor"),
    "pipe_target": ("Pipelines", "send the next message at the end of the actor"),
    "store_results": ("Results", "what an actor returns is kept with its run: callsheet runs get ID"),
    "result_ttl": ("Results", "results are kept as long as their runs: the settings of retention"),
    "broker_priority": ("", "give its schedules a priority"),
}
"""Options of actors, the middleware of Dramatiq's that has them and is not part of the broker here, and what to do
instead."""

MESSAGES = ("on_success", "on_failure", "on_retry_exhausted", "pipe_ignore", "pipe_target", "max_age")
"""Those that are refused of a message, whatever middleware there is."""

_MIDDLEWARE = {
    "Retries": "max_retries, min_backoff and max_backoff hold without it",
    "TimeLimit": "time_limit holds without it",
    "AgeLimit": "give schedules start_deadline_seconds, which is in the run's history",
    "ShutdownNotifications": "what runs is interrupted when its worker stops, without it",
    "Pipelines": "messages of a pipeline are refused all the same",
    "PeriodiqMiddleware": "`periodic` is all that callsheet needs, which fires by itself",
}
"""Middleware whose work callsheet does itself, or refuses."""

_EFFECTIVE = ("Results", "CurrentMessage", "Callbacks", "GroupCallbacks")
"""Middleware that does here what it does elsewhere, once somebody has added it."""

_CALLS = {
    "pipeline": (
        "pipeline()",
        "its messages are refused when they are sent",
        "send the next message at the actor's end",
    ),
    "set_broker": (
        "set_broker()",
        "callsheet serves the actors of its own broker alone, and a worker would not start",
        "leave it out: AMQP_URL says where callsheet's broker leads",
    ),
}
_WAITING = {"get_result": "Results", "get_results": "Results", "add_completion_callback": "GroupCallbacks"}


@dataclass(frozen=True)
class Use:
    """Something that has no effect; where it is `refused`, a worker does not start, or a message is not sent."""

    line: int
    what: str
    mend: str
    is_refused: bool = False


def uses_in(code: str) -> list[Use]:
    """All of them, by line. Raises SyntaxError."""
    tree = ast.parse(code)
    names = dict(_names_in(tree))
    if not any(origin.partition(".")[0] in ("dramatiq", "periodiq") for origin in names.values()):
        return []
    added = {each for each, _ in _middleware_in(tree, names)}
    found = [*_calls_in(tree, names, added), *_classes_in(tree, names, added)]
    for name, line in _middleware_in(tree, names):
        if why := _MIDDLEWARE.get(name):
            found.append(Use(line, f"the middleware {name} has nothing to do here: {why}", "leave it out"))
    return sorted(set(found), key=lambda use: (use.line, use.what))


def _names_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What the names that are imported stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield (each.asname, each.name) if each.asname else (each.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                yield each.asname or each.name, f"{node.module}.{each.name}"


def _origin(node: ast.AST, names: Mapping[str, str]) -> tuple[str, str]:
    """The package and the last name of what an expression stands for."""
    if isinstance(node, ast.Name):
        package, _, rest = names.get(node.id, "").partition(".")
        return package, rest.rpartition(".")[2]
    if isinstance(node, ast.Attribute):
        return _origin(node.value, names)[0], node.attr
    return "", ""


def _middleware_in(tree: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Middleware that is made, such as `broker.add_middleware(Results(backend=…))`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            package, name = _origin(node.func, names)
            if package in ("dramatiq", "periodiq") and (name in _MIDDLEWARE or name in _EFFECTIVE):
                yield name, node.lineno


def _calls_in(tree: ast.AST, names: Mapping[str, str], added: set[str]) -> Iterator[Use]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        package, name = _origin(node.func, names)
        given = {each.arg: each.value.lineno for each in node.keywords if each.arg}
        if package == "dramatiq" and name == "actor":
            yield from _options(given, added)
        elif package == "dramatiq" and name in _CALLS:
            what, why, mend = _CALLS[name]
            yield Use(node.lineno, f"{what}: {why}", mend, is_refused=True)
        elif isinstance(node.func, ast.Attribute):
            yield from _methods(node.func.attr, node.lineno, given, added)


def _methods(name: str, line: int, given: Mapping[str, int], added: set[str]) -> Iterator[Use]:
    if name in ("send_with_options", "message_with_options"):
        for option in MESSAGES:
            if option in given:
                yield Use(given[option], f"a message with {option} is refused", OPTIONS[option][1], is_refused=True)
        for option in ("broker_priority", "notify_shutdown"):
            if option in given:
                yield Use(given[option], f"{option} of a message has no effect", OPTIONS[option][1])
    elif name in _WAITING and _WAITING[name] not in added:
        yield Use(
            line, f"{name}() finds nothing without Dramatiq's {_WAITING[name]}", "GET /v1/runs/{id} has the result"
        )
    elif name == "get_current_message" and "CurrentMessage" not in added:
        mend = "from actors.context import current_run"
        yield Use(line, "CurrentMessage.get_current_message() is None, as nobody has added that middleware", mend)


def _classes_in(tree: ast.AST, names: Mapping[str, str], added: set[str]) -> Iterator[Use]:
    """Actors that are classes have their options in a class of theirs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(_origin(base, names)[1] == "GenericActor" for base in node.bases):
            for meta in node.body:
                if isinstance(meta, ast.ClassDef) and meta.name == "Meta":
                    yield from _options(dict(_assigned(meta.body)), added)


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name):
                yield target.id, node.lineno


def _options(given: Mapping[str, int], added: set[str]) -> Iterator[Use]:
    for option, (middleware, mend) in OPTIONS.items():
        if option in given and middleware not in added:
            yield Use(
                given[option], f"the option {option} is unknown here: the actor is refused", mend, is_refused=True
            )
