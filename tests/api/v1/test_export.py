"""What there is, exported as a file."""

from typing import Any

from falcon.testing import TestClient

from models.words.bounds import TEN_YEARS
from tests.api.v1.test_apply import HOURLY, Apply


def test_an_export_applies_as_unchanged(client: TestClient, apply: Apply) -> None:
    odd = {
        "everything": HOURLY
        | {
            "description": "äöü \U0001f600",
            "args": {"a": [1, 2.5, 1e22, True, None, {"b": {}}], "c": -0.0, "url": "${secret:KEY}"},
            "timezone": "Europe/Berlin",
            "cron": ["0 1 * * *", "@daily"],
            "starts_at": "2026-01-01T00:00:00+02:00",
            "ends_at": "2036-01-01T00:00:00.123456Z",
            "max_runs": 2**31 - 1,
            "jitter_seconds": 0.1,
            "catchup_window_seconds": TEN_YEARS,
            "max_retries": 0,
            "tags": ["b", "a"],
        },
        "interval": {"actor": "x", "every_seconds": 1.5, "overlap": "allow"},
        "once": {"actor": "x", "at": "2037-01-01T00:00:00Z"},
        "manual": {"actor": "x"},
    }
    assert apply(schedules=odd).status_code == 200
    exported = client.simulate_get("/v1/export", params={"source": "crm"}).json
    assert exported["source"] == "crm"
    assert exported["schedules"]["manual"] == {"actor": "x"}
    assert exported["schedules"]["interval"] == {"actor": "x", "every_seconds": 1.5, "overlap": "allow"}
    again = client.simulate_post("/v1/apply", json=exported | {"prune": True}).json
    assert (again["unchanged"], again["update"], again["create"]) == (4, [], [])
    assert apply(schedules=odd).json["unchanged"] == 4


def test_what_people_made_is_exported_and_applies_as_unchanged(client: TestClient, create: Any) -> None:
    create("by-hand", **HOURLY)
    exported = client.simulate_get("/v1/export").json
    assert exported == {"source": "api", "schedules": {"by-hand": HOURLY}}
    assert client.simulate_post("/v1/apply", json=exported).json["unchanged"] == 1


def test_an_export_is_narrowed(client: TestClient, apply: Apply, create: Any) -> None:
    create("api-one", tags=["red"])
    apply(schedules={"crm-one": HOURLY | {"tags": ["red"]}, "crm-two": HOURLY})
    for query, expected in [
        ({"tag": "red"}, ["api-one", "crm-one"]),
        ({"prefix": "crm-"}, ["crm-one", "crm-two"]),
        ({"source": "crm"}, ["crm-one", "crm-two"]),
        ({"source": "file:crm", "tag": "red"}, ["crm-one"]),
        ({"source": "api"}, ["api-one"]),
        ({"source": "nobody"}, []),
    ]:
        assert list(client.simulate_get("/v1/export", params=query).json["schedules"]) == expected, query
