"""Actors that misbehave: their runs end in time, in the right state, with something readable."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import psutil
import pytest

from tests.end_to_end.deployment import Deployment, instant
from tests.waiting import eventually

SETTINGS = {"CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.odd_actors"]'}


@pytest.fixture
def odd(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """A deployment whose worker knows the odd actors."""
    with Deployment(tmp_path, database_url, amqp_url, SETTINGS) as running:
        running.start("web", "scheduling", "worker").ready()
        eventually(lambda: "linger" in {actor["name"] for actor in running.api.get("/v1/actors").json()["items"]})
        yield running


def named(actor: str, kind: str) -> str:
    return f"{actor}-{kind}".replace("_", "-").replace(" ", "-")


def runs_of(odd: Deployment, actor: str, kinds: list[str], timeout: float = 60) -> dict[str, dict[str, Any]]:
    """Run the actor with each `kind` at once; the runs when they have ended."""
    for kind in kinds:
        odd.create(named(actor, kind), actor=actor, args={"kind": kind})
    ids = {kind: odd.trigger(named(actor, kind)) for kind in kinds}
    return {kind: odd.finished(run_id, timeout) for kind, run_id in ids.items()}


def isolated_processes(odd: Deployment) -> list[psutil.Process]:
    """What runs of actors that have processes of their own."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("DATABASE_URL") == odd.database_url
            if ours and "actors.worker.running.isolated" in " ".join(process.cmdline()):
                found.append(process)
    return found


def seconds_of(run: dict[str, Any]) -> float:
    return (instant(run["finished_at"]) - instant(run["started_at"])).total_seconds()


def test_odd_results_and_errors_end_readable(odd: Deployment) -> None:
    results = runs_of(odd, "odd_result", ["nul", "huge", "looped", "unpicklable", "nan"])
    assert {run["state"] for run in results.values()} == {"succeeded"}
    assert results["nul"]["result"] == "a \N{REPLACEMENT CHARACTER} and ?"
    assert results["huge"]["result"]["bytes"] == 100_000_002
    assert results["looped"]["result"]["because"] == "Circular reference detected"
    assert "lock object" in results["unpicklable"]["result"]["lock"]
    assert results["nan"]["result"]["unreadable"] == "float"

    ends = runs_of(odd, "odd_end", ["mute", "surrogate", "exit", "huge"])
    assert {run["state"] for run in ends.values()} == {"failed"}
    assert ends["mute"]["error"]["type"] == "Mute"
    assert "can't be read" in ends["mute"]["error"]["message"]
    assert ends["surrogate"]["error"]["message"] == "nul \N{REPLACEMENT CHARACTER}, surrogate ?"
    assert (ends["exit"]["error"]["type"], ends["exit"]["error"]["message"]) == ("SystemExit", "3")
    assert len(ends["huge"]["error"]["message"]) < 5000
    assert all("invalid, nul \N{REPLACEMENT CHARACTER}" in run["output"] for run in ends.values())


def test_log_lines_are_kept_with_their_run_and_bounded(odd: Deployment) -> None:
    odd.create("talk", actor="talk")
    said = odd.finished(odd.trigger("talk"))["output"].splitlines()
    assert [line.partition("] ")[2] for line in said] == ["line 0 [mine]", "counted [yours] number=0"]
    much = odd.finished(odd.trigger("talk", args={"lines": 20_000}))
    assert much["output_truncated"]
    assert len(much["output"]) < 70_000
    assert "number=19999" in much["output"]


def test_limits_and_cancels_hold_for_actors_that_loop_and_block(odd: Deployment, tmp_path: Path) -> None:
    ids = {}
    for name, args in (("plain", {"swallow": False}), ("swallows", {"swallow": True})):
        odd.create(name, actor="loop_for_ever", args=args)
        ids[name] = odd.trigger(name)
    odd.create("crashes", actor="crash_alone")
    ids["crashes"] = odd.trigger("crashes")
    odd.create("blocks", actor="block_in_c", args={"marker": str(tmp_path / "marker")})
    ids["blocks"] = odd.trigger("blocks")
    eventually((tmp_path / "marker").exists, 60)
    cancelled = time.monotonic()
    assert odd.api.post(f"/v1/runs/{ids['blocks']}/cancel").status_code == 202
    blocks = odd.finished(ids["blocks"])
    assert time.monotonic() - cancelled < 10  # a cancel is asked for within 5 s, and has 2 s and a little to be obeyed
    assert (blocks["state"], blocks["output"]) == ("cancelled", "about to block\n")
    runs = {name: odd.finished(run_id) for name, run_id in ids.items()}
    for name in ("plain", "swallows"):
        assert runs[name]["attempts"][0]["outcome"] == "timed_out"
        assert seconds_of(runs[name]) < runs[name]["time_limit_seconds"] + 5
    assert "SIGSEGV" in runs["crashes"]["error"]["message"]
    assert isolated_processes(odd) == []

    odd.create("lingers", actor="linger", args={"seconds": 0})
    pids = {odd.finished(odd.trigger("lingers"))["result"] for _ in range(10)}
    assert pids <= {child.pid for child in odd.process("worker").children()}


def test_a_crash_costs_its_neighbours_an_attempt_and_the_next_worker_goes_on(odd: Deployment) -> None:
    """The platform starts the worker again; here the test does. Both crashes may be of one worker: what one process
    leaves when it dies its sibling takes up at once, before it is stopped."""

    def failed() -> bool:
        if odd.processes["worker"].poll() is not None:
            odd.exited("worker")
            odd.start("worker")
        return bool(odd.run(crash)["state"] == "failed")

    odd.create("crash", actor="crash", max_retries=1, min_backoff_seconds=0.1)
    odd.create("linger", actor="linger", overlap="allow", args={"seconds": 6}, max_retries=3, min_backoff_seconds=0.1)
    neighbours = [odd.trigger("linger") for _ in range(4)]
    for run_id in neighbours:
        eventually(lambda run_id=run_id: odd.run(run_id)["started_at"])
    crash = odd.trigger("crash")
    odd.exited("worker")
    odd.start("worker")
    eventually(failed, 60)
    run = odd.run(crash)
    assert [attempt["outcome"] for attempt in run["attempts"]] == ["lost", "lost"]
    assert run["state"] == "failed"
    for run_id in neighbours:
        eventually(lambda run_id=run_id: failed() and odd.run(run_id)["finished_at"], 60)
        run = odd.run(run_id)
        assert run["state"] == "succeeded", run["attempts"]


def test_every_way_past_an_actor_ends_its_run(odd: Deployment) -> None:
    """A hook that raises anything else than what Dramatiq has for it is logged, and the actor is called."""
    ends = runs_of(odd, "refused", ["skipped", "failed", "failed and skipped", "broken"])
    assert {kind: (run["state"], run["error"] and run["error"]["type"]) for kind, run in ends.items()} == {
        "skipped": ("cancelled", "SkipMessage"),
        "failed": ("failed", "FailedByMiddleware"),
        "failed and skipped": ("cancelled", "SkipMessage"),
        "broken": ("succeeded", None),
    }
    for run in ends.values():
        assert (run["lease_until"], len(run["attempts"])) == (None, 1)


def test_a_message_that_names_another_queue_costs_no_thread(odd: Deployment) -> None:
    """Dramatiq looks its consumer up by the name that the message has, where nothing catches what that raises."""
    body = {"queue_name": "app.default", "actor_name": "refused", "args": [], "options": {}, "message_timestamp": 0}
    with pika.BlockingConnection(pika.URLParameters(odd.environment["AMQP_URL"])) as connection:
        for number in range(40):  # more than there are threads
            message = body | {"kwargs": {"kind": str(number)}, "message_id": str(uuid4())}
            connection.channel().basic_publish("", "default", json.dumps(message).encode())
    eventually(lambda: len(odd.runs(trigger="message", state="succeeded")) == 40, 60)
    assert {run["queue"] for run in odd.runs(trigger="message")} == {"default"}


def test_a_process_without_its_main_thread_ends(odd: Deployment) -> None:
    """It would go on claiming, and an interpreter that shuts down fails whatever starts a thread."""
    odd.create("halve", actor="halve", max_retries=1, min_backoff_seconds=0.1)
    run_id = odd.trigger("halve")
    odd.exited("worker")
    odd.start("worker")
    assert [attempt["outcome"] for attempt in odd.finished(run_id)["attempts"]] == ["lost", "succeeded"]


def test_workers_whose_master_was_killed_end_by_themselves_and_their_runs_go_on(odd: Deployment) -> None:
    odd.create("linger", actor="linger", args={"seconds": 60}, time_limit_seconds=100)
    run_id = odd.trigger("linger")
    eventually(lambda: odd.run(run_id)["started_at"])
    master = odd.process("worker")
    workers = master.children()
    assert len(workers) >= 2
    master.kill()
    odd.exited("worker")
    odd.start("worker.2")
    eventually(lambda: not any(psutil.pid_exists(worker.pid) for worker in workers), 30, "the orphans end")
    run = odd.run(run_id)
    assert [attempt["outcome"] for attempt in run["attempts"]] == ["interrupted"]


def test_arguments_are_what_the_callable_takes_and_become_what_its_hints_say(odd: Deployment) -> None:
    for args, pointer in (({"day": "tomorrow"}, "day"), ({"day": "2026-03-01", "session": "mine"}, "session")):
        refused = odd.api.post("/v1/schedules", json={"name": "loads", "actor": "load_day", "args": args})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/args/{pointer}")
    odd.create("loads", actor="load_day", args={"day": "2026-03-01"})
    slot = {"slot_at": "2026-03-02T23:30:00Z"}
    assert odd.finished(odd.trigger("loads"))["result"] == ["session", "date", "2026-03-01"]
    at_slot = odd.finished(odd.trigger("loads", args={"day": "${run:slot_date}"}, **slot))
    assert at_slot["result"] == ["session", "date", "2026-03-02"]
    unfit = odd.finished(odd.trigger("loads", args={"day": "${run:slot_at}"}, **slot))
    assert (unfit["state"], unfit["error"]["type"]) == ("failed", "ArgumentsUnfit")

    odd.create("lazily", actor="lazily")
    undone = odd.finished(odd.trigger("lazily"))
    assert (undone["state"], undone["error"]["type"]) == ("failed", "NothingRan")
