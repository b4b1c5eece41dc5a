"""Hold and release over HTTP."""

from falcon.testing import TestClient


def test_a_hold_is_told_and_ended(client: TestClient) -> None:
    assert client.simulate_get("/v1/hold").json["held"] is False
    begun = client.simulate_post("/v1/hold", json={"reason": "a new disk", "until": "2099-01-01T00:00:00Z"})
    assert begun.status_code == 200
    assert (begun.json["held"], begun.json["reason"], begun.json["held_by"]) == (True, "a new disk", "admin")
    assert begun.json["until"] == "2099-01-01T00:00:00Z"
    changed = client.simulate_post("/v1/hold", json={"reason": "it takes longer"}).json
    assert (changed["reason"], changed["until"], changed["held_at"]) == ("it takes longer", None, begun.json["held_at"])
    assert client.simulate_post("/v1/release").json["held"] is False
    assert client.simulate_post("/v1/release").status_code == 200
    actions = [act["action"] for act in client.simulate_get("/v1/audit").json["items"]]
    assert actions == ["hold.end", "hold.begin", "hold.begin"]


def test_what_can_t_be_is_refused(client: TestClient) -> None:
    for body in ({}, {"reason": ""}, {"reason": "x", "until": "2020-01-01T00:00:00Z"}, {"reason": "x", "why": "y"}):
        assert client.simulate_post("/v1/hold", json=body).status_code == 422
    assert client.simulate_get("/v1/hold").json["held"] is False
