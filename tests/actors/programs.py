"""Programs that `run_process` starts in tests, and what is seen of them."""

from pathlib import Path
from typing import Any

import psutil

from actors.context import CurrentRun
from actors.run_process import run_process
from tests.waiting import eventually

call = run_process.fn


def output(run: CurrentRun) -> str:
    return run.output.text()[0]


def sh(script: str, **arguments: Any) -> Any:
    return call(["/bin/sh", "-c", script], **arguments)


def shell(command: str) -> Any:
    return call(command, True)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(path: Path) -> int:
    """The number that a script writes to `path`, once it is there."""
    return int(eventually(lambda: path.exists() and path.read_text().strip()))
