"""The answers of an operation, as OpenAPI describes them: statuses, shapes, headers and examples."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from api.web.examples.choose import example_of_answer, example_of_header, example_of_problem
from api.web.parameters import documented_path, group_of
from api.web.problems import PROBLEM_JSON, ProblemJson
from api.web.routes import JSON, Route

Refer = Callable[[type[BaseModel], JsonSchemaMode], dict[str, Any]]

_HEADERS: dict[str, tuple[str, str]] = {
    "Callsheet-Output-Offset": ("integer", "Where the text ends: what is printed later is `after` that."),
    "ETag": ("string", "Of this definition, for `If-Match`."),
    "Location": ("string", "Where what was made is."),
    "Retry-After": ("integer", "Seconds to wait before the next try."),
    "WWW-Authenticate": ("string", "What kind of token the call needs."),
}
_HEADERS_OF_PROBLEMS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_HEADERS_OF_ANSWERS = {
    ("GET /v1/runs/{id}/output", 200): ("Callsheet-Output-Offset",),
    ("ScheduleJson", 200): ("ETag",),
    ("ScheduleJson", 201): ("ETag", "Location"),
    ("RunJson", 202): ("Location",),
}


def describe_answers(route: Route, refer: Refer) -> dict[str, Any]:
    """Each status that the route may answer with, and what comes with it."""
    return {
        **{str(status): _success(route, status, refer) for status in route.answers},
        **{str(status): _problem(route, status, refer) for status in problems_of(route)},
    }


def problems_of(route: Route) -> list[int]:
    """The statuses of the errors a route may answer with."""
    found = {*route.problems, 400, 422, 431, 500, 503}  # any call may be no well-formed HTTP, or too long
    if route.role is not None:
        found |= {401, 403, 429}
    if route.body is not None:
        found |= {413, 415}
    if "{" in route.path:
        found.add(404)
    return sorted(found - set(route.answers))


def _success(route: Route, status: int, refer: Refer) -> dict[str, Any]:
    answer = route.answers[status]
    response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(answer, str):
        schema = {"type": "object" if answer == JSON else "string"}
        response["content"] = {answer: {"schema": schema, **example_of_answer(_call(route), status)}}
        response |= _headers(status, _HEADERS_OF_ANSWERS.get((_call(route), status), ()))
    elif answer is not None:
        example = example_of_answer(_call(route), status, answer.__name__)
        response["content"] = {JSON: {"schema": refer(answer, "serialization"), **example}}
        response |= _headers(status, _HEADERS_OF_ANSWERS.get((answer.__name__, status), ()))
    return response


def _problem(route: Route, status: int, refer: Refer) -> dict[str, Any]:
    example = example_of_problem(_call(route), status, group_of(route))
    return {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_JSON: {"schema": refer(ProblemJson, "serialization"), **example}},
        **_headers(status, _HEADERS_OF_PROBLEMS.get(status, ())),
    }


def _headers(status: int, names: tuple[str, ...]) -> dict[str, Any]:
    """`headers` of a response, where it has any."""
    described = {
        name: {"description": about, "schema": {"type": kind}, **example_of_header(name, status)}
        for name, (kind, about) in _HEADERS.items()
        if name in names
    }
    return {"headers": described} if described else {}


def _call(route: Route) -> str:
    return f"{route.method} {documented_path(route)}"
