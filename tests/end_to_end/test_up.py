"""`callsheet up` where something is in its way: each time a sentence that says what to do."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.cli.local import embedded_postgres, up
from tests.end_to_end.deployment import ROOT


def refused(folder: Path, **environment: str) -> str:
    """What it says on its way out."""
    argv = [sys.executable, "-m", "api.cli", "up", "--data", str(folder)]
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    ended = subprocess.run(argv, cwd=ROOT, env=given, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        yield busy.getsockname()[1]


def test_a_port_that_is_in_use(tmp_path: Path, database_url: str) -> None:
    with listening() as port:
        said = refused(tmp_path, DATABASE_URL=database_url, PORT=str(port))
    assert f"can't listen on 127.0.0.1:{port}" in said
    offered = int(said.rpartition("PORT=")[2].split()[0])
    assert port < offered < port + 100
    assert not up._is_free("127.0.0.1", port) or offered != port


def test_the_data_of_another_that_runs(tmp_path: Path) -> None:
    with up._only_one(tmp_path):
        said = refused(tmp_path)
    assert f"already running with the data in {tmp_path}, as process {os.getpid()} in {Path.cwd()}" in said
    assert "XDG_DATA_HOME" in said


def test_a_folder_that_its_postgresql_cannot_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's server runs as somebody else."""
    monkeypatch.setattr(embedded_postgres, "_unprivileged_user", lambda: "nobody")
    monkeypatch.setattr(embedded_postgres, "_usable_binaries", lambda _folder, _user: tmp_path)
    (closed := tmp_path / "closed").mkdir(mode=0o700)
    with (
        pytest.raises(SystemExit, match=f"as nobody, who can't enter {closed}"),
        up._embedded_postgres(closed / "data"),
    ):
        pass


def test_the_folder_is_below_what_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert up.default_data_folder() == Path("/somewhere/callsheet")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert up.default_data_folder() == Path("/var/lib/callsheet")
