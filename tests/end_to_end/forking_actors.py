"""Actors that fork, with the ways in which a child is a copy of its worker."""

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dramatiq

from actors.context import current_run, worker_engine

FORKS = multiprocessing.get_context("fork")
READER, WRITER = os.pipe()
os.set_blocking(READER, False)
os.set_blocking(WRITER, False)
signal.set_wakeup_fd(WRITER)
signal.signal(signal.SIGUSR1, lambda _signum, _frame: None)


def child(work: Callable[..., object], *args: object) -> int | None:
    """The exit code of a child that does this; None where it does not end."""
    process = FORKS.Process(target=work, args=args)
    process.start()
    process.join(10)
    if process.exitcode is None:
        process.kill()
        return None
    return process.exitcode


@dramatiq.actor
def end_children() -> list[int | None]:
    """Send each signal to a child at once, and to one that is at work; how they end."""
    codes = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        for is_at_work in (False, True):
            entered = FORKS.Event()
            process = FORKS.Process(target=lambda entered=entered: (entered.set(), time.sleep(60)))
            process.start()
            if is_at_work:
                entered.wait(10)
            os.kill(process.pid or 0, number)
            process.join(5)
            codes.append(process.exitcode)
            process.kill()
    return codes


@dramatiq.actor
def leave_a_pool() -> str:
    """Leave a pool whose children are at work."""
    with FORKS.Pool(2) as pool:
        pool.map_async(time.sleep, [60, 60, 60])
        time.sleep(0.2)
    return "left"


@dramatiq.actor
def signal_oneself() -> list[object]:
    """What arrives in this process of a signal that a child has a handler for."""
    code = child(lambda: (os.kill(os.getpid(), signal.SIGUSR1), time.sleep(0.1)))
    try:
        return [code, len(os.read(READER, 100))]
    except BlockingIOError:
        return [code, 0]


@dramatiq.actor
def fork_and_leave(way: str, marker: str) -> int:
    """Fork as in C, and have the child leave the actor in the given way; its exit code."""
    pid = os.fork()
    if not pid:
        with Path(marker).open("a") as file:
            file.write(f"{os.getpid()}\n")
        if way == "raise":
            raise ValueError("of the child")
        if way == "exit":
            sys.exit(3)
        return 0
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1000


@dramatiq.actor
def log_in_a_child() -> int | None:
    """Log and write in a child, while other threads of this process hold the locks of both."""
    run, held, done = current_run(), threading.Event(), threading.Event()

    def hold() -> None:
        handlers = [each for each in logging.getLogger().handlers if each.lock]
        with run.output._lock:
            for handler in handlers:
                handler.acquire()
            held.set()
            done.wait()
            for handler in handlers:
                handler.release()

    threading.Thread(target=hold).start()
    held.wait()
    try:
        code = child(_say, "of the child")
    finally:
        done.set()
    _say("of the run")
    return code


def _say(words: str) -> None:
    logging.getLogger("mine").warning("logged %s", words)
    current_run().output.write(f"written {words}\n")
    print("printed", words, "x" * 100_000)


@dramatiq.actor
def work() -> None:
    """Do nothing."""


@dramatiq.actor
def send_from_both(times: int) -> int | None:
    """Send messages from this process and from a child at once; the child's exit code."""
    work.send()  # so that this thread has a connection
    return _in_both(_send, times)


def _send(times: int) -> None:
    for _ in range(times):
        work.send()


@dramatiq.actor
def ask_from_both(times: int) -> int | None:
    """Ask the database from this process and from a child at once; the child's exit code."""
    return _in_both(_ask, times)


def _ask(times: int) -> None:
    for number in range(times):
        with worker_engine().connect() as connection:
            assert connection.exec_driver_sql(f"SELECT {number}").scalar_one() == number


def _in_both(do: Callable[[int], None], times: int) -> int | None:
    process = FORKS.Process(target=do, args=(times,))
    process.start()
    do(times)
    process.join(10)
    code = process.exitcode
    process.kill()
    return code


@dramatiq.actor(time_limit=1000)
def block_in_c() -> None:
    """Sleep where Python has no say."""
    ctypes.CDLL(None).sleep(977)


@dramatiq.actor(time_limit=1000)
def join_a_child(marker: str) -> None:
    """Wait without end for a child that nothing but a kill ends."""
    process = FORKS.Process(target=_stay, args=(marker,))
    process.start()
    process.join()


def _stay(marker: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(marker).write_text(str(os.getpid()))
    time.sleep(600)


@dramatiq.actor
async def block_the_loop() -> None:
    """Keep all asynchronous actors from going on."""
    ctypes.CDLL(None).sleep(977)
