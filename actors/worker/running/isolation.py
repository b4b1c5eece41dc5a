"""Isolation: an actor with `isolation="process"` runs in a process of its own, one for each attempt.

Such a process can be killed whatever it does: a limit or a cancel sends it TERM, which raises Interrupt in its main
thread, and two seconds later KILL. If it crashes, the attempt has failed and the worker lives on.
"""

import json
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from actors.outside.child_process import describe_exit, run_to_end
from actors.worker.running.checkpoint import PassedCheckpoints, WrittenCheckpoints
from actors.worker.running.current import CurrentRun, current_run
from actors.worker.running.progress import SHARED_BYTES, PassedHowFar
from config.settings import Settings, get_settings

ISOLATION = "process"
"""The one value of the option."""

_PASSED = {each.name for each in fields(CurrentRun) if not each.name.startswith("_")} - {
    "output",
    "started",
    "checkpoints",
    "how_far",
}

# Not by PYTHONPATH, which every Python that the actor starts would inherit.
_ENTRY = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); from actors.worker.running.isolated import main; main()"
)


class ActorProcessDied(Exception):
    """The actor's process ended without returning or raising: it crashed, or something killed it."""


class RemoteTraceback(Exception):
    """Where in the actor's process an exception was raised; the cause of that exception here."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


@dataclass(frozen=True)
class Call:
    """What the process is asked to do. `module` declares the actor; `run` are the fields of the current run, and
    `settings` those of the worker, which has them from more than the environment in `callsheet up`."""

    settings: Settings
    module: str
    actor: str
    run: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    checkpoints: WrittenCheckpoints
    memory: int
    """The number of the file that its progress is written to."""
    is_json: bool

    @property
    def may_send(self) -> bool:
        """Whether messages that the process sends reach anybody: queues inside the worker are out of its reach."""
        return not self.settings.amqp.is_local


@dataclass(frozen=True)
class Answer:
    """How the call ended: with a result, as JSON has it, or with an exception and its words.

    `pickled` is the exception itself, None where it can't be pickled.
    """

    result: Any = None
    error_type: str | None = None
    message: str = ""
    traceback: str = ""
    pickled: bytes | None = None


def call_isolated(module: str, actor: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_json: bool) -> Any:
    """Call the actor that `module` declares, by its contract, in a process of its own; returns or raises what it does
    there.

    What it prints is the output of the current run, what it logs that and the worker's log. Raises ActorProcessDied.
    """
    run = current_run()
    with (
        tempfile.TemporaryFile() as answers,
        _worker_log() as log,
        _checkpoints_of(run) as written,
        _progress_of(run) as memory,
    ):
        call = Call(get_settings(), module, actor, _fields(run), args, kwargs, written, memory, is_json)
        code = run_to_end(
            [sys.executable, "-c", _ENTRY, str(answers.fileno()), str(log.fileno()), json.dumps(sys.path)],
            os.environ,
            Path.cwd(),
            pickle.dumps(call),
            run.output.write,
            pass_fds=(answers.fileno(), log.fileno(), memory),
        )
        answers.seek(0)
        data = answers.read()
    if code or not data:
        raise ActorProcessDied(f"the process of the actor {describe_exit(code)}")
    return _unwrap(pickle.loads(data))  # noqa: S301 - written by our own child


def _fields(run: CurrentRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in _PASSED} | {"time_limit_seconds": run.remaining_seconds()}


@contextmanager
def _checkpoints_of(run: CurrentRun) -> Iterator[WrittenCheckpoints]:
    """A file for those of the process, which are the run's as soon as they are written."""
    with tempfile.TemporaryDirectory() as folder:
        written = WrittenCheckpoints(Path(folder) / "checkpoint")
        run.checkpoints = PassedCheckpoints(written)
        try:
            yield written
        finally:
            run.checkpoints.unsaved()  # the last time that there is a file


@contextmanager
def _progress_of(run: CurrentRun) -> Iterator[int]:
    """A file for that of the process, which the run goes on reading when it is closed here. It has all its room: on a
    full disk a write to the map would kill the process."""
    with tempfile.TemporaryFile() as memory:
        memory.write(bytes(SHARED_BYTES))
        memory.flush()
        run.how_far = PassedHowFar(memory.fileno())
        yield memory.fileno()


def _worker_log() -> BinaryIO:
    """Standard error under another number, as the process gets a standard error of its own."""
    return os.fdopen(os.dup((sys.__stderr__ or sys.stderr).fileno()), "wb", 0)


def _unwrap(answer: Answer) -> Any:
    if answer.error_type is None:
        return answer.result
    raise _error(answer) from RemoteTraceback(answer.traceback)


def _error(answer: Answer) -> BaseException:
    error: BaseException
    if answer.pickled is not None:
        error = pickle.loads(answer.pickled)  # noqa: S301 - likewise
    else:
        error = type(answer.error_type or "", (Exception,), {})(answer.message)
    return error
