"""Files, applied and exported by somebody who sees a part."""

from falcon.testing import TestClient

from tests.api.access.conftest import GiveToken

HOURLY = {"actor": "log_message", "args": {"message": "hi"}, "cron": "0 * * * *"}


def test_a_token_for_a_part_applies_and_exports_that_part_alone(client: TestClient, give_token: GiveToken) -> None:
    names = ("crm-one", "crm-two", "mine-old", "mine-two")
    file = {"source": "crm", "schedules": dict.fromkeys(names, HOURLY)}
    assert client.simulate_post("/v1/apply", json=file).status_code == 200
    somebody = give_token("editor", only={"prefix": "mine-"})
    body = {"source": "crm", "schedules": {"mine-two": HOURLY | {"priority": 1}}}
    pruned = somebody.simulate_post("/v1/apply", json=body | {"prune": True})
    assert (pruned.status_code, pruned.json["delete"]) == (200, [{"kind": "schedule", "name": "mine-old"}])
    assert list(somebody.simulate_get("/v1/export").json["schedules"]) == ["mine-two"]
    for outside in ("crm-one", "new"):
        refused = somebody.simulate_post("/v1/apply", json={"source": "crm", "schedules": {outside: HOURLY}})
        assert refused.status_code == 403, outside
    assert client.simulate_get("/v1/schedules/new").status_code == 404
