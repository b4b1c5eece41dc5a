"""Alerts: whoever is to know of a failure hears of it by each kind of channel, and of the recovery."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.actors.http_servers import Server, ok, serving
from tests.actors.mail_servers import Mailbox, mailbox
from tests.end_to_end.deployment import Deployment
from tests.servers.places import free_port
from tests.waiting import eventually

SITE = "https://callsheet.example.com"
CHATS = ("webhook", "slack", "teams")


@pytest.fixture
def receiver() -> Iterator[Server]:
    with serving(ok) as running:
        yield running


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


@pytest.fixture
def alerting(tmp_path: Path, database_url: str, amqp_url: str, receiver: Server, box: Mailbox) -> Iterator[Deployment]:
    """With a channel of each kind, which hears of failures and recoveries."""
    settings = {
        "CALLSHEET_HTTP__PUBLIC_URL": SITE,
        "CALLSHEET_SMTP__HOST": "127.0.0.1",
        "CALLSHEET_SMTP__PORT": str(box.port),
        "CALLSHEET_SMTP__TLS": "off",
        "CALLSHEET_SMTP__SENDER": "callsheet@example.com",
        "CALLSHEET_SECRET_PLACE": receiver.url,
    }
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        running.start("web", "scheduling", "worker").ready()
        for kind in CHATS:
            keep(running, kind, url=f"${{secret:PLACE}}/{kind}")
        keep(running, "email", to=["ops@example.com"])
        yield running


def keep(deployment: Deployment, kind: str, name: str | None = None, **fields: Any) -> None:
    body = {"kind": kind, "events": ["failed", "recovered"], **fields}
    answer = deployment.api.put(f"/v1/channels/{name or f'by-{kind}'}", json=body)
    assert answer.status_code in (200, 201), answer.text


def heard(receiver: Server, box: Mailbox) -> Callable[[int], dict[str, str]]:
    """What each kind of channel has been sent as its number so and so, once all have."""

    def wait(number: int) -> dict[str, str]:
        def all_of_them() -> dict[str, str] | None:
            bodies = {kind: _posted(receiver, kind) for kind in CHATS}
            bodies["email"] = [f"{each.letter['Subject']}\n{each.letter.get_content()}" for each in box.received]
            return {k: each[number] for k, each in bodies.items()} if _have(bodies, number) else None

        found = eventually(all_of_them, 60)
        assert found is not None
        return found

    return wait


def _posted(receiver: Server, kind: str) -> list[str]:
    """As text, without what JSON escapes."""
    requests = [request for request in receiver.requests if request.startswith(f"POST /{kind} ".encode())]
    return [str(json.loads(request.split(b"\r\n\r\n", 1)[1])) for request in requests]


def _have(bodies: dict[str, list[str]], number: int) -> bool:
    return all(len(each) > number for each in bodies.values())


def test_a_failure_and_the_recovery_reach_every_kind_of_channel(
    alerting: Deployment, receiver: Server, box: Mailbox, tmp_path: Path
) -> None:
    is_well = tmp_path / "well"
    alerting.create("nightly", actor="run_process", args={"argv": ["test", "-e", str(is_well)]})
    run = alerting.finished(alerting.trigger("nightly"))
    assert run["state"] == "failed"
    for kind, said in heard(receiver, box)(0).items():
        assert "nightly failed" in said, kind
        assert "It failed. It ran on time: due at " in said, kind
        assert run["error"]["type"] in said, kind
        assert f"{SITE}/runs/{run['id']}" in said, kind
    is_well.touch()
    run = alerting.finished(alerting.trigger("nightly"))
    assert run["state"] == "succeeded"
    for kind, said in heard(receiver, box)(1).items():
        assert "nightly has recovered" in said, kind
        assert f"{SITE}/runs/{run['id']}" in said, kind
    told = alerting.runs(actor="notify")
    eventually(lambda: all(each["state"] == "succeeded" for each in alerting.runs(actor="notify")))
    assert len(told) == 8


def test_a_channel_that_fails_is_retried_and_shown_and_tells_nobody_of_itself(
    alerting: Deployment, receiver: Server, box: Mailbox, tmp_path: Path
) -> None:
    is_well = tmp_path / "well"
    keep(alerting, "webhook", "broken", url=f"http://127.0.0.1:{free_port()}/")
    alerting.create("nightly", actor="run_process", args={"argv": ["test", "-e", str(is_well)]})
    alerting.finished(alerting.trigger("nightly"))

    def delivery(state: str) -> dict[str, Any] | None:
        shown = alerting.api.get("/v1/channels/broken/deliveries").json()["items"]
        return next((each for each in shown if each["state"] == state), None)

    shown = eventually(lambda: delivery("retrying"), 60)
    assert shown["error"]["type"] == "ConnectError"
    alerting.execute("UPDATE runs SET max_retries = 0 WHERE actor = 'notify' AND args->>'channel' = 'broken'")
    eventually(lambda: delivery("failed"), 60)
    heard(receiver, box)(0)
    is_well.touch()
    alerting.finished(alerting.trigger("nightly"))
    for kind, said in heard(receiver, box)(1).items():  # had anybody been told of the channel, it had been before
        assert "nightly has recovered" in said, kind
    assert len(alerting.runs(actor="notify")) == 10
