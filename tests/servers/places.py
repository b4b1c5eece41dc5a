"""Folders and ports for servers of the tests."""

import os
import random
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

RUN_FOLDER_VARIABLE = "TEST_RUN_FOLDER"
# Below the range of client ports, so that no connection takes a port before its server binds it.
PORTS = range(20_000, 32_000)


def new_run_folder() -> Path:
    """The folder of one test run, which the folders of its servers lie in. Other users may pass through it."""
    folder = Path(tempfile.mkdtemp(prefix="callsheet-tests-", dir=_open_temporary_folder()))
    folder.chmod(0o711)
    return folder


def run_folder() -> Path:
    return Path(os.environ[RUN_FOLDER_VARIABLE])


def new_server_folder(name: str) -> Path:
    """A folder for one server, inside the folder of the test run if there is one."""
    parent = run_folder() if RUN_FOLDER_VARIABLE in os.environ else _open_temporary_folder()
    return Path(tempfile.mkdtemp(prefix=f"callsheet-{name}-", dir=parent))


def _open_temporary_folder() -> Path:
    """PostgreSQL may have to run as another user, who must get through to its data."""
    candidates = [Path(name).resolve() for name in (tempfile.gettempdir(), "/tmp", "/var/tmp")]  # noqa: S108
    return next((folder for folder in candidates if is_open_to_others(folder)), candidates[0])


def is_open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port between {PORTS.start} and {PORTS.stop}")
