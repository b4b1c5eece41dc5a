"""Processes that start before their migrations: they wait, say so, and go on by themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest

from migrations import LACKING, revisions
from tests.end_to_end.deployment import Deployment
from tests.models.releasing import alembic
from tests.waiting import eventually

OTHERS = ("scheduling", "worker")


@pytest.fixture
def early(tmp_path: Path, empty_database_url: str, amqp_url: str) -> Iterator[Deployment]:
    with Deployment(tmp_path, empty_database_url, amqp_url) as deployment:
        yield deployment


def lines(deployment: Deployment, name: str, event: str) -> list[dict[str, Any]]:
    """What a process has logged of this."""
    logged = [line for line in deployment.log_path(name).read_text().splitlines() if line.startswith("{")]
    return [each for each in map(json.loads, logged) if each["event"] == event]


def start_and_see_them_wait(deployment: Deployment) -> None:
    deployment.start("web", *OTHERS)
    eventually(lambda: deployment.api.get("/health/live").status_code == 200, 30, ignoring=httpx.HTTPError)
    for name in OTHERS:
        eventually(lambda name=name: lines(deployment, name, "wait"), 30)
    assert {each["why"] for name in OTHERS for each in lines(deployment, name, "wait")} == {LACKING}
    ready = deployment.api.get("/health/ready")
    assert (ready.status_code, ready.json()["problems"]) == (503, [LACKING])
    assert {process.poll() for process in deployment.processes.values()} == {None}


def consumers(amqp_url: str) -> int:
    """How many there are of the queue of most actors; 0 where nobody has declared it."""
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        try:
            declared = connection.channel().queue_declare("default", passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return 0
        return int(declared.method.consumer_count)


@pytest.mark.parametrize("before", [None, revisions()[-2]], ids=["empty", "older"])
def test_they_wait_for_the_migrations_and_then_a_schedule_runs(
    early: Deployment, amqp_url: str, before: str | None
) -> None:
    """Meanwhile a worker holds nothing that one of the release before could run."""
    if before is not None:
        alembic(early.database_url, "upgrade", before)
    start_and_see_them_wait(early)
    assert consumers(amqp_url) == 0
    alembic(early.database_url, "upgrade", "head")
    early.ready()
    early.create("each", actor="log_message", args={"message": "x"}, every_seconds=1)
    eventually(lambda: early.runs(schedule="each", state="succeeded"), 20)
    assert {process.poll() for process in early.processes.values()} == {None}
    for name in OTHERS:
        eventually(lambda name=name: len(lines(early, name, "migrated")) == len(lines(early, name, "wait")))
        assert "Traceback" not in early.log_path(name).read_text()


def test_they_stop_at_once_while_they_wait(early: Deployment) -> None:
    start_and_see_them_wait(early)
    refused = early.api.get("/v1/schedules")
    assert (refused.status_code, refused.json()["title"]) == (503, "Service Unavailable")
    for name in ("web", *OTHERS):
        assert early.stop(name, group=True, timeout=12) == 0
        assert "Traceback" not in early.log_path(name).read_text()
