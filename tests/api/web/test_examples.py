"""Examples in the OpenAPI document: everything has one, and each is what it is an example of."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from falcon.testing import TestClient
from jsonschema import Draft202012Validator, FormatChecker

from api.app import ROUTES
from api.web.examples.choose import ANSWERS, MODELS, PARAMETERS
from api.web.openapi import describe_routes
from api.web.parameters import documented_path, group_of
from api.web.routes import Route
from models.words.kinds import parse_instant

DOCUMENT: dict[str, Any] = json.loads(json.dumps(describe_routes(ROUTES)))
FORMATS = FormatChecker(["uuid"])
FORMATS.checks("date-time", raises=ValueError)(lambda value: not isinstance(value, str) or bool(parse_instant(value)))


class Place(NamedTuple):
    """Where the document can have an example."""

    name: str
    holder: dict[str, Any]


def operation_of(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = DOCUMENT["paths"][documented_path(route)][route.method.lower()]
    return operation


def call_of(route: Route) -> str:
    return f"{route.method} {documented_path(route)}"


def places() -> Iterator[Place]:
    """Every media type of a body or an answer, every header of an answer, every parameter that must be given."""
    for route in ROUTES:
        operation, call = operation_of(route), call_of(route)
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield Place(f"{call}: body as {media_type}", content)
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                yield Place(f"{call}: {status}", content)
            for name, header in answer.get("headers", {}).items():
                yield Place(f"{call}: {status}, header {name}", header)
        for parameter in operation["parameters"]:
            if parameter.get("required") or parameter["in"] == "header":
                yield Place(f"{call}: {parameter['name']}", parameter)


def test_nothing_lacks_an_example() -> None:
    assert [place.name for place in places() if "example" not in place.holder] == []


@pytest.mark.parametrize(
    "place", [place for place in places() if "example" in place.holder], ids=lambda place: place.name
)
def test_examples_are_valid_by_their_schemas(place: Place) -> None:
    schema = {**place.holder["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema, format_checker=FORMATS).validate(place.holder["example"])


def test_formats_are_checked() -> None:
    validator = Draft202012Validator({"format": "date-time"}, format_checker=FORMATS)
    assert validator.is_valid("2026-11-23T09:05:00Z")
    assert not validator.is_valid("2026-11-23 at nine")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body], ids=call_of)
def test_examples_of_bodies_are_taken(route: Route) -> None:
    assert route.body is not None
    for content in operation_of(route)["requestBody"]["content"].values():
        route.body.model_validate(content["example"])


@pytest.mark.parametrize("route", ROUTES, ids=call_of)
def test_examples_of_answers_are_what_the_model_would_write(route: Route) -> None:
    for status, model in route.answers.items():
        if isinstance(model, type):
            example = operation_of(route)["responses"][str(status)]["content"]["application/json"]["example"]
            assert model.model_validate(example).model_dump(mode="json") == example


def test_examples_of_problems_say_their_status() -> None:
    for route in ROUTES:
        for status, answer in operation_of(route)["responses"].items():
            if problem := answer.get("content", {}).get("application/problem+json"):
                assert problem["example"]["status"] == int(status)


def test_every_example_has_a_place() -> None:
    """What an example is kept for may be renamed or go."""
    models = {
        each.__name__ for route in ROUTES for each in (route.body, *route.answers.values()) if hasattr(each, "__name__")
    }
    answers = {f"{call_of(route)} {status}" for route in ROUTES for status in operation_of(route)["responses"]}
    parameters = {f"{group_of(route)} {each['name']}" for route in ROUTES for each in operation_of(route)["parameters"]}
    assert set(MODELS) <= models
    assert set(ANSWERS) <= answers
    assert set(PARAMETERS) <= parameters


def test_the_example_of_a_preview_is_what_the_service_answers(shared_client: TestClient) -> None:
    operation = DOCUMENT["paths"]["/v1/preview"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["example"]
    answer = shared_client.simulate_post("/v1/preview", json=body)
    assert answer.json == operation["responses"]["200"]["content"]["application/json"]["example"]
