"""How a worker that stops waits for its threads."""

import threading
import time

import dramatiq.worker

from actors.worker.wiring import make_middleware
from config.settings import load_settings


def test_a_worker_that_stops_waits_for_its_last_thread_though_others_took_their_time_too() -> None:
    """Dramatiq's own wait was over after a fraction of the time, and the run was killed with the process."""
    make_middleware(load_settings({}))
    naps = [0.3, 0, 0, 0, 0, 0, 0, 0.8]
    threads = [threading.Thread(target=time.sleep, args=(nap,)) for nap in naps]
    for thread in threads:
        thread.start()
    dramatiq.worker.join_all(threads, 1500)
    assert not threads[-1].is_alive()


def test_a_worker_that_stops_waits_no_longer_than_it_was_told() -> None:
    make_middleware(load_settings({}))
    release = threading.Event()
    threads = [threading.Thread(target=release.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    before = time.monotonic()
    dramatiq.worker.join_all(threads, 300)
    assert 0.25 < time.monotonic() - before < 5
    release.set()
