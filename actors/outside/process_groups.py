"""Process groups that must not outlive this process.

A guard, a small process of its own, is told of every group. It reads from a pipe whose other end only this process
holds: when the pipe closes, however this process ended, the guard kills the groups that are left.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

_lock = threading.Lock()
_groups: set[int] = set()
_guard: "subprocess.Popen[bytes] | None" = None


@contextmanager
def guarded(group: int) -> Iterator[None]:
    """While inside, the guard knows of the group and kills it if this process dies."""
    try:
        _groups.add(group)
        _tell(f"+{group}\n")
        yield
    finally:
        _groups.discard(group)
        _tell(f"-{group}\n")


def signal_group(group: int, signal_number: int) -> bool:
    """Send a signal (0: none) to all members. False if there are none that we may signal."""
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _tell(line: str) -> None:
    global _guard  # noqa: PLW0603 - one guard for the process, started when first needed
    with _lock:
        if _guard is not None and _write(_guard, [line]):
            return
        _let_go()
        _guard = _start_guard()
        if not _write(_guard, [f"+{group}\n" for group in tuple(_groups)]):
            raise RuntimeError("the guard of process groups ended as soon as it was started")


def _write(guard: "subprocess.Popen[bytes]", lines: Iterable[str]) -> bool:
    if guard.poll() is not None or guard.stdin is None:
        return False
    try:
        guard.stdin.write("".join(lines).encode())
    except BrokenPipeError:
        return False
    return True


def _start_guard() -> "subprocess.Popen[bytes]":
    # In a session of its own: signals for the worker's group are not for the guard. Programs can read its environment,
    # so it has nothing there but what finds Python's own library.
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
        start_new_session=True,
    )


def _forget() -> None:
    """In a forked child: the groups are the parent's business, and so is the end of its pipe."""
    global _guard, _lock  # noqa: PLW0603 - see _tell
    _lock = threading.Lock()
    _groups.clear()
    if _guard is not None:
        _let_go()
        _guard.returncode = 0  # not ours to wait for
    _guard = None


def _dismiss() -> None:
    _let_go()
    if _guard is not None:
        with suppress(subprocess.TimeoutExpired):
            _guard.wait(timeout=1)


def _let_go() -> None:
    if _guard is not None and _guard.stdin is not None:
        _guard.stdin.close()


def _guard_groups() -> None:
    """What the guard does: note groups until the pipe closes, then kill the ones that are left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    _guard_groups()
else:
    os.register_at_fork(after_in_child=_forget)
    atexit.register(_dismiss)
