"""Forks: a child that an actor forks is a copy of the worker, and must not act as one.

Of its parent it has the handlers of signals, which would have it ignore its TERM and tell the parent of it; locks that
threads hold which it has not; and the rest of the worker's loop, into which it would fall by leaving the actor.
"""

import os
import signal
import sys
import threading
import traceback

from actors.worker.running.current import find_current_run

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_is_wanted = False
_is_child = False
_mask = threading.local()


def disown_children() -> None:
    """From now on children that this process forks are processes of their own."""
    global _is_wanted  # noqa: PLW0603 - a process has one
    if not _is_wanted:
        _is_wanted = True
        os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_begin_anew)


def is_child() -> bool:
    """Whether this process was forked by an actor."""
    return _is_child


def end_child() -> None:
    """Nothing in a process that is no such child. The child ends: with code 0 where it comes here by a return, else as
    Python ends with the exception that is under way."""
    if _is_child:
        code = _exit_code(sys.exception())
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _hold_signals() -> None:
    """Until the child has its own handlers: one that is sent at once must not be lost."""
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _begin_anew() -> None:
    global _is_child  # noqa: PLW0603 - likewise
    _is_child = True
    for number in _SIGNALS:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        if callable(signal.getsignal(number)):  # what the worker ignores its children ignore
            signal.signal(number, default)
    signal.set_wakeup_fd(-1)  # it is the parent's, who would take our signals for its own
    # In a worker these are one pipe to Dramatiq's master, in which what two processes write gets mixed up.
    sys.stdout, sys.stderr = sys.__stdout__ or sys.stdout, sys.__stderr__ or sys.stderr
    if (run := find_current_run()) is not None:
        run.output.begin_anew()
    _release_signals()


def _exit_code(error: BaseException | None) -> int:
    match error:
        case None | SystemExit(code=None):
            return 0
        case SystemExit(code=int(code)):
            return code & 0xFF
        case SystemExit():
            print(error.code, file=sys.stderr)
        case _:
            traceback.print_exception(error)
    return 1
