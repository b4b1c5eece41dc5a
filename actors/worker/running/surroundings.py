"""Surroundings: what a worker gives all its runs, for a process that is none, such as that of a test."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from dramatiq.asyncio import EventLoopThread, get_event_loop_thread, set_event_loop_thread

from actors.worker.running.log_capture import logs_captured

GRACE_SECONDS = 2
"""How long what asynchronous actors have left behind may take to end."""


class Surroundings:
    """An event loop for asynchronous actors, and the capture of logs, while anybody is inside. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._stack = ExitStack()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Who comes first sets up, who goes last clears away."""
        with self._lock:
            if self._inside == 0:
                self._stack.enter_context(_event_loop())
                self._stack.enter_context(logs_captured())
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._stack.close()


def start_event_loop() -> EventLoopThread:
    """The loop that this process's asynchronous actors run on; it does not keep the process alive."""
    loop = EventLoopThread(logging.getLogger("dramatiq.asyncio"))
    loop.daemon = True
    loop.start(timeout=5)
    set_event_loop_thread(loop)
    return loop


@contextmanager
def _event_loop() -> Iterator[None]:
    """One of our own, unless the process has one."""
    if get_event_loop_thread() is not None:
        yield
        return
    loop = start_event_loop()
    try:
        yield
    finally:
        set_event_loop_thread(None)
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_cancel_tasks(), loop.loop).result(GRACE_SECONDS)
        loop.stop()


async def _cancel_tasks() -> None:
    """End what actors have left behind, such as one that was slow to obey an interrupt."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
