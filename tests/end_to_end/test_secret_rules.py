"""Who may use a secret, over everything: the worker refuses, and the API says so as soon as a worker has said so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.actors.http_servers import Exchange, Server, serving
from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

VALUE = "hunter22-of-the-crm"
REFERENCE = {"X-Key": "${secret:CRM_KEY}"}


def _away(exchange: Exchange) -> None:
    if exchange.path == "/crm/away":
        exchange.answer("302 Found", Location="/elsewhere")
    else:
        exchange.answer(body=b"hello")


@pytest.fixture
def server() -> Iterator[Server]:
    """The server of the CRM, and of other things."""
    with serving(_away) as running:
        yield running


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str, server: Server) -> Iterator[Deployment]:
    """One whose worker alone, which is not started yet, knows the secret and its rules."""
    with Deployment(tmp_path, database_url, amqp_url) as running:
        rules = {"CRM_KEY": [f"http_request {server.url}/crm/*", "sync_*"], "NOBODYS": []}
        running.overrides["worker"] = {
            "CALLSHEET_SECRET_CRM_KEY": VALUE,
            "CALLSHEET_SECRET_NOBODYS": "hunter33-of-nobody",
            "CALLSHEET_SECRET_FREE": "hunter44-of-all",
            "CALLSHEET_SECRETS__ALLOW": json.dumps(rules),
        }
        yield running.start("web", "scheduling")


def test_a_secret_is_kept_from_others_and_that_is_said_early(deployment: Deployment, server: Server) -> None:
    eventually(lambda: deployment.api.get("/health/live").is_success, 30, ignoring=httpx.HTTPError)
    moved = {"headers": REFERENCE, "follow_redirects": True}
    kept = {
        "elsewhere": {"actor": "http_request", "args": {"url": server.url, "headers": REFERENCE}},
        "away": {"actor": "http_request", "args": {"url": f"{server.url}/crm/away", **moved}},
        "log": {"actor": "log_message", "args": {"message": "${secret:CRM_KEY}"}},
        "program": {"actor": "run_process", "args": {"argv": ["true"], "env": {"A": "${secret:NOBODYS}"}}},
    }
    for name, definition in kept.items():
        deployment.create(name, max_retries=3, min_backoff_seconds=0, **definition)
    crm = {"url": f"{server.url}/crm/import", "headers": REFERENCE}
    deployment.create("import", actor="http_request", args=crm)
    deployment.create("free", actor="log_message", args={"message": "${secret:FREE}"})
    deployment.start("worker").ready()

    for name in ("import", "free"):
        assert deployment.finished(deployment.trigger(name))["state"] == "succeeded"
    assert server.headers()["x-key"] == VALUE
    for name in kept:
        run = deployment.finished(deployment.trigger(name))
        assert (run["state"], run["attempt"], run["error"]["type"]) == ("failed", 1, "SecretNotAllowed"), run
        assert "secrets.allow has" in run["error"]["message"]
        assert "hunter" not in json.dumps(run)
    assert [request.split(b" ")[1] for request in server.requests] == [b"/crm/import", b"/crm/away"]
    assert all(b"hunter" not in deployment.log_path(name).read_bytes() for name in ("web", "scheduling", "worker"))

    _is_listed(deployment, [f"http_request {server.url}/crm/*", "sync_*"])
    _is_refused(deployment, kept)
    assert deployment.api.put("/v1/schedules/import", json={"actor": "http_request", "args": crm}).status_code == 200


def _is_listed(deployment: Deployment, rules: list[str]) -> None:
    secrets = {each["name"]: each for each in deployment.api.get("/v1/secrets").json()["items"]}
    assert {name: each["allow"] for name, each in secrets.items()} == {"CRM_KEY": rules, "FREE": None, "NOBODYS": []}
    assert all(set(each) == {"name", "workers", "allow"} for each in secrets.values())


def _is_refused(deployment: Deployment, kept: dict[str, Any]) -> None:
    for name, pointer in (("elsewhere", "/args/url"), ("log", "/args/message"), ("program", "/args/env")):
        answer = deployment.api.put(f"/v1/schedules/{name}", json=kept[name])
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
        [warning] = deployment.api.get(f"/v1/schedules/{name}").json()["warnings"]
        assert "a secret is kept from them" in warning
    file = {"source": "f", "schedules": {"new": kept["log"]}}
    applied = deployment.api.post("/v1/apply", json=file)
    assert (applied.status_code, applied.json()["errors"][0]["pointer"]) == (422, "/schedules/new/args/message")
    triggered = deployment.api.post("/v1/schedules/free/trigger", json={"args": kept["log"]["args"]})
    assert (triggered.status_code, triggered.json()["errors"][0]["pointer"]) == (422, "/args/message")
