"""A web server of its own process, and the command line as its users run it: another process, on a terminal or not."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.deployment import ROOT, TOKEN
from tests.servers.places import free_port
from tests.waiting import eventually

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


class Terminal:
    """The command at a pseudo-terminal: what it prints, and what somebody types."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], columns: int = 120, cwd: Path = ROOT
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self.process = subprocess.Popen(
            argv, cwd=cwd, env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, wanted: str, timeout: float = TIMEOUT_SECONDS) -> None:
        """Read until this was printed."""
        deadline = time.monotonic() + timeout
        while wanted not in self.text:
            assert time.monotonic() < deadline, self.text
            if not self._read(deadline):
                break
        assert wanted in self.text, self.text

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C until it heeds that: Python hears of one that comes just before it begins to read at the next."""
        for _ in range(10):
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
                return

    def end(self, timeout: float = TIMEOUT_SECONDS) -> Said:
        """Read to the end."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            assert time.monotonic() < deadline, self.text
        os.close(self._ours)
        return Said(self.process.wait(timeout), self.text.replace("\r\n", "\n"), "")

    def _read(self, deadline: float) -> bool:
        readable, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += data.decode()
        return bool(data)


class CommandLine:
    """`callsheet` with an environment of its own."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm",
            "PAGER": "cat",
            **environment,
        }

    def __call__(self, *args: str, stdin: str = "", **environment: str) -> Said:
        """Run a command without a terminal."""
        ended = subprocess.run(
            self._argv(args),
            cwd=ROOT,
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def succeed(self, *args: str, stdin: str = "", **environment: str) -> Said:
        """Run a command that must succeed."""
        said = self(*args, stdin=stdin, **environment)
        assert said.code == 0, said
        return said

    def at_terminal(self, *args: str, columns: int = 120, **environment: str) -> Terminal:
        """Run a command at a terminal."""
        return Terminal(self._argv(args), self.environment | environment, columns)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start a command without a terminal."""
        return subprocess.Popen(
            self._argv(args),
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _argv(self, args: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "api.cli", *args]


@contextmanager
def web_server(database_url: str, folder: Path, **settings: str) -> Iterator[str]:
    """The address of a web process on a database; `settings` as in its environment."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "CALLSHEET_ADMIN_TOKEN": TOKEN,
        "CALLSHEET_HTTP__HOST": "127.0.0.1",
        **settings,
    }
    url = f"http://127.0.0.1:{port}"
    with (folder / "web.log").open("ab") as log:
        server = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: httpx.get(f"{url}/health/live").is_success, 60, ignoring=httpx.HTTPError)
        yield url
    finally:
        server.terminate()
        server.wait(30)
