"""What was stored before there was a bound is shown as that, and hides no other row."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("column", ["args", "result"])
@pytest.mark.parametrize("value", [f'{{"a": {nested(300)}}}', f'{{"a": {nested(800)}}}', '"x"', "[1]"])
def test_a_row_that_cannot_be_shown_is_shown_as_that(
    client: TestClient, add_run: Callable[..., UUID], column: str, value: str
) -> None:
    odd, plain = add_run(columns={column: value}), add_run()
    listed = client.simulate_get("/v1/runs")
    assert listed.status_code == 200, listed.text
    assert {item["id"] for item in listed.json["items"]} == {str(odd), str(plain)}
    for query in ("/v1/runs?full=true", f"/v1/runs/{odd}"):
        assert client.simulate_get(query).status_code == 200
    assert client.simulate_post(f"/v1/runs/{odd}/cancel").status_code == 202
    shown: Any = client.simulate_get(f"/v1/runs/{odd}").json[column]
    match value[0]:
        case "{":
            assert shown == {"hidden": "nested deeper than 64 levels"}
        case _:
            assert shown == ({"*": [json.loads(value)]} if column == "args" else json.loads(value))
