"""Time limits, cancels and what actors make of them, without a worker."""

import asyncio
import contextlib
import threading
import time

from actors.context import current_run, should_stop
from actors.testing import Run, call, new_run
from actors.worker.running.interrupts import Cancelled, TimeLimitExceeded
from models.words.states import Outcome, State
from tests.actors.testing.declared import actor


def waits(swallow: bool = False) -> None:
    woken = threading.Event()
    with current_run().on_interrupt(woken.set), contextlib.suppress(BaseException if swallow else ()):
        while True:
            time.sleep(0.01)
    assert woken.is_set()
    assert should_stop()
    raise LookupError("cleaned up")


def test_a_time_limit_interrupts() -> None:
    ended = new_run(time_limit_seconds=0.05).call(actor(waits))
    assert (ended.outcome, ended.state) == (Outcome.TIMED_OUT, State.FAILED)
    assert isinstance(ended.error, TimeLimitExceeded)


def test_a_cancel_after_a_while_interrupts() -> None:
    ended = new_run(cancel_after_seconds=0.05, max_retries=3).call(actor(waits))
    assert (ended.outcome, ended.state) == (Outcome.CANCELLED, State.CANCELLED)
    assert isinstance(ended.error, Cancelled)


def test_an_interrupted_actor_may_clean_up() -> None:
    assert isinstance(new_run(cancel_after_seconds=0.05).call(actor(waits), True).error, LookupError)


def test_another_thread_may_cancel() -> None:
    run, begun = Run(), threading.Event()

    def wait() -> None:
        begun.set()
        waits()

    def cancel() -> None:
        begun.wait(20)
        run.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    assert run.call(actor(wait)).state is State.CANCELLED
    thread.join()


def test_an_actor_that_prefers_to_end_by_itself_succeeds() -> None:
    def obey() -> str:
        while not should_stop():
            with contextlib.suppress(Cancelled):
                time.sleep(0.01)
        return "obeyed"

    assert new_run(cancel_after_seconds=0.05).call(actor(obey)).result == "obeyed"


def test_asynchronous_actors() -> None:
    async def work(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return str(current_run().attempt)

    assert call(actor(work), 0).result == "1"
    assert new_run(time_limit_seconds=0.05).call(actor(work), 60).outcome is Outcome.TIMED_OUT


def test_an_asynchronous_actor_that_is_slow_to_obey_was_interrupted_too_and_is_not_left_behind() -> None:
    left: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            left.append("cleaning up")
            try:
                await asyncio.sleep(60)
            finally:
                left.clear()

    ended = new_run(cancel_after_seconds=0.05).call(actor(work))
    assert (ended.state, type(ended.error)) == (State.CANCELLED, RuntimeError)
    assert left == []
