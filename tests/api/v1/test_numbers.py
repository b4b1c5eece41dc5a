"""Numbers in arguments and results come back as they went in."""

import json
from uuid import UUID

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from actors.worker.running.clean import clean_result
from tests.models.rows import claim

JSON = {"Content-Type": "application/json"}
NUMBERS = (
    "[1, 1.0, 0.1, 100000.0, 1e5, 1E5, 1e15, 1e16, 1E+16, -1e22, 1.2345678901234568e+17, 1e300, 0, 0.0, -0, 9e+99,"
    " 1.7976931348623157e308, 5e-324, -1.5e-7, 0.30000000000000004, 12345678901234567890, 9007199254740993, 1e23,"
    f" 1000000000000000000000000000000, -12345678901234567890123456789, 1{'0' * 308}, 123456789.125,"
    r' {"1e+16": "1e+16 \" 1e+16"}, "\\", 1e16, "1e+16\\", 1e16]'
)


def test_numbers_of_a_schedule_and_of_a_trigger_reach_the_actor_and_come_back(
    client: TestClient, engine: sa.Engine
) -> None:
    body = f'{{"name": "a", "actor": "x", "every_seconds": 60, "args": {{"n": {NUMBERS}}}}}'
    created = client.simulate_post("/v1/schedules", body=body, headers=JSON)
    shown = client.simulate_get("/v1/schedules/a")
    first = client.simulate_post("/v1/schedules/a/trigger")
    body = f'{{"overlap": "allow", "args": {{"n": {NUMBERS}}}}}'
    second = client.simulate_post("/v1/schedules/a/trigger", body=body, headers=JSON)
    with engine.begin() as connection:
        claims = [*claim(connection, UUID(first.json["id"])), *claim(connection, UUID(second.json["id"]))]
    listed = client.simulate_get("/v1/runs").json["items"]
    came_back = [answer.json["args"] for answer in (created, shown, first, second)]
    came_back += [claim.args for claim in claims] + [run["args"] for run in listed]
    went_in = {"n": json.loads(NUMBERS)}
    assert [repr(args) for args in came_back] == [repr(went_in)] * 8


def test_numbers_of_a_result_come_back_too(engine: sa.Engine) -> None:
    result = json.loads(NUMBERS)
    with engine.begin() as connection:
        stored = connection.exec_driver_sql("SELECT %(result)s::jsonb", {"result": clean_result(result)}).scalar_one()
    assert repr(stored) == repr(result)


@pytest.mark.parametrize("number", ["1e400", "-1e309", "1e-400", "1" * 400, "9" * 5000], ids=lambda number: number[:6])
def test_a_number_that_cannot_be_kept_is_refused(shared_client: TestClient, number: str) -> None:
    body = f'{{"name": "a", "actor": "x", "every_seconds": 60, "args": {{"n": {number}}}}}'
    answer = shared_client.simulate_post("/v1/schedules", body=body, headers=JSON)
    assert (answer.status_code, answer.json["detail"][:24]) == (422, "a number is out of range")
    assert shared_client.simulate_get("/v1/schedules").json["items"] == []
