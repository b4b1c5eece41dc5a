"""Kills at each point between two commits: what is lost, what is repeated, and what is not."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pika
import psycopg
import pytest

from tests.end_to_end.deployment import Deployment, RequestCounter
from tests.waiting import eventually

_GATE = """
CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
CREATE TRIGGER gate BEFORE {event} ON runs FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION gate()
"""
_BLOCKED = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """With leases that are longer than a worker takes to start again: the journal tells, not the lease."""
    with Deployment(tmp_path, database_url, amqp_url, {"CALLSHEET_WORKER__LEASE_SECONDS": "120"}) as running:
        yield running.start("web", "scheduling", "worker").ready()


@contextmanager
def gate(deployment: Deployment, event: str, condition: str) -> Iterator[psycopg.Connection]:
    """Whatever writes such a row waits until the connection that is yielded rolls back."""
    with psycopg.connect(deployment.database_url) as connection:
        connection.execute(_GATE.format(event=event, condition=condition))
        connection.commit()
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        yield connection


def wait_until_blocked(deployment: Deployment, part: str = "") -> None:
    """Until a session waits for a lock, in a statement with this part."""
    eventually(lambda: deployment.query(f"SELECT {_BLOCKED} AND query LIKE '%{part}%'"))


def end_blocked(deployment: Deployment) -> None:
    """End the sessions that wait for a lock: PostgreSQL would carry out the statements of a process that is gone."""
    deployment.query(f"SELECT pg_terminate_backend(pid) {_BLOCKED}")
    eventually(lambda: not deployment.query(f"SELECT {_BLOCKED}"))


def messages(deployment: Deployment) -> int:
    """How many wait in the queue."""
    with pika.BlockingConnection(pika.URLParameters(deployment.environment["AMQP_URL"])) as connection:
        return int(connection.channel().queue_declare("default", passive=True).method.message_count)


def test_a_scheduler_killed_between_decision_and_commit_has_decided_nothing(
    deployment: Deployment, counter: RequestCounter
) -> None:
    with gate(deployment, "INSERT", "NEW.trigger = 'schedule'") as closed:
        deployment.create("tick", actor="http_request", args={"url": counter.url}, every_seconds=1, catchup="all")
        wait_until_blocked(deployment)
        deployment.kill("scheduling")
        closed.rollback()
    assert deployment.query("SELECT FROM runs WHERE actor = 'http_request'") == []
    deployment.start("scheduling")
    eventually(lambda: len(counter.requests) >= 3, 30)
    assert set(counter.by_slot().values()) == {1}


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_run_whose_scheduler_was_killed_before_it_noted_the_confirm_is_published_again_and_runs_once(
    deployment: Deployment, counter: RequestCounter, is_sent: bool
) -> None:
    """Before it was sent, and after."""
    deployment.kill("worker")
    deployment.create("once", actor="http_request", args={"url": counter.url})
    with gate(deployment, "UPDATE", f"NEW.lease_until IS {'' if is_sent else 'NOT'} NULL") as closed:
        run_id = deployment.trigger("once")
        wait_until_blocked(deployment)
        assert messages(deployment) == is_sent
        deployment.kill("scheduling")
        if is_sent:
            end_blocked(deployment)
        closed.rollback()
    eventually(lambda: deployment.run(run_id)["state"] == "queued")
    deployment.start("scheduling")
    eventually(lambda: messages(deployment) == 1 + is_sent, 30, "the lease of the publisher runs out")
    deployment.start("worker")
    assert [attempt["outcome"] for attempt in deployment.finished(run_id)["attempts"]] == ["succeeded"]
    eventually(lambda: messages(deployment) == 0)
    assert counter.by_run()[run_id] == 1


def test_a_run_whose_worker_was_killed_between_claim_and_start_goes_back_and_runs_once(
    deployment: Deployment, counter: RequestCounter
) -> None:
    deployment.create("once", actor="http_request", args={"url": counter.url}, max_retries=0)
    with gate(deployment, "UPDATE", "NEW.state = 'running'") as closed:
        run_id = deployment.trigger("once")
        wait_until_blocked(deployment)
        os.killpg(deployment.process("worker").pid, signal.SIGSTOP)
        closed.rollback()
        eventually(
            lambda: deployment.run(run_id)["state"] == "running", 10, "the claim takes effect without its worker"
        )
        deployment.kill("worker")
    deployment.start("worker")
    back, succeeded = deployment.finished(run_id)["attempts"]
    assert (back["outcome"], back["started_at"], succeeded["outcome"]) == ("interrupted", None, "succeeded")
    assert counter.by_run()[run_id] == 1


def test_a_run_whose_worker_was_killed_is_rescued_and_ends(deployment: Deployment) -> None:
    with RequestCounter(delay_seconds=3600) as slow:
        deployment.create(
            "slow",
            actor="http_request",
            args={"url": slow.url},
            max_retries=1,
            min_backoff_seconds=0.1,
            time_limit_seconds=30,
        )
        run_id = deployment.trigger("slow")
        eventually(lambda: slow.by_run()[run_id] == 1)
        deployment.kill("worker")
        deployment.start("worker")
        eventually(lambda: slow.by_run()[run_id] == 2, 30, "the run starts again on the new worker")
    run = deployment.finished(run_id)
    assert run["attempts"][0]["outcome"] == "lost"
    assert run["attempt"] == 2


def test_a_worker_whose_processes_were_killed_while_they_started_exits_soon(deployment: Deployment) -> None:
    """Its platform can start it again only then."""
    deployment.start("worker.2")
    for child in eventually(lambda: deployment.process("worker.2").children()):
        child.kill()
    assert deployment.exited("worker.2", 10) != 0


def test_a_run_whose_result_was_not_written_when_its_worker_was_killed_is_not_repeated(deployment: Deployment) -> None:
    """A lock on the row keeps the window open here. The journal knows that it was done."""
    with RequestCounter(delay_seconds=2) as slow, psycopg.connect(deployment.database_url) as locking:
        deployment.create("done", actor="http_request", args={"url": slow.url}, max_retries=1, min_backoff_seconds=0.1)
        run_id = deployment.trigger("done")
        eventually(lambda: slow.by_run()[run_id] == 1)
        locking.execute("SELECT FROM runs WHERE id = %s FOR UPDATE", [run_id])
        eventually(lambda: slow.answered == 1)
        wait_until_blocked(deployment, "finished_at = ")
        deployment.kill("worker")
        locking.rollback()
        deployment.start("worker")
        run = deployment.finished(run_id)
        assert [attempt["outcome"] for attempt in run["attempts"]] == ["succeeded"]
        assert slow.by_run()[run_id] == 1
