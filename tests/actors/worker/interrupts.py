"""Interrupt an actor as callsheet does: by an exception raised in its thread from another one."""

import threading
import time
from collections.abc import Callable

from dramatiq.middleware import Interrupt
from dramatiq.threading import raise_thread_exception

from actors.worker.running.current import CurrentRun, entered
from tests.waiting import eventually


class FakeCancel(Interrupt):
    pass


def seconds_until_interrupted(act: Callable[[], object], run: CurrentRun, is_blocked: Callable[[], object]) -> float:
    """Run `act` in a thread, interrupt it once `is_blocked`, and say how long it took to end by that interrupt."""
    ends: list[BaseException | None] = []

    def body() -> None:
        try:
            with entered(run):
                act()
            ends.append(None)
        except BaseException as error:  # noqa: BLE001 - what ended it is what the test asks
            ends.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    eventually(is_blocked)
    started = time.monotonic()
    run.ask_to_stop()
    raise_thread_exception(thread.ident, FakeCancel)
    thread.join(20)
    assert not thread.is_alive()
    assert isinstance(ends[0], FakeCancel), ends
    return time.monotonic() - started
