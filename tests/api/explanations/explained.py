"""Asking for explanations."""

from datetime import UTC, datetime
from typing import Any

from falcon.testing import TestClient


def ask(client: TestClient, at: datetime, outcome: str) -> dict[str, Any]:
    """The explanation, which must be of this outcome."""
    answer = client.simulate_get("/v1/schedules/nightly/explain", params={"at": at.isoformat()})
    assert answer.status_code == 200, answer.text
    assert answer.json["outcome"] == outcome, answer.json["because"]
    said: dict[str, Any] = answer.json
    return said


def say(instant: datetime) -> str:
    """The instant as explanations say it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
