"""Notices: a channel is told of every failure, once, whoever dies on the way."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

NOWHERE = "http://127.0.0.1:9/notices"


@pytest.fixture
def told(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """Where events are told to nobody else, and a relay that dies is replaced."""
    with Deployment(tmp_path, database_url, amqp_url, {"CALLSHEET_EVENTS__ENABLED": "false"}) as running:
        yield running.start("web", "scheduling", "scheduling.2", "worker").ready()


def test_each_failure_is_told_once_whoever_dies(told: Deployment) -> None:
    channel = {"kind": "webhook", "url": NOWHERE, "events": ["failed"]}
    assert told.api.put("/v1/channels/ops", json=channel).status_code == 201
    for number in range(4):
        told.create(f"s{number}", actor="run_process", args={"argv": ["false"]}, every_seconds=1, overlap="allow")
    for name in ("scheduling", "worker", "scheduling.2", "scheduling"):
        _wait_for_more(told, 8)
        told.kill(name)
        told.start(name)
    _wait_for_more(told, 8)
    told.api.post("/v1/schedules/bulk", json={"action": "pause", "filter": {}}).raise_for_status()
    unfinished = "SELECT count(*) FROM runs WHERE actor = 'run_process' AND finished_at IS NULL"
    eventually(lambda: told.query(unfinished) == [(0,)], 60)
    eventually(lambda: told.query("SELECT count(*) FROM events WHERE position IS NULL") == [(0,)], 60)
    eventually(lambda: told.query("SELECT numbered = position FROM notifier, event_relay") == [(True,)], 60)

    failed = {row[0] for row in told.query("SELECT id FROM runs WHERE state = 'failed' AND actor = 'run_process'")}
    notices = Counter(row[0] for row in told.query("SELECT args->'notice'->>'run_id' FROM runs WHERE actor = 'notify'"))
    assert notices == Counter(str(run) for run in failed)
    assert told.api.get("/v1/events").json()["items"] == []


def _wait_for_more(deployment: Deployment, runs: int) -> None:
    failed = "SELECT count(*) FROM runs WHERE state = 'failed' AND actor = 'run_process'"
    [(before,)] = deployment.query(failed)
    eventually(lambda: deployment.query(failed)[0][0] >= before + runs, 60)
