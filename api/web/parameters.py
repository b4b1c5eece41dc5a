"""The parameters of an operation in path, query and headers, as OpenAPI describes them."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from api.web.examples.choose import example_of_header, example_of_parameter
from api.web.routes import Route
from models.definition import Queue
from models.words.kinds import NAME_PATTERN

KEY_PATTERN = "^[!-~]{1,255}$"
"""Of an idempotency key."""

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_HEADERS = {
    "Idempotency-Key": "The same key on the same schedule gives the run of the first time.",
    "If-Match": "Only if the schedule's ETag is still this one.",
    "If-None-Match": "`*`: only if there is no such schedule.",
}
_PATTERNS = {"Idempotency-Key": {"pattern": KEY_PATTERN}}
_NAMES: Mapping[str, dict[str, Any]] = {
    "schedules": {"type": "string", "pattern": NAME_PATTERN},
    "channels": {"type": "string", "pattern": NAME_PATTERN},
    "queues": TypeAdapter(Queue).json_schema(),
}
"""In paths, by group."""


def documented_path(route: Route) -> str:
    """The path as OpenAPI writes it, without the kinds of its parameters."""
    return _PARAMETER.sub(r"{\1}", route.path)


def group_of(route: Route) -> str:
    """What the route is about: the collection of `/v1` that it belongs to, or the service itself."""
    return route.path.split("/")[2] if route.path.startswith("/v1/") else "service"


def describe_parameters(route: Route) -> list[dict[str, Any]]:
    """All that a request to the route may say beside its body."""
    return [*_in_path(route), *_in_query(route), *_in_headers(route)]


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": kind} if kind else _NAMES[group_of(route)],
            **example_of_parameter(group_of(route), name),
        }
        for name, kind in _PARAMETER.findall(route.path)
    ]


def _in_query(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    required = schema.get("required", [])
    return [
        _query_parameter(name, _resolved(field, schema.get("$defs", {})))
        | ({"required": True, **example_of_parameter(group_of(route), name)} if name in required else {})
        for name, field in schema["properties"].items()
    ]


def _query_parameter(name: str, field: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter in a URL is there or not: it is never null."""
    options = [option for option in field.get("anyOf", []) if option != {"type": "null"}]
    schema = {key: value for key, value in field.items() if key not in ("anyOf", "title", "description", "default")}
    if options:
        schema |= options[0]
    if field.get("default") is not None:
        schema["default"] = field["default"]
    parameter = {"name": name, "in": "query", "schema": schema}
    return parameter | ({"description": field["description"]} if "description" in field else {})


def _in_headers(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "header",
            "description": _HEADERS[name],
            "schema": {"type": "string", **_PATTERNS.get(name, {})},
            **example_of_header(name),
        }
        for name in route.headers
    ]


def _resolved(value: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with its references written out; query parameters are flat enough for that."""
    if isinstance(value, list):
        return [_resolved(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _resolved(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return {key: _resolved(each, definitions) for key, each in value.items()}
