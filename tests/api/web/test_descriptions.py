"""What the OpenAPI document says of requests and answers holds to the letter."""

from typing import Any

import pytest
from falcon.testing import TestClient
from jsonschema import Draft202012Validator

from api.app import OPENAPI
from api.web.routes import JSON


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return OPENAPI


def test_what_the_server_answers_before_any_operation_is_described_with_each(document: dict[str, Any]) -> None:
    """The longest text in a query is a head that is too long, once it is written in URLs."""
    for item in document["paths"].values():
        assert all("431" in operation["responses"] for operation in item.values())


@pytest.mark.parametrize(
    ("what", "fields"), [("schedules", "name,tags"), ("runs", "id"), ("audit", "action"), ("tokens", "name")]
)
def test_a_list_of_picked_fields_is_as_described(
    client: TestClient, document: dict[str, Any], what: str, fields: str
) -> None:
    client.simulate_post("/v1/tokens", json={"name": "a", "role": "viewer"})
    client.simulate_post("/v1/schedules", json={"name": "a", "actor": "x"})
    client.simulate_post("/v1/schedules/a/trigger")
    answer = client.simulate_get(f"/v1/{what}?fields={fields}").json
    assert answer["items"]
    schema = document["paths"][f"/v1/{what}"]["get"]["responses"]["200"]["content"][JSON]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer)


@pytest.mark.parametrize("key", ["a", "~!", "x" * 255, "", "x" * 256, "a b", "\x7f", "é"])
def test_what_an_idempotency_key_may_be_is_described(client: TestClient, document: dict[str, Any], key: str) -> None:
    client.simulate_post("/v1/schedules", json={"name": "a", "actor": "x"})
    answer = client.simulate_post("/v1/schedules/a/trigger", headers={"Idempotency-Key": key})
    parameters = document["paths"]["/v1/schedules/{name}/trigger"]["post"]["parameters"]
    [schema] = [each["schema"] for each in parameters if each["name"] == "Idempotency-Key"]
    assert Draft202012Validator(schema).is_valid(key) == (answer.status_code == 202)


def test_names_in_paths_are_described(document: dict[str, Any]) -> None:
    for path in ("/v1/schedules/{name}/pause", "/v1/queues/{name}/pause"):
        [name] = [each["schema"] for each in document["paths"][path]["post"]["parameters"] if each["in"] == "path"]
        assert not Draft202012Validator(name).is_valid("no name")
        assert Draft202012Validator(name).is_valid("nightly")
