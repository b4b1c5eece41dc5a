"""The six commands of the README, from nothing to a schedule that runs, is paused, explained and exported: taken from
the page, and run as somebody at a terminal does."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.api.cli.served import CommandLine, Said, Terminal
from tests.end_to_end.deployment import ROOT
from tests.servers.places import free_port
from tests.waiting import eventually

BIN = Path(sys.executable).parent


def commands_in(page: str) -> list[str]:
    """The commands of its section about them, without their comments."""
    block = re.search(
        r"^## Six commands$.*?^```console\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    assert block is not None
    return [re.sub(r"\s{2,}#.*", "", line).removeprefix("$ ") for line in block[1].splitlines()]


@contextmanager
def up(command: str, port: int) -> Iterator[str]:
    """What `make up` starts, with the environment that is there; what it has printed once all is well."""
    with tempfile.TemporaryDirectory(prefix="cs-") as folder:
        Path(folder).chmod(0o755)  # for a PostgreSQL of another user
        yield from _up(command, Path(folder), port)


def _up(command: str, folder: Path, port: int) -> Iterator[str]:
    made = command.replace("make ", f"make -o .venv/embedded BIN={BIN} ")
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "PORT": str(port)}
    environment["XDG_DATA_HOME"] = str(folder)
    with (folder / "up.log").open("wb") as log:
        running = subprocess.Popen(
            ["bash", "-c", made], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            ready = f"http://127.0.0.1:{port}/health/ready"
            eventually(lambda: httpx.get(ready).status_code == 200, 120, ignoring=(httpx.HTTPError, OSError))
            eventually(lambda: "token" in (folder / "up.log").read_text())
            yield (folder / "up.log").read_text()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGINT)
            running.wait(60)


def test_readme_and_docs_show_the_same_six_commands() -> None:
    commands = commands_in("README.md")
    assert len(commands) == 6
    assert commands == commands_in("docs/command-line.md")


class Somebody:
    """Whoever types the commands, each at a terminal of its own, into a shell whose folder is this one."""

    def __init__(self, folder: Path, port: int) -> None:
        self.callsheet = CommandLine(folder, {"HOME": str(folder)})
        self.folder = folder
        self._port = port

    def typed(self, command: str) -> Terminal:
        """What has been started."""
        argv = ["bash", "-c", command.replace(":8000", f":{self._port}")]
        return Terminal(argv, self.callsheet.environment, cwd=self.folder)

    def run(self, command: str) -> str:
        """What a command says that succeeds."""
        said: Said = self.typed(command).end()
        assert said.code == 0, said
        return said.out


def test_the_six_commands_do_what_the_page_says(tmp_path: Path) -> None:
    first, login, create, pause, explain, export = commands_in("README.md")
    port = free_port()
    me = Somebody(tmp_path, port)
    with up(first, port) as printed:
        token = re.search(r"token\s+(\S+)", printed)
        assert token is not None
        asked = me.typed(login)
        asked.read_until("Token:")
        asked.type(token[1])
        assert asked.end().code == 0

        assert "greeting" in me.run(create)
        succeeded = ("runs", "list", "--schedule", "greeting", "--state", "succeeded")
        [run_id] = eventually(lambda: me.callsheet.succeed(*succeeded, "-o", "name").out.split()[-1:], 60)
        assert "good morning" in me.callsheet.succeed("runs", "output", run_id).out

        assert "paused" in me.run(pause)
        assert me.callsheet.succeed("schedules", "list", "--state", "paused", "-o", "name").out == "greeting\n"
        explained = me.run(explain)
        assert re.search(
            r"^It was paused .* by \w+: the team is asleep\. It goes on in 8 h\.$", explained, re.MULTILINE
        )
        assert "It ran " in explained
        assert "next: in 8 h" in explained

        assert me.run(export) == ""
        file = str(tmp_path / "schedules.toml")
        assert "greeting" in Path(file).read_text()
        me.callsheet.succeed("validate", file)
        me.callsheet.succeed("apply", "--adopt", file)
        assert me.callsheet.succeed("diff", file).out == ""
