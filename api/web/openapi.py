"""The OpenAPI 3.1 document, made from the declarations of the routes: what validates is what is documented."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.web.answers import Refer, describe_answers
from api.web.examples.choose import example_of_model
from api.web.parameters import describe_parameters, documented_path, group_of
from api.web.problems import ProblemJson
from api.web.routes import Route

_REFERENCE = "#/components/schemas/{model}"

_ABOUT = """The scheduler for Dramatiq: cron in PostgreSQL, actors over RabbitMQ, every slot accounted for.

Instants are RFC 3339 in UTC, durations are numbers of seconds. Lists have `items` and `next`: give it as `cursor`
for the page after. Errors are problem details (RFC 9457)."""


def describe_routes(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The document for these routes."""
    refer, schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = paths.setdefault(documented_path(route), {})
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


def _schemas(routes: Iterable[Route]) -> tuple[Refer, dict[str, Any]]:
    """How to refer to a model, and the schemas of all that routes take and answer."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemJson, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[route.body, "validation"] = None
        for answer in route.answers.values():
            if isinstance(answer, type):
                wanted[answer, "serialization"] = None
    references, document = models_json_schema(list(wanted), ref_template=_REFERENCE)
    schemas: dict[str, Any] = document["$defs"]
    for route in routes:
        if route.query is not None and "fields" in route.query.model_fields:
            page = references[route.answers[200], "serialization"]  # type: ignore[index]
            _add_picked(schemas[_name_of(page)]["properties"]["items"], schemas)
    return lambda model, mode: references[model, mode], schemas


def _add_picked(listed: dict[str, Any], schemas: dict[str, Any]) -> None:
    """With `fields` the items of a list have some of their fields alone."""
    name = _name_of(listed["items"])
    picked = {key: value for key, value in schemas[name].items() if key != "required"}
    schemas[f"{name}Picked"] = picked | {"description": f"Those fields of a {name} that `fields` names."}
    listed["items"] = {"anyOf": [listed["items"], {"$ref": _REFERENCE.format(model=f"{name}Picked")}]}


def _name_of(reference: Mapping[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _operation(route: Route, refer: Refer) -> dict[str, Any]:
    summary, _, more = (route.handler.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": summary.strip(),
        "tags": [group_of(route)],
        "parameters": describe_parameters(route),
        "responses": describe_answers(route, refer),
    }
    if more.strip():
        operation["description"] = " ".join(more.split())
    if route.role is not None:
        operation["security"] = [{"token": []}]
        operation["x-role"] = route.role.name.lower()
    if route.body is not None:
        operation["requestBody"] = _request_body(route, route.body, refer)
    return operation


def _request_body(route: Route, body: type[BaseModel], refer: Refer) -> dict[str, Any]:
    content = {"schema": refer(body, "validation"), **example_of_model(body.__name__)}
    return {
        "content": dict.fromkeys(route.media_types, content),
        "required": any(field.is_required() for field in body.model_fields.values()),
    }
