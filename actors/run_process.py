"""The actor `run_process`: start a program on the worker's machine."""

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path
from typing import Any

import dramatiq

from actors.context import CurrentRun, current_run, identity_of
from actors.outside.child_process import describe_exit, run_to_end
from actors.outside.variables import steers
from config.settings import get_settings

SETTING = "run_process.allow"
ENV_SETTING = "run_process.allow_env"

_SHELL = "/bin/sh"


class CommandNotAllowed(Exception):
    """No pattern in the settings matches the command, or a variable that would make it run other code."""


class UnexpectedExit(Exception):
    """The program ended with another exit code than the expected ones, or by a signal."""


@dramatiq.actor
def run_process(
    argv: list[str] | str,
    shell: bool = False,
    env: dict[str, str] | None = None,
    cwd: str | None = None,
    stdin: str | None = None,
    ok_exit_codes: list[int] | None = None,
) -> dict[str, Any]:
    """Run a program on the worker's machine. What it writes to stdout and stderr is the run's output.

    When the program ends, so do all processes of its group. When the run is cancelled or out of time, the group gets
    a TERM, and two seconds later a KILL. A process that moved to a session of its own (`setsid`) escapes both.

    The setting `run_process.allow` lists patterns for the programs that may be started; without any, none may be.
    `*` allows everything. A pattern with a slash, such as `/usr/bin/*`, is compared to the full path of the program;
    one without, such as `backup.sh`, to a name that is looked up in the worker's PATH. A command for the shell must be
    listed in full, to the letter, because a wildcard would also match a second command. The list says which programs
    start, not what arguments make them do.

    A pattern is compared to the path as it is written, once `.` and `..` are taken out of it. Symbolic links are not
    followed: whoever can put a link, or a file, into a folder that a pattern covers can start what it leads to.

    Arguments:
        argv: the program and its arguments, for example ["/usr/bin/rsync", "-a", "/data/", "backup:"]. With `shell`,
            one string.
        shell: let `/bin/sh -c` run the string.
        env: variables to set, besides PATH, HOME and LANG as the worker has them and `CALLSHEET_RUN_ID`,
            `CALLSHEET_SCHEDULE`, `CALLSHEET_SLOT` (UTC) and `CALLSHEET_ATTEMPT`. Nothing else of the worker's
            environment is passed on. What makes a shell, an interpreter, the loader or a common tool run other code
            (PATH, HOME, LD_*, BASH_ENV, PYTHON*, NODE_OPTIONS, GIT_*, PAGER and their like) is refused, unless
            `run_process.allow` is `*` or the setting `run_process.allow_env` has a pattern for its name.
        cwd: the working folder; the worker's own if not given.
        stdin: what the program reads from its standard input; nothing if not given.
        ok_exit_codes: exit codes that count as success; [0] if not given. A signal counts as its negative number.

    Result: `exit_code` and `elapsed_seconds`.
    """
    run = current_run()
    folder = Path(cwd or ".").absolute()
    _refuse_steering(env or {})
    command = _shell_command(argv) if shell else _program(argv, folder)
    started = time.monotonic()
    code = run_to_end(
        command,
        _environment(run, env or {}),
        folder,
        None if stdin is None else stdin.encode(),
        run.output.write,
    )
    if code not in (ok_exit_codes if ok_exit_codes is not None else [0]):
        raise UnexpectedExit(f"{os.path.basename(command[0])} {describe_exit(code)}")
    return {"exit_code": code, "elapsed_seconds": round(time.monotonic() - started, 6)}


def _refuse_steering(names: Iterable[str]) -> None:
    allowed = get_settings().run_process
    if "*" in allowed.allow:
        return
    refused = [name for name in names if steers(name) and not any(fnmatch(name, each) for each in allowed.allow_env)]
    if refused:
        raise CommandNotAllowed(
            f"env may not set {', '.join(refused)}: that can make programs run other code; "
            f"the setting {ENV_SETTING} can allow it"
        )


def _shell_command(command: list[str] | str) -> list[str]:
    if not isinstance(command, str):
        raise TypeError("with shell, argv must be one string")
    if not {command, "*"} & set(get_settings().run_process.allow):
        raise CommandNotAllowed(
            f'this command for the shell is not allowed; the setting {SETTING} must list it to the letter, or be ["*"]'
        )
    return [_SHELL, "-c", command]


def _program(argv: list[str] | str, folder: Path) -> list[str]:
    if isinstance(argv, str):
        raise TypeError("argv must be a list; a single string needs shell")
    if not argv or not argv[0]:
        raise ValueError("argv must name a program")
    path = _find(argv[0], folder)
    if not _is_allowed(argv[0], path, get_settings().run_process.allow):
        raise CommandNotAllowed(f"{argv[0]} is not allowed to start; the setting {SETTING} can allow it")
    if path is None:
        raise FileNotFoundError(f"{argv[0]} is not a program, or not in the worker's PATH")
    return [path, *argv[1:]]


def _find(name: str, folder: Path) -> str | None:
    """The path to start. Looked up in the worker's PATH: a PATH among the arguments must not choose the program."""
    found = shutil.which(os.path.normpath(folder / name) if "/" in name else name, path=_search_path())
    return found and os.path.abspath(found)


def _is_allowed(name: str, path: str | None, patterns: Sequence[str]) -> bool:
    if "*" in patterns:
        return True
    for pattern in patterns:
        subject = path if "/" in pattern else name
        if subject and fnmatchcase(subject, pattern) and ("/" in pattern or "/" not in name):
            return True
    return False


def _environment(run: CurrentRun, given: dict[str, str]) -> dict[str, str]:
    own = {"PATH": _search_path(), "HOME": os.environ.get("HOME", "/"), "LANG": os.environ.get("LANG", "C.UTF-8")}
    own |= {f"CALLSHEET_{name.upper()}": value for name, value in identity_of(run).items()}
    for name in given:
        # The shell that starts the program would lose others without a word.
        if not (name.isascii() and name.isidentifier()):
            raise ValueError(f"env: {name!r} must consist of letters, digits and underscores")
    return own | given


def _search_path() -> str:
    """The worker's, from its own folder: a relative part would be looked for in whichever folder the program is in."""
    return os.pathsep.join(map(os.path.abspath, (os.environ.get("PATH") or os.defpath).split(os.pathsep)))
