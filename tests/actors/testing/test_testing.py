"""What a project's tests are given: actors called as a worker calls them, without servers and without settings."""

import asyncio
import logging
import os
import re
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from dramatiq.errors import Retry

from actors.context import current_run
from actors.prune_history import prune_history
from actors.testing import DEFAULT_POLICIES, Run, call, new_run
from models.lifecycle.claiming import claim_runs
from models.lifecycle.new_runs import NewRun, insert_runs
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Outcome, State, Trigger
from tests.actors.conftest import SLOT
from tests.actors.testing.declared import actor
from tests.actors.worker.isolated_actors import block, describe_run
from tests.models.rows import sqlalchemy_url
from tests.waiting import eventually


def test_an_actor_that_returns_has_succeeded_with_what_json_keeps_of_its_result() -> None:
    ended = call(actor(lambda a, b: {"pair": (a, b), 1: None}), 1, b="x")
    assert (ended.outcome, ended.state, ended.error) == (Outcome.SUCCEEDED, State.SUCCEEDED, None)
    assert ended.result == {"pair": [1, "x"], "1": None}
    assert (ended.output, ended.delay_seconds) == ("", 0)


def test_an_actor_that_raises_has_failed() -> None:
    ended = call(actor(lambda: 1 / 0))
    assert (ended.outcome, ended.state, ended.result) == (Outcome.FAILED, State.FAILED, None)
    assert isinstance(ended.error, ZeroDivisionError)


def test_an_actor_that_exits_has_failed_too() -> None:
    assert isinstance(call(actor(sys.exit)).error, SystemExit)


def test_a_run_tells_what_it_was_made_with() -> None:
    run = new_run(schedule="nightly", slot_at=SLOT, previous_slot_at=SLOT - timedelta(days=1), attempt=3)

    def tell() -> list[str]:
        current = current_run()
        assert (current.run_id, current.previous_slot_at) == (run.id, SLOT - timedelta(days=1))
        return [str(current.schedule), current.due_at.isoformat(), str(current.attempt), current.trigger]

    assert run.call(actor(tell)).result == ["nightly", SLOT.isoformat(), "3", "schedule"]
    assert call(actor(lambda: [current_run().schedule, current_run().trigger])).result == [None, "manual"]


@pytest.mark.parametrize(
    ("fields", "error"), [({"slot": SLOT}, TypeError), ({"slot_at": SLOT.replace(tzinfo=None)}, ValueError)]
)
def test_a_field_that_cannot_be_meant_is_refused(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="slot"):
        new_run(**fields)


def test_references_are_filled_in_and_secrets_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_SECRET_TOKEN", "open sesame")

    def use(token: str, since: str) -> str:
        assert token == "open sesame"
        current_run().output.write(f"{token} {since}\n")
        return token

    ended = new_run(slot_at=SLOT).call(actor(use), "${secret:TOKEN}", since="${run:slot_at}")
    assert (ended.output, ended.result) == ("[secret] 2026-03-01T06:30:00Z\n", "[secret]")
    assert type(call(actor(use), "${secret:OTHER}", "").error).__name__ == "SecretMissing"


def test_what_a_plain_message_brings_is_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_SECRET_TOKEN", "open sesame")
    ended = new_run(trigger="message").call(actor(lambda text: text[::-1]), "hi ${secret:TOKEN} ${run:foo}")
    assert ended.result == "hi ${secret:TOKEN} ${run:foo}"[::-1]


def test_arguments_travel_as_json() -> None:
    assert call(actor(lambda value: type(value).__name__), (1, 2)).result == "list"
    with pytest.raises(TypeError, match="travel as JSON"):
        call(actor(lambda value: None), SLOT)


def test_what_an_actor_writes_and_logs_is_its_output() -> None:
    def talk() -> None:
        current_run().output.write("written\n")
        logging.getLogger("mine").info("logged")
        logging.getLogger("mine").debug("hidden")
        logging.getLogger("httpx").info("hidden in a worker")
        structlog.get_logger("yours").info("counted", things=3)

    lines = call(actor(talk)).output.splitlines()
    logged = "[info     ] logged [mine]"
    assert [re.sub(r"^\d\S+ ", "", line) for line in lines] == [
        "written",
        logged,
        "[info     ] counted [yours] things=3",
    ]


def test_a_log_that_the_test_captures_itself_stays_with_it() -> None:
    with structlog.testing.capture_logs() as lines:
        assert call(actor(lambda: structlog.get_logger().info("said"))).output == ""
    assert [line["event"] for line in lines] == ["said"]
    assert "said" in call(actor(lambda: structlog.get_logger().info("said"))).output


def test_policies_are_the_runs_then_the_actors_then_the_services() -> None:
    options = {"max_retries": 1, "min_backoff": 2000, "time_limit": 5000}
    patient, plain = actor(lambda: 1 / 0, **options), actor(lambda: 1 / 0)
    first = call(patient)
    assert first.state is State.RETRYING
    assert 2 <= first.delay_seconds <= 2.5
    assert new_run(attempt=2).call(patient).state is State.FAILED
    assert new_run(attempt=2, max_retries=2).call(patient).state is State.RETRYING
    assert call(plain).state is State.FAILED
    limits = [call(actor(lambda: current_run().time_limit_seconds, **each)).result for each in (options, {})]
    assert limits == [5, 600]


def test_the_policies_of_the_service_are_those_of_its_rows(database_url: str) -> None:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    with engine.begin() as connection:
        now = read_clock(connection)
        run = NewRun(
            id=new_run_id(now), trigger=Trigger.MESSAGE, due_at=now, planned_at=now, actor="x", queue="default"
        )
        insert_runs(connection, [run])
        [claim] = claim_runs(connection, [run.id], 0, new_run_id(now), 30)
    engine.dispose()
    assert {name: getattr(claim, name) for name in DEFAULT_POLICIES} == DEFAULT_POLICIES


def test_the_options_about_retries_count() -> None:
    def later() -> None:
        raise Retry("later", delay=1500)

    def never(_retries: int, _error: BaseException) -> bool:
        raise KeyError("never")

    assert call(actor(later, max_retries=1)).delay_seconds == 1.5
    assert call(actor(lambda: 1 / 0, max_retries=9, throws=ZeroDivisionError)).state is State.FAILED
    assert call(actor(lambda: 1 / 0, retry_when=lambda retries, error: retries < 1)).state is State.RETRYING
    assert call(actor(lambda: 1 / 0, retry_when=never)).state is State.FAILED


def test_several_threads_may_call_at_once() -> None:
    meeting, results = threading.Barrier(4), []

    async def work(number: int) -> int:
        logging.getLogger("mine").info("number %s", number)
        await asyncio.sleep(0.01)
        return number

    def one(number: int) -> None:
        meeting.wait(20)
        ended = call(actor(work), number)
        results.append((ended.result, f"number {number}" in ended.output, ended.output.count("\n")))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(number, True, 1) for number in range(4)]


def test_isolated_actors_have_their_process() -> None:
    ended = new_run(schedule="nightly").call(describe_run)
    assert (ended.result["pid"] != os.getpid(), ended.result["schedule"]) == (True, "nightly")
    assert "printed\nwritten\n" in ended.output


def test_an_isolated_actor_that_blocks_is_cancelled(tmp_path: Path) -> None:
    run, marker, ends = Run(), tmp_path / "pid", []
    thread = threading.Thread(target=lambda: ends.append(run.call(block, str(marker))))
    thread.start()
    eventually(lambda: marker.exists() and marker.read_text())
    run.cancel()
    thread.join()
    assert ends[0].state is State.CANCELLED


def test_an_actor_that_needs_the_worker_itself_says_so() -> None:
    error = call(prune_history).error
    assert isinstance(error, LookupError)
    assert str(error).startswith("no worker of callsheet runs on")


def test_ctrl_c_stops_the_test_and_not_just_the_actor() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(actor(interrupted))
