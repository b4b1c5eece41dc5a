"""Kills in a stream of short runs that are not tried again: what never started is not failed, and all is known soon."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from tests.end_to_end.deployment import Deployment, instant
from tests.waiting import eventually

RUNS = 6000
SECONDS = 0.008
"""Of each run: so short that they come in bundles, and so long that no stream is over before it is struck."""

KILLS = 3
PROCESSES, THREADS = 2, 8
"""Of each worker master, and of each process, as the Procfile has them."""

PLAN = """
INSERT INTO runs (id, actor, queue, priority, args, trigger, overlap, slots, due_at, state, attempt, retries,
    max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds, planned_at, attempts)
SELECT gen_random_uuid(), 'note', 'default', 5, jsonb_build_object('path', '{path}', 'seconds', {seconds}), 'manual',
    'allow', 1, now(), 'planned', 0, 0, 0, 1, 1, 60, now(), '[]'
FROM generate_series(1, {runs})
"""
OURS = "actor <> 'verify_slots'"
"""Housekeeping may have its turn meanwhile."""

UNFINISHED = f"SELECT count(*) FROM runs WHERE finished_at IS NULL AND {OURS}"
HIT = {("lost", True), ("interrupted", False)}
"""What a kill makes of attempts that were not done, and whether they had started."""

KNOWN_WITHIN = timedelta(seconds=5)
"""How soon after a kill a sibling has ended what the dead process had."""


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """With leases that are longer than the test: what is known of a death is known by the journal."""
    settings = {
        "CALLSHEET_WORKER__LEASE_SECONDS": "600",
        "CALLSHEET_WORKER__JOURNAL_FOLDER": str(tmp_path / "journal"),
        "CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.noting_actors"]',
    }
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        yield running.start("web", "scheduling", "worker").ready()


def kill_one_process(deployment: Deployment) -> None:
    """SIGKILL a worker process; Dramatiq's master ends then, and the platform starts it again."""
    children = eventually(lambda: deployment.process("worker").children(), 30)
    child = max(children, key=psutil.Process.num_threads)
    child.send_signal(signal.SIGKILL)
    deployment.exited("worker")
    deployment.start("worker")


def listed(deployment: Deployment, masters: int) -> set[UUID]:
    """The worker processes that have reported, once those of so many masters have."""
    workers = {worker for [worker] in deployment.query("SELECT id FROM workers")}
    return workers if len(workers) >= masters * PROCESSES else set()


def test_no_run_that_never_started_fails_and_each_that_did_has_its_start(
    deployment: Deployment, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    deployment.execute(PLAN.format(path=ledger, runs=RUNS, seconds=SECONDS))
    for kill in range(1, KILLS + 1):
        eventually(lambda kill=kill: len(ledger.read_text().splitlines()) > kill * RUNS // (KILLS + 2), 60)
        kill_one_process(deployment)
    eventually(lambda: deployment.query(UNFINISHED) == [(0,)], 60)
    started = set(ledger.read_text().splitlines())
    rows = deployment.query(f"SELECT id::text, state, attempt, started_at, error_type, attempts FROM runs WHERE {OURS}")
    assert len(rows) == RUNS
    failed = [row for row in rows if row[1] == "failed"]
    # A start is noted before the actor's first line, so a kill may strike in between, once in each thread.
    silent = Counter(row[5][0]["worker"] for row in failed if row[0] not in started)
    assert all(runs <= THREADS for runs in silent.values()), silent
    assert {row[4] for row in failed} <= {"WorkerLost"}
    assert all(row[3] is not None for row in failed)
    assert {row[0] for row in rows if row[1] == "succeeded"} <= started
    assert len(ledger.read_text().splitlines()) == len(started), "something was done twice"
    buried = [attempt for row in rows for attempt in row[5] if (attempt["error"] or {}).get("type") == "WorkerLost"]
    assert buried, "no kill has hit anything"
    assert {(attempt["outcome"], attempt["started_at"] is not None) for attempt in buried} <= HIT


def test_what_a_killed_worker_held_is_known_within_seconds(deployment: Deployment, tmp_path: Path) -> None:
    deployment.create("long", actor="note", args={"path": str(tmp_path / "ledger"), "seconds": 60}, overlap="allow")
    running = [deployment.trigger("long") for _ in range(3)]
    eventually(lambda: all(deployment.run(run)["started_at"] for run in running))
    deployment.kill("worker")
    killed = time.monotonic()
    deployment.start("worker")
    eventually(lambda: all(deployment.run(run)["finished_at"] for run in running), 30)
    assert time.monotonic() - killed < 15  # most of it is the start of a worker
    for run in map(deployment.run, running):
        assert (run["state"], run["attempts"][0]["outcome"]) == ("failed", "lost")
        assert run["attempts"][0]["started_at"]


def test_a_sibling_on_the_machine_ends_what_a_killed_process_had_within_seconds(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.create("long", actor="note", args={"path": str(tmp_path / "ledger"), "seconds": 60}, overlap="allow")
    running = [deployment.trigger("long") for _ in range(3)]
    eventually(lambda: all(deployment.run(run)["started_at"] for run in running))
    own = eventually(lambda: listed(deployment, 1))
    deployment.start("worker.2")
    eventually(lambda: listed(deployment, 2))
    [[killed]] = deployment.query("SELECT clock_timestamp()")
    deployment.kill("worker")
    for run in map(deployment.finished, running):
        assert (run["state"], run["attempts"][0]["outcome"]) == ("failed", "lost")
        assert killed <= instant(run["attempts"][0]["finished_at"]) <= killed + KNOWN_WITHIN
    eventually(lambda: not own & listed(deployment, 1), message="the dead are taken off the list")


def test_without_its_journal_the_lease_decides(tmp_path: Path, database_url: str, amqp_url: str) -> None:
    folder = tmp_path / "journal"
    settings = {"CALLSHEET_WORKER__LEASE_SECONDS": "4", "CALLSHEET_WORKER__JOURNAL_FOLDER": str(folder)}
    with Deployment(tmp_path, database_url, amqp_url, settings) as deployment:
        deployment.start("web", "scheduling", "worker").ready()
        deployment.create("long", actor="run_process", args={"argv": ["sleep", "60"]})
        run = deployment.trigger("long")
        eventually(lambda: deployment.run(run)["started_at"])
        deployment.kill("worker")
        for journal in folder.iterdir():
            journal.unlink()
        assert deployment.finished(run)["attempts"][0]["outcome"] == "lost"
