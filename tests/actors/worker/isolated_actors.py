"""Actors with `isolation="process"`, for the tests of that."""

import asyncio
import contextvars
import ctypes
import logging
import multiprocessing
import os
import threading
import time
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.errors import Retry

from actors.worker.running.current import current_run, should_stop
from config.settings import get_settings


class Unpicklable(Exception):
    """Needs two arguments and remembers one, so that unpickling it fails."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


@dramatiq.actor(isolation="process")
def describe_run() -> dict[str, Any]:
    """Tell which run it is, and that this is another process."""
    run = current_run()
    print("printed")
    run.output.write("written\n")
    logging.getLogger("mine").warning("logged")
    return {"pid": os.getpid(), "id": str(run.run_id), "schedule": run.schedule, "attempt": run.attempt}


@dramatiq.actor(isolation="process")
async def wait_a_little(seconds: float) -> str:
    """Be asynchronous."""
    await asyncio.sleep(seconds)
    return "waited"


@dramatiq.actor(isolation="process")
def fail(kind: str) -> None:
    """Raise in the given way."""
    match kind:
        case "plain":
            raise ValueError("no good")
        case "retry":
            raise Retry("later", delay=1500)
        case "unpicklable":
            raise Unpicklable("one", "two")
        case "exit":
            raise SystemExit(3)
        case "crash":
            ctypes.string_at(0)
        case "vanish":
            os._exit(5)


@dramatiq.actor(isolation="process")
def block(marker: str, swallow: bool = False) -> None:
    """Block in C code, outside Python's reach; or swallow every interrupt."""
    Path(marker).write_text(str(os.getpid()))
    if not swallow:
        ctypes.CDLL(None).sleep(60)
        ctypes.CDLL(None).sleep(60)
    while True:
        try:  # noqa: SIM105 - this is what people write
            time.sleep(60)
        except:  # noqa: E722, S110
            pass


@dramatiq.actor(isolation="process")
def send_on() -> None:
    """Send a message."""
    describe_run.send()


@dramatiq.actor(isolation="process")
def allowed_programs() -> list[str]:
    """Ask the settings."""
    return get_settings().run_process.allow


@dramatiq.actor(isolation="process")
def python_path() -> str | None:
    """What another Python would inherit."""
    return os.environ.get("PYTHONPATH")


@dramatiq.actor(isolation="process")
def clean_up(marker: str) -> None:
    """Wait until it is told to end, and note that it was."""
    Path(marker).write_text(str(os.getpid()))
    try:
        time.sleep(60)
    finally:
        Path(marker).write_text(f"cleaned up, should_stop() is {should_stop()}")


class Size(Enum):
    """Of this module, which the actor's process imports."""

    SMALL = "small"


@dramatiq.actor(isolation="process")
def day_of_size(day: date, size: Size) -> list[str]:
    """Tell what it was handed."""
    return [type(day).__name__, size.name]


@dramatiq.actor(isolation="process")
def fork(way: str) -> list[Any]:
    """Fork in the given way; what the parent says of it."""
    if way == "terminate":
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
        child.terminate()
        child.join(5)
        return [child.exitcode]
    if not (pid := os.fork()):
        if way == "raise":
            raise ValueError("of the child")
        return ["of the child"]
    return ["of the parent", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]


@dramatiq.actor(isolation="process")
def make_progress(times: int) -> None:
    """Say so, often, in a thread that has the context."""

    def work() -> None:
        for number in range(1, times + 1):
            current_run().progress(number, times, "in a thread")

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
    thread.start()
    thread.join()


@dramatiq.actor(isolation="process")
def print_slowly(lines: int) -> None:
    """Print without flushing."""
    for number in range(lines):
        print(f"line {number}")
        time.sleep(0.2)
