"""The files of docs/examples do what they say, in a callsheet of their own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.deployment import ROOT, TOKEN, Deployment, RequestCounter
from tests.servers import databases, shared, vhosts
from tests.waiting import eventually

EXAMPLES = {path.stem for path in (ROOT / "docs" / "examples").glob("*.py")}
ACTORS = ("options", "periodic", "long_loop", "isolated")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One callsheet for all tests of this file, whose worker knows the examples that are actors."""
    node = shared.shared_rabbitmq()
    amqp_url = node["url"] if node["kind"] == "given" else vhosts.take_vhost(node)
    with (
        databases.database(migrated=True) as database_url,
        Deployment(tmp_path_factory.mktemp("examples"), database_url, amqp_url) as deployment,
    ):
        deployment.environment["CALLSHEET_SECRET_SHOP"] = "a-key-for-the-shop"
        deployment.start("web", "scheduling")
        modules = " ".join(f"docs.examples.{name}" for name in ACTORS)
        deployment.start("worker", command=f"dramatiq actors {modules} --threads 4 --worker-shutdown-timeout 25000")
        yield deployment.ready()


def run_script(deployment: Deployment, name: str, **variables: str) -> str:
    """Run an example that is a script, from the root of the checkout; what it prints."""
    path = Path("docs") / "examples" / f"{name}.py"
    environment = deployment.environment | {"PYTHONPATH": "", **variables}
    ran = subprocess.run([sys.executable, path], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_options_try_again_and_give_up_at_once(running: Deployment, tmp_path: Path) -> None:
    prices = tmp_path / "prices.csv"
    running.create("prices", actor="import_prices", args={"path": str(prices)}, min_backoff_seconds=0.5)
    run = running.trigger("prices")
    eventually(lambda: running.run(run)["attempts"], message="there is no file yet, and it is tried again")
    prices.write_text("apple,1.20\npear,0.95\n")
    ended = running.finished(run)
    assert (ended["state"], ended["output"]) == ("succeeded", "2 prices in EUR\n")
    assert ended["result"] == {"apple": 1.2, "pear": 0.95}
    assert ended["attempts"][0]["error"]["type"] == "FileNotFoundError"

    prices.write_text("apple\n")
    ended = running.finished(running.trigger("prices"))
    assert (ended["state"], ended["attempt"], ended["max_retries"]) == ("failed", 1, 5)
    assert ended["error"]["message"] == "line 1 is no name and price"


def test_periodic_brings_its_schedule_along(running: Deployment) -> None:
    found = eventually(lambda: running.api.get("/v1/schedules?actor=count_files").json()["items"])[0]
    assert (found["name"], found["source"], found["cron"]) == ("count_files", "code", "*/10 * * * *")
    assert (found["timezone"], found["catchup"], found["tags"]) == ("Europe/Berlin", "none", ["examples"])
    ended = running.finished(running.trigger("count_files"))
    assert ended["state"] == "succeeded"
    assert ended["output"].startswith(f"{ended['result']} files for the slot")


def test_interval_makes_a_schedule_whose_requests_name_their_slots(running: Deployment) -> None:
    with RequestCounter() as shop:
        url = str(running.api.base_url)
        printed = run_script(running, "interval", TOKEN=TOKEN, CALLSHEET_URL=url, ORDERS_URL=shop.url)
        assert printed.count("will ask at") == 3
        stored = running.api.get("/v1/schedules/orders").json()
        assert stored["args"]["params"] == {"since": "${run:previous_slot_at}", "until": "${run:slot_at}"}
        without = running.trigger("orders")
        tried = eventually(lambda: running.run(without)["attempts"])
        assert tried[0]["error"]["type"] == "NoValue"
        slot = {"slot_at": "2026-11-23T09:05:00Z", "overlap": "allow"}
        ended = running.finished(running.trigger("orders", **slot))
        assert (ended["state"], ended["previous_slot_at"]) == ("succeeded", "2026-11-23T08:05:00Z")
        assert shop.requests[0]["Authorization"] == "Bearer a-key-for-the-shop"


def test_a_long_loop_ends_when_it_is_cancelled_and_says_how_far_it_came(running: Deployment) -> None:
    running.create("counts", actor="count_slowly", args={"to": 5, "seconds": 0})
    ended = running.finished(running.trigger("counts"))
    assert (ended["state"], ended["result"], ended["output"]) == ("succeeded", 5, "counted\n")

    run = running.trigger("counts", args={"to": 100_000, "seconds": 0.01})
    eventually(lambda: running.run(run)["started_at"])
    assert running.api.post(f"/v1/runs/{run}/cancel").status_code == 202
    ended = running.finished(run)
    assert ended["state"] == "cancelled"
    assert "stopped at " in ended["output"]


def test_an_isolated_actor_prints_and_is_ended_in_the_middle_of_a_call(running: Deployment) -> None:
    running.create("crunches", actor="crunch", args={"seconds": 0})
    ended = running.finished(running.trigger("crunches"))
    assert (ended["state"], ended["output"]) == ("succeeded", "what it prints is its output\n")
    assert ended["result"] not in [worker["pid"] for worker in running.api.get("/v1/workers").json()["items"]]

    running.create("blocks", actor="crunch", args={"seconds": 60}, time_limit_seconds=2)
    ended = running.finished(running.trigger("blocks"))
    assert (ended["state"], ended["attempts"][0]["outcome"]) == ("failed", "timed_out")
    assert ended["duration_seconds"] < 10


def test_send_sends_messages_that_have_a_history(running: Deployment) -> None:
    run_script(running, "send")
    runs = eventually(lambda: len(found := running.runs(trigger="message", state="succeeded")) == 2 and found)
    assert {run["args"]["message"] for run in runs} == {"sent from a script", "sent for later"}


def test_every_example_is_tested_here_and_short() -> None:
    assert {*ACTORS, "interval", "send"} == EXAMPLES
    for path in (ROOT / "docs" / "examples").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 60
        assert "Run it" in path.read_text()
