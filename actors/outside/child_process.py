"""Run a program to its end, in a session and process group of its own, of which nothing is left afterwards."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from actors.outside.deadline import STEP_SECONDS
from actors.outside.process_groups import guarded, signal_group

GRACE_SECONDS = 2
"""From TERM to KILL."""

DRAIN_SECONDS = 0.5
"""How long children that outlive the program may go on writing."""

_PIECE_BYTES = 65536

# Waits until the guard knows of the process group, and gives up if this process dies or is interrupted before. Then the
# program takes the shell's place, so that its exit code and its children are its own. stderr is the gate until then.
_GATE = 'read -r go <&2 && exec "$@" 2>&1'


def run_to_end(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    stdin: bytes | None,
    write: Callable[[bytes], None],
    pass_fds: Sequence[int] = (),
) -> int:
    """Run the program at the path `argv[0]` and pass on what it writes, stdout and stderr together.

    Returns its exit code, or the negative number of the signal that ended it. Interrupts end the whole group.
    """
    with _started(argv, env, cwd, stdin is not None, pass_fds) as process, _pipes(process, stdin, write) as pipes:
        try:
            while process.poll() is None:
                pipes.move(STEP_SECONDS)
            pipes.drain(DRAIN_SECONDS)
        except BaseException:
            _end_gently(process, pipes)
            raise
        finally:
            signal_group(process.pid, signal.SIGKILL)
            pipes.drain(0)
        return process.returncode


def describe_exit(code: int) -> str:
    """What became of a program, in words that follow its name."""
    if code >= 0:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


@contextmanager
def _started(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, has_stdin: bool, pass_fds: Sequence[int]
) -> Iterator["subprocess.Popen[bytes]"]:
    gate, opener = os.pipe()
    with open(gate, "rb", 0) as gate_file, open(opener, "wb", 0) as opener_file:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GATE, "sh", *argv],
            bufsize=0,
            stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=gate_file,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            pass_fds=pass_fds,
        )
        try:
            with guarded(process.pid):
                opener_file.write(b"go\n")
                yield process
        finally:
            signal_group(process.pid, signal.SIGKILL)
            process.wait(timeout=GRACE_SECONDS)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()


def _end_gently(process: "subprocess.Popen[bytes]", pipes: "_Pipes") -> None:
    """TERM, and time to obey it. The output is still taken in: a full pipe would keep the program from ending."""
    signal_group(process.pid, signal.SIGTERM)
    ends = time.monotonic() + GRACE_SECONDS
    # Whoever holds the output open is still at work. That the group has members says less: they may be zombies.
    while (process.poll() is None or pipes.is_written_to()) and time.monotonic() < ends:
        pipes.move(STEP_SECONDS)


@contextmanager
def _pipes(
    process: "subprocess.Popen[bytes]", stdin: bytes | None, write: Callable[[bytes], None]
) -> Iterator["_Pipes"]:
    with selectors.DefaultSelector() as selector:
        yield _Pipes(process, stdin, write, selector)


class _Pipes:
    """Our ends of the program's pipes: its output is passed on to `write`, its input is fed to it."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        stdin: bytes | None,
        write: Callable[[bytes], None],
        selector: selectors.BaseSelector,
    ) -> None:
        self._process = process
        self._write = write
        self._rest = memoryview(stdin or b"")
        self._selector = selector
        for stream, event in ((process.stdout, selectors.EVENT_READ), (process.stdin, selectors.EVENT_WRITE)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, event)

    def move(self, seconds: float) -> bool:
        """Wait until data can go either way, or the program has ended, and move it. False if there was nothing."""
        if not self._selector.get_map():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=seconds)
            return False
        ready = self._selector.select(seconds)
        for key, event in ready:
            if event == selectors.EVENT_READ:
                self._take(key.fd)
            else:
                self._feed(key.fd)
        return bool(ready)

    def is_written_to(self) -> bool:
        """Whether some process still holds the other end of the output."""
        return self._process.stdout is not None and not self._process.stdout.closed

    def drain(self, seconds: float) -> None:
        """Take in what the program has written, and what its children write within `seconds`."""
        self._stop(self._process.stdin)
        ends = time.monotonic() + seconds
        while self._selector.get_map():
            left = ends - time.monotonic()
            moved = self.move(min(max(left, 0), STEP_SECONDS))
            if left <= 0 and (not moved or left < -DRAIN_SECONDS):
                break

    def _take(self, descriptor: int) -> None:
        data = os.read(descriptor, _PIECE_BYTES)
        if data:
            self._write(data)
        else:
            self._stop(self._process.stdout)

    def _feed(self, descriptor: int) -> None:
        try:
            self._rest = self._rest[os.write(descriptor, self._rest[:_PIECE_BYTES]) :]
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            self._stop(self._process.stdin)

    def _stop(self, stream: IO[bytes] | None) -> None:
        if stream is not None and not stream.closed:
            self._selector.unregister(stream)
            stream.close()
