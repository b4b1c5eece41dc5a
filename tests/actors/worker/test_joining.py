"""How a worker that stops waits for its threads."""

import threading
import time

import dramatiq.worker
import pytest
from dramatiq.brokers.stub import StubBroker

from actors.worker.keeping.joining import wait_as_long_as_told


def test_a_worker_that_stops_waits_for_its_last_thread_though_others_took_their_time_too() -> None:
    """Dramatiq's own wait was over after a fraction of the time, and the run was killed with the process."""
    wait_as_long_as_told(lambda: False)
    naps = [0.3, 0, 0, 0, 0, 0, 0, 0.8]
    threads = [threading.Thread(target=time.sleep, args=(nap,)) for nap in naps]
    for thread in threads:
        thread.start()
    dramatiq.worker.join_all(threads, 1500)
    assert not threads[-1].is_alive()


def test_a_worker_that_stops_waits_no_longer_than_it_was_told() -> None:
    wait_as_long_as_told(lambda: False)
    release = threading.Event()
    threads = [threading.Thread(target=release.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    before = time.monotonic()
    dramatiq.worker.join_all(threads, 300)
    assert 0.25 < time.monotonic() - before < 5
    release.set()


def test_a_worker_that_stops_waits_for_what_nothing_interrupts_beyond_its_time() -> None:
    thread = threading.Thread(target=time.sleep, args=(0.8,))
    wait_as_long_as_told(thread.is_alive)
    thread.start()
    dramatiq.worker.join_all([thread], 100)
    assert not thread.is_alive()


def test_a_worker_that_stops_asks_for_the_wait_that_we_replace(
    broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(dramatiq.worker, "join_all", lambda _threads, timeout: asked.append(timeout))
    dramatiq.Worker(broker).stop(700)
    assert set(asked) == {700}
