"""What processes count of how runs end is what there is, and after kills and outages never more than that."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.deployment import ROOT, Deployment
from tests.servers.postgres import PostgresServer
from tests.waiting import eventually

_COUNTED = "SELECT state, sum(runs)::int FROM statistics WHERE span_seconds = 0 AND state <> 'retrying' GROUP BY state"
_ENDED = "SELECT state, count(*) FROM runs WHERE finished_at IS NOT NULL GROUP BY state"


def counted(deployment: Deployment) -> Counter[str]:
    return Counter(dict(deployment.query(_COUNTED)))


def ended(deployment: Deployment) -> Counter[str]:
    return Counter(dict(deployment.query(_ENDED)))


def all_has_ended(deployment: Deployment) -> bool:
    return deployment.query("SELECT count(*) FROM runs WHERE finished_at IS NULL") == [(0,)]


def test_every_end_is_counted_through_whichever_door(deployment: Deployment) -> None:
    """By its worker, by scheduling, by people; those of a process that stops too."""
    deployment.create("good", actor="log_message", args={"message": "x"}, overlap="allow")
    deployment.create("bad", actor="run_process", args={"argv": ["false"]}, max_retries=1, min_backoff_seconds=0.1)
    deployment.create("often", actor="log_message", args={"message": "x"}, every_seconds=1, overlap="allow")
    deployment.create("late", actor="nobody_has_it", every_seconds=1, start_deadline_seconds=1, catchup="all")
    for _ in range(20):
        deployment.trigger("good")
    deployment.finished(deployment.trigger("bad"))
    deployment.api.post("/v1/schedules", json={"name": "never", "actor": "nobody_has_it"})
    deployment.api.post(f"/v1/runs/{deployment.trigger('never')}/cancel", json={})
    for seen in ("often", "late"):
        eventually(lambda seen=seen: len(deployment.runs(schedule=seen)) >= 3, 30)
        deployment.api.post(f"/v1/schedules/{seen}/pause", json={})
    eventually(lambda: all_has_ended(deployment), 30)
    deployment.stop("worker")
    eventually(lambda: counted(deployment) == ended(deployment), 30, "all is counted")
    assert min(ended(deployment).values()) >= 1
    assert set(ended(deployment)) == {"succeeded", "failed", "cancelled", "skipped"}
    assert deployment.query(
        "SELECT state, outcome, runs FROM statistics WHERE span_seconds = 0 AND actor = 'run_process' ORDER BY 1"
    ) == [("failed", "failed", 1), ("retrying", "failed", 1)]
    begun = "SELECT sum(n)::int FROM statistics, unnest(lateness) AS n WHERE span_seconds = 0"
    assert deployment.query(begun) == deployment.query("SELECT count(*)::int FROM runs WHERE started_at IS NOT NULL")


def test_a_killed_worker_loses_some_counts_and_doubles_none(deployment: Deployment) -> None:
    """Those that it had not yet told; what it held another ends, and counts."""
    deployment.create("often", actor="log_message", args={"message": "x"}, every_seconds=1, overlap="allow")
    deployment.create("long", actor="run_process", args={"argv": ["sleep", "60"]}, max_retries=0)
    held = deployment.trigger("long")
    for _ in range(2):
        before = len(deployment.runs(state="succeeded"))
        eventually(lambda before=before: len(deployment.runs(state="succeeded")) >= before + 2, 30)
        deployment.kill("worker")
        deployment.start("worker")
        deployment.finished(held)
        eventually(lambda: counted(deployment)["failed"] == 1, 30, "the lost run is counted by who has buried it")
    deployment.api.post("/v1/schedules/often/pause", json={})
    eventually(lambda: all_has_ended(deployment), 40)
    deployment.stop("worker")
    assert counted(deployment) <= ended(deployment)
    lost = deployment.query("SELECT sum(runs)::int FROM statistics WHERE span_seconds = 0 AND outcome = 'lost'")
    assert lost == [(1,)]


@pytest.fixture
def fragile(tmp_path: Path, own_postgres: PostgresServer, amqp_url: str) -> Iterator[Deployment]:
    """A deployment on a PostgreSQL of its own, to be stopped under it."""
    with Deployment(tmp_path, own_postgres.url, amqp_url) as running:
        subprocess.run(["alembic", "upgrade", "head"], cwd=ROOT, env=running.environment, check=True, timeout=60)
        yield running.start("web", "scheduling", "worker").ready()


def test_a_database_that_goes_away_again_and_again_has_nothing_counted_twice(
    fragile: Deployment, own_postgres: PostgresServer
) -> None:
    for number in range(20):
        fragile.create(f"s{number}", actor="log_message", args={"message": "x"}, every_seconds=1, overlap="allow")
    for _ in range(3):
        before = ended(fragile)["succeeded"]
        eventually(lambda before=before: ended(fragile)["succeeded"] >= before + 60, 40)
        own_postgres.restart("immediate")
    pausing = {"action": "pause", "filter": {}}
    eventually(lambda: fragile.api.post("/v1/schedules/bulk", json=pausing).status_code == 200, 30)
    eventually(lambda: all_has_ended(fragile), 40)
    fragile.stop("worker")
    eventually(lambda: counted(fragile)["succeeded"] >= 60, 30)
    assert counted(fragile) <= ended(fragile)
    # Of a group whose answer was lost nobody knows that it was written.
    assert counted(fragile)["succeeded"] >= ended(fragile)["succeeded"] - 3 * 40
