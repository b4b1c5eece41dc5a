"""Actors that misbehave in every way, for the tests of what becomes of their runs."""

# ruff: noqa: E722 - they catch what they should not

import ctypes
import functools
import inspect
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dramatiq
import structlog
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors.worker.running.current import current_run
from config.settings import get_settings


class Refusing(dramatiq.Middleware):
    """Keeps messages from their actor, in each way that Dramatiq has."""

    def before_process_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        if message.actor_name == "refused":
            way = message.kwargs["kind"]
            if way in ("failed", "failed and skipped"):
                message.fail()
            if way in ("skipped", "failed and skipped"):
                raise SkipMessage("not today")
            if way == "broken":
                raise RuntimeError("of its own")


dramatiq.get_broker().add_middleware(Refusing())


class Mute(Exception):
    """Its words can't be had."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@dramatiq.actor
def refused(kind: str) -> str:
    """Whether it is called is its middleware's to say."""
    return kind


@dramatiq.actor
def odd_result(kind: str) -> Any:
    """Return something that is not JSON, or not storable."""
    looped: list[Any] = []
    looped.append(looped)
    return {
        "nul": lambda: "a \x00 and \ud800",
        "huge": lambda: "x" * 100_000_000,
        "looped": lambda: looped,
        "unpicklable": lambda: {"lock": threading.Lock()},
        "nan": lambda: float("nan"),
    }[kind]()


@dramatiq.actor
def odd_end(kind: str) -> None:
    """Write odd output, and end oddly."""
    current_run().output.write(b"\xff\xfe invalid, nul \x00\n")
    match kind:
        case "mute":
            raise Mute
        case "surrogate":
            raise ValueError("nul \x00, surrogate \ud800")
        case "exit":
            sys.exit(3)
        case "huge":
            raise ValueError("x" * 10_000_000)


@dramatiq.actor
def talk(lines: int = 1) -> None:
    """Log by the standard library and by structlog."""
    for number in range(lines):
        logging.getLogger("mine").warning("line %s", number)
        structlog.get_logger("yours").info("counted", number=number)


@dramatiq.actor(time_limit=1000)
def loop_for_ever(swallow: bool) -> None:
    """Loop, and catch whatever comes or not."""
    while True:
        try:
            time.sleep(0.01)
        except:
            if not swallow:
                raise


@dramatiq.actor(isolation="process")
def block_in_c(marker: str) -> None:
    """Sleep where Python has no say, and say so before."""
    print("about to block", flush=True)
    Path(marker).touch()
    while True:
        ctypes.CDLL(None).sleep(977)


@dramatiq.actor(isolation="process")
def crash_alone() -> None:
    """Crash in a process of its own."""
    ctypes.string_at(0)


@dramatiq.actor
def crash() -> None:
    """Crash, and the worker process with it."""
    ctypes.string_at(0)


@dramatiq.actor
def halve() -> None:
    """Leave a process without its main thread, which does not end by itself; the second time return."""
    if current_run().attempt > 1:
        return
    threading.Thread(target=time.sleep, args=[600]).start()
    main = threading.main_thread().ident
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main or 0), ctypes.py_object(MemoryError))
    time.sleep(600)


@dramatiq.actor
def linger(seconds: float = 2) -> int:
    """Wait a little; the number of the worker process."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.05)
    return os.getpid()


def with_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function what no caller gives."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("session", *args, **kwargs)

    signature = inspect.signature(function, eval_str=True)
    wrapper.__signature__ = signature.replace(parameters=[*signature.parameters.values()][1:])  # type: ignore[attr-defined]
    return wrapper


@dramatiq.actor
@with_session
def load_day(session: str, day: date, *, whole: bool = True) -> list[str]:
    """Tell what it was handed."""
    return [session, type(day).__name__, str(day)]


@dramatiq.actor
def lazily() -> Iterator[int]:
    """Do nothing until somebody loops over it."""
    yield 1


@dramatiq.actor
def tell_all(kind: str) -> Any:
    """Tell what this process was started with and what its settings are, in the given way."""
    settings = get_settings()
    urls = [settings.database.url, settings.amqp.url, settings.http.admin_token]
    everything = {"environ": dict(os.environ), "settings": [url.get_secret_value() for url in urls if url]}
    match kind:
        case "raise":
            raise ValueError(json.dumps(everything))
        case "log":
            logging.getLogger("mine").warning("all: %s", everything)
        case "write":
            current_run().output.write(repr(everything))
    return everything
