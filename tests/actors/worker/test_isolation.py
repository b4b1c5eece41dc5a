"""Actors in processes of their own: what goes in, what comes out, and that they can always be ended."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dramatiq
import psutil
import pytest
from dramatiq.middleware import MiddlewareError

from actors.worker.running.current import CurrentRun
from actors.worker.running.isolation import ActorProcessDied, call_isolated
from config.sections import LOCAL_AMQP_URL
from config.settings import load_settings, use_settings
from tests.actors.conftest import RUN_ID
from tests.actors.worker.interrupts import seconds_until_interrupted
from tests.waiting import eventually

MODULE = "tests.actors.worker.isolated_actors"


@pytest.fixture
def in_up() -> Iterator[None]:
    """The settings that `callsheet up` gives its process, and not its environment."""
    use_settings(load_settings({"AMQP_URL": LOCAL_AMQP_URL, "CALLSHEET_RUN_PROCESS__ALLOW": '["told"]'}))
    yield
    use_settings(None)


def call(actor: str, *args: Any, **kwargs: Any) -> Any:
    return call_isolated(MODULE, actor, args, kwargs, is_json=False)


def test_it_knows_its_run_and_what_it_prints_writes_and_logs_is_the_output(run: CurrentRun) -> None:
    result = call("describe_run")
    assert result.pop("pid") != os.getpid()
    assert result == {"id": str(RUN_ID), "schedule": "nightly", "attempt": 2}
    printed, written, logged = run.output.text()[0].splitlines()
    assert (printed, written) == ("printed", "written")
    assert "logged" in logged
    assert str(RUN_ID) not in logged


def test_an_asynchronous_actor(run: CurrentRun) -> None:
    assert call("wait_a_little", seconds=0.01) == "waited"


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("plain", "ValueError", "no good"),
        ("retry", "Retry", "later"),
        ("unpicklable", "Unpicklable", "one"),
        ("exit", "SystemExit", "3"),
    ],
)
def test_an_exception_comes_through_with_its_traceback(run: CurrentRun, kind: str, error: str, message: str) -> None:
    with pytest.raises(BaseException) as caught:
        call("fail", kind)
    assert (type(caught.value).__name__, str(caught.value)) == (error, message)
    assert "isolated_actors.py" in str(caught.value.__cause__)


def test_a_retry_keeps_its_delay(run: CurrentRun) -> None:
    with pytest.raises(dramatiq.errors.Retry) as caught:
        call("fail", "retry")
    assert caught.value.delay == 1500


@pytest.mark.parametrize(("kind", "words"), [("crash", "was ended by SIGSEGV"), ("vanish", "ended with exit code 5")])
def test_a_crash_fails_the_run_and_not_the_worker(run: CurrentRun, kind: str, words: str) -> None:
    with pytest.raises(ActorProcessDied, match=words):
        call("fail", kind)


@pytest.mark.parametrize("swallow", [False, True], ids=["in-c", "bare-except"])
def test_an_interrupt_ends_it_whatever_it_does(
    new_run: Callable[..., CurrentRun], tmp_path: Path, swallow: bool
) -> None:
    marker = tmp_path / "pid"
    assert seconds_until_interrupted(lambda: call("block", str(marker), swallow), new_run(), is_written(marker)) < 4
    eventually(lambda: not psutil.pid_exists(int(marker.read_text())))


def test_it_may_clean_up(new_run: Callable[..., CurrentRun], tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    assert seconds_until_interrupted(lambda: call("clean_up", str(marker)), new_run(), is_written(marker)) < 2
    assert marker.read_text() == "cleaned up, should_stop() is True"


def is_written(marker: Path) -> Callable[[], object]:
    return lambda: marker.exists() and marker.read_text()


def test_another_kind_of_isolation_is_refused() -> None:
    with pytest.raises(MiddlewareError, match="isolation must be 'process'"):
        dramatiq.actor(lambda: None, actor_name="odd", isolation="thread")


@pytest.mark.usefixtures("in_up")
def test_it_has_the_settings_of_its_worker(run: CurrentRun) -> None:
    assert call("allowed_programs") == ["told"]


@pytest.mark.usefixtures("in_up")
def test_it_says_so_where_its_messages_would_be_lost(run: CurrentRun) -> None:
    with pytest.raises(RuntimeError, match="RabbitMQ"):
        call("send_on")


def test_what_it_starts_inherits_no_path_of_ours(run: CurrentRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert call("python_path") is None


@pytest.mark.parametrize(
    ("way", "result"), [("terminate", [-15]), ("return", ["of the parent", 0]), ("raise", ["of the parent", 1])]
)
def test_its_children_end_as_children_do_and_answer_nothing(run: CurrentRun, way: str, result: list[Any]) -> None:
    assert call("fork", way) == result
