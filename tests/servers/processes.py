"""Programs that tests start: each in a session of its own, noted in its folder, ended with all its children.

The notes let the keeper (keeper.py) end what a killed test process left behind.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.waiting import eventually

ENDED = "callsheet-test-run-ended"
GRACE_SECONDS = 5
KILL_SECONDS = 20
CLOCK_STEP_SECONDS = 5


def start_program(
    name: str,
    argv: Sequence[str | Path],
    folder: Path,
    env: Mapping[str, str],
    *,
    user: str | None = None,
    end_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a program whose output goes to `<folder>/<name>.log`; the keeper ends it with `end_signal`."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **as_user(user),
        )
    note = {"pid": process.pid, "created": psutil.Process(process.pid).create_time(), "signal": int(end_signal)}
    (folder / f"{name}.process").write_text(json.dumps(note))
    # The keeper marks the end before it reads the notes, so one of both sees this process.
    if (folder.parent / ENDED).exists():
        kill(process)
        raise RuntimeError(f"{name} was started after the end of the test run")
    return process


def as_user(user: str | None) -> dict[str, object]:
    """Arguments of Popen that run a program as this user, without the groups of the present one."""
    if user is None:
        return {}
    import pwd  # does not exist on every system

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def wait_until_ready(
    process: subprocess.Popen[bytes], is_ready: Callable[[], object], timeout: float, folder: Path
) -> None:
    """Raises RuntimeError with the ends of the logs in `folder` when the program ends or is late; it is gone then."""

    def look() -> object:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode} before it was ready")
        return is_ready()

    try:
        eventually(look, timeout, "the server was not ready")
    except (AssertionError, RuntimeError) as error:
        kill(process)
        shown = "\n".join(f"--- {path}\n{_tail(path)}" for path in sorted(folder.rglob("*.log")))
        raise RuntimeError(f"{error}\n{shown}") from None


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the program and everything below it; returns when all of it is gone."""
    family = _session(process.pid)
    if process.poll() is None:
        family.add(psutil.Process(process.pid))
    _kill_family(family)
    process.wait(timeout=GRACE_SECONDS)


def end_noted(folder: Path) -> None:
    """End every program noted in the server folders below `folder`; nothing can be started in them afterwards."""
    (folder / ENDED).touch()
    for path in folder.glob("*/*.process"):
        with suppress(ValueError):  # a note that was never written to its end
            _end(**json.loads(path.read_text()))


def _end(pid: int, created: float, signal: int) -> None:
    family = _session(pid)
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(pid)
        # A start time is worked out from the boot time, which moves when the clock is set.
        if abs(leader.create_time() - created) > CLOCK_STEP_SECONDS:
            return
        family |= {leader, *leader.children(recursive=True)}
        leader.send_signal(signal)
        with suppress(AssertionError):
            eventually(lambda: not _is_alive(leader), GRACE_SECONDS)
    _kill_family(family)


def _session(pid: int) -> set[psutil.Process]:
    """All processes of the session that this process leads or once led."""
    members = set()
    for candidate in psutil.pids():
        with suppress(OSError, psutil.NoSuchProcess):
            if os.getsid(candidate) == pid:
                members.add(psutil.Process(candidate))
    return members


def _kill_family(family: set[psutil.Process]) -> None:
    for process in list(family):
        with suppress(psutil.NoSuchProcess):
            family.update(process.children(recursive=True))
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    eventually(lambda: not any(map(_is_alive, family)), KILL_SECONDS, "killed processes did not end")


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tail(path: Path, lines: int = 80) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
