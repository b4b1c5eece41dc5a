"""The OpenAPI 3.1 document, made from the declarations of the routes: what validates is what is documented."""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.web.problems import PROBLEM_JSON, ProblemJson
from api.web.routes import JSON, Route

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_HEADERS = {
    "Idempotency-Key": "The same key on the same schedule gives the run of the first time.",
    "If-Match": "Only if the schedule's ETag is still this one.",
    "If-None-Match": "`*`: only if there is no such schedule.",
}
_ABOUT = """The scheduler for Dramatiq: cron in PostgreSQL, actors over RabbitMQ, every slot accounted for.

Instants are RFC 3339 in UTC, durations are numbers of seconds. Lists have `items` and `next`: give it as `cursor`
for the page after. Errors are problem details (RFC 9457)."""

Refer = Callable[[type[BaseModel], JsonSchemaMode], dict[str, Any]]


def describe_routes(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The document for these routes."""
    refer, schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = paths.setdefault(_PARAMETER.sub(r"{\1}", route.path), {})
        path[route.method.lower()] = _operation(route, refer)
    return {
        "openapi": "3.1.0",
        "info": {"title": "callsheet", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def problems_of(route: Route) -> list[int]:
    """The statuses of the errors a route may answer with."""
    found = {*route.problems, 422, 500, 503}
    if route.role is not None:
        found |= {401, 403}
    if route.body is not None:
        found |= {400, 413, 415}
    if "{" in route.path:
        found.add(404)
    return sorted(found - set(route.answers))


def _schemas(routes: Iterable[Route]) -> tuple[Refer, dict[str, Any]]:
    """How to refer to a model, and the schemas of all that routes take and answer."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemJson, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[route.body, "validation"] = None
        for answer in route.answers.values():
            if isinstance(answer, type):
                wanted[answer, "serialization"] = None
    references, document = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    return lambda model, mode: references[model, mode], document["$defs"]


def _operation(route: Route, refer: Refer) -> dict[str, Any]:
    summary, _, more = (route.handler.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": summary.strip(),
        "tags": [route.path.strip("/").removeprefix("v1/").partition("/")[0]],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {
            **{str(status): _response(status, answer, refer) for status, answer in route.answers.items()},
            **{str(status): _problem(status, refer) for status in problems_of(route)},
        },
    }
    if more.strip():
        operation["description"] = " ".join(more.split())
    if route.role is not None:
        operation["security"] = [{"token": []}]
        operation["x-role"] = route.role.name.lower()
    if route.body is not None:
        content = {media_type: {"schema": refer(route.body, "validation")} for media_type in route.media_types}
        operation["requestBody"] = {"content": content, "required": _requires_something(route.body)}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": kind} if kind else {"type": "string"},
        }
        for name, kind in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    return [
        _query_parameter(name, _resolved(field, schema.get("$defs", {})))
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


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "description": _HEADERS[name], "schema": {"type": "string"}}
        for name in route.headers
    ]


def _response(status: int, answer: type[BaseModel] | str | None, refer: Refer) -> dict[str, Any]:
    response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(answer, str):
        response["content"] = {answer: {"schema": {"type": "string"}}}
    elif answer is not None:
        response["content"] = {JSON: {"schema": refer(answer, "serialization")}}
    return response


def _problem(status: int, refer: Refer) -> dict[str, Any]:
    schema = refer(ProblemJson, "serialization")
    return {"description": HTTPStatus(status).phrase, "content": {PROBLEM_JSON: {"schema": schema}}}


def _requires_something(body: type[BaseModel]) -> bool:
    return any(field.is_required() for field in body.model_fields.values())


def _resolved(value: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with its references written out; query parameters are flat enough for that."""
    if isinstance(value, list):
        return [_resolved(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _resolved(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return {key: _resolved(each, definitions) for key, each in value.items()}
