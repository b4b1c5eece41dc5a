"""What the process of an isolated actor does: one call, whose end it writes to the file it was given.

Its standard output and error are the run's output; the worker's own standard error, where its log goes, is handed on.
"""

import json
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import dramatiq
import structlog
from dramatiq.middleware import Interrupt

from actors.worker.contracts.contract import Contract, contract_of
from actors.worker.running.clean import clean_result, describe_error
from actors.worker.running.current import CurrentRun, entered
from actors.worker.running.forks import disown_children, end_child
from actors.worker.running.isolation import Answer, Call
from actors.worker.running.log_capture import capture_logs, log_context
from actors.worker.running.output import Output
from actors.worker.running.progress import WrittenHowFar
from actors.worker.running.surroundings import start_event_loop
from config.credentials import hide_process
from config.logging import configure_logging
from config.sections import Log
from config.settings import use_settings
from config.telemetry import switch

TELL_SECONDS = 0.5
"""So long a process that has done its work waits for a collector of spans."""


class _Inherited(Output):
    """The output as this process has it: the worker reads the other end, and bounds and masks it there."""

    def __init__(self) -> None:
        super().__init__(0)

    def write(self, data: bytes | str) -> None:
        """Pass it on."""
        sys.stdout.flush()
        rest = memoryview(data.encode("utf-8", errors="replace") if isinstance(data, str) else data)
        while rest:
            rest = rest[os.write(sys.__stdout__.fileno(), rest) :]  # type: ignore[union-attr]

    def cut(self, remark: str) -> None:
        """Pass it on."""
        self.write(remark)


def main() -> None:
    """Read the call from standard input and carry it out."""
    hide_process()
    with os.fdopen(int(sys.argv[1]), "wb") as answers:
        call: Call = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our own parent
        use_settings(call.settings)
        disown_children()
        if not call.may_send:
            dramatiq.get_broker().enqueue = _refuse_message  # type: ignore[method-assign]
        _log_to(int(sys.argv[2]), call.settings.log)
        switch.start("callsheet-worker", is_local=not call.may_send)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what it prints is read while it runs
        how_far = WrittenHowFar(call.memory)
        run = CurrentRun(**call.run, output=_Inherited(), checkpoints=call.checkpoints, how_far=how_far)
        if (tracer := switch.tracer()) is not None:
            tracer.follow(run.trace)
        answer = _carry_out(call, run)
        pickle.dump(answer, answers)
        switch.stop(TELL_SECONDS)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that the actor has left behind hold nothing up


def _refuse_message(*_: Any, **__: Any) -> NoReturn:
    # Its own broker would look for a RabbitMQ that is not there.
    raise RuntimeError("an isolated actor can send messages only where there is a RabbitMQ")


def _log_to(descriptor: int, log: Log) -> None:
    """Log as a worker does, but to its standard error: this process's own is output."""
    configure_logging(log, os.fdopen(descriptor, "w"))
    capture_logs()


def _carry_out(call: Call, run: CurrentRun) -> Answer:
    try:
        contract = _find(call)
        structlog.contextvars.bind_contextvars(**log_context(run))
        signal.signal(signal.SIGTERM, _interrupter(run))
        with entered(run):
            try:
                result = contract.call(call.args, call.kwargs, is_json=call.is_json)
            finally:
                end_child()  # the answer is its parent's to write
        text = clean_result(result)
        return Answer(result=None if text is None else json.loads(text))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the worker decides what it means
        return _failure(error)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _find(call: Call) -> Contract:
    import_module(call.module)
    start_event_loop()
    return contract_of(dramatiq.get_broker().get_actor(call.actor).fn)


def _interrupter(run: CurrentRun) -> Callable[[int, object], None]:
    def interrupt(_signum: int, _frame: object) -> None:
        run.ask_to_stop()
        raise Interrupt

    return interrupt


def _failure(error: BaseException) -> Answer:
    words = "".join(traceback.format_exception(error))
    return Answer(None, type(error).__name__, describe_error(error), words, _pickled(error))


def _pickled(error: BaseException) -> bytes | None:
    """The exception, if it survives the journey."""
    try:
        data = pickle.dumps(error)
        pickle.loads(data)  # noqa: S301 - just made
    except Exception:  # noqa: BLE001 - user code again
        return None
    return data
