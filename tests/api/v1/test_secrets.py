"""Secrets in arguments, held to who may use which when they are written."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from falcon.testing import TestClient

from config.settings import use_settings

HEADERS = {"X-Key": "${secret:KEY}"}
ADD_WORKER = """
INSERT INTO workers (id, host, pid, queues, actors, secrets, secret_rules, threads, version, running, started_at,
    last_seen_at)
VALUES (gen_random_uuid(), 'h', 1, '["mail"]', '[]', '["KEY"]', %(rules)s::jsonb, 8, '1', 0, now(), now())
"""


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, list[str]]], None]]:
    """Set who may use which secret, here."""

    def set_rules(rules: dict[str, list[str]]) -> None:
        monkeypatch.setenv("CALLSHEET_SECRETS__ALLOW", json.dumps(rules))
        use_settings(None)

    yield set_rules
    use_settings(None)


def ask(client: TestClient, actor: str, **args: Any) -> list[str]:
    """What is wrong with a schedule of this actor, with these arguments."""
    answer = client.simulate_put("/v1/schedules/nightly", json={"actor": actor, "args": args})
    assert answer.status_code in (200, 201, 422), answer.text
    return [each["pointer"] for each in answer.json.get("errors", [])]


def test_the_settings_here_count_while_no_worker_has_said_anything(client: TestClient, keep: Any) -> None:
    assert ask(client, "log_message", message="${secret:KEY}") == []
    keep({"KEY": ["sync_*", "http_request https://crm.example.com/v1/*"]})
    assert ask(client, "log_message", message="${secret:KEY}", other=["${secret:KEY}"]) == [
        "/args/message",
        "/args/other",
    ]
    assert ask(client, "log_message", message="${secret:OTHER}") == []
    assert ask(client, "sync_crm", message="${secret:KEY}") == []
    for url, expected in (
        ("https://crm.example.com/v1/import", []),
        ("https://crm.example.com/v1/${run:slot_date}", []),
        ("${secret:URL}", []),
        ("https://grüße.example.com/v1/", []),  # how that is sent only its client knows
        ("http://[::1", []),
        (7, []),
        ("https://crm.example.com/v2/import", ["/args/url"]),
        ("https://crm.example.com.evil.org/v1/", ["/args/url"]),
        ("https://crm.example.com", ["/args/url"]),
    ):
        assert ask(client, "http_request", url=url, headers=HEADERS) == expected, url


@pytest.mark.parametrize(
    ("of_workers", "pointers"),
    [
        ([{"KEY": ["log_*"]}], []),
        ([{"KEY": ["sync_*"]}, {"KEY": ["log_*"]}], []),
        ([{"KEY": ["sync_*"]}, {}], []),
        ([{"KEY": ["sync_*"]}, None], []),
        ([{"KEY": ["sync_*"]}, {"KEY": []}], ["/args/message"]),
        ([], ["/args/message"]),
    ],
)
def test_what_a_live_worker_allows_is_allowed_whatever_the_settings_here_are(
    client: TestClient, keep: Any, execute: Callable[..., Any], of_workers: list[Any], pointers: list[str]
) -> None:
    keep({"KEY": []})
    for rules in of_workers:
        execute(ADD_WORKER, rules=None if rules is None else json.dumps(rules))
    assert ask(client, "log_message", message="${secret:KEY}") == pointers


def test_a_rule_that_came_later_is_a_warning(client: TestClient, keep: Any, create: Callable[..., Any]) -> None:
    create("nightly", args={"message": "${secret:KEY}"})
    keep({"KEY": ["sync_*"]})
    warnings = client.simulate_get("/v1/schedules/nightly").json["warnings"]
    assert any(
        "the secret KEY, which the actor log_message may not use: secrets.allow has sync_*" in each for each in warnings
    )
    patched = client.simulate_patch("/v1/schedules/nightly", json={"priority": 1})
    assert (patched.status_code, patched.json["errors"][0]["pointer"]) == (422, "/args/message")
