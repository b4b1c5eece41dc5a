"""A RabbitMQ node for tests, on loopback ports of its own, that a test may stop, kill and restart."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import pika
from pika.exceptions import AMQPError

from tests.servers.places import free_port, new_server_folder
from tests.servers.processes import kill, start_program, wait_until_ready

# The script of the package itself; the one in sbin changes the user.
SCRIPT_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")
LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"
START_SECONDS = 120
STOP_SECONDS = 60
CTL_SECONDS = 60


class RabbitNode:
    """`config` holds the lines of rabbitmq.conf, `advanced` the Erlang terms of advanced.config.

    With `folder` it is a handle on the running node of that folder, for `ctl` and `url` alone. With `peer` it may join
    that node's cluster; the peer is closed last, as its epmd is for both.
    """

    def __init__(
        self,
        *,
        config: Iterable[str] = (),
        advanced: str = "",
        folder: Path | None = None,
        peer: Self | None = None,
    ) -> None:
        self._node: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._scripts = find_scripts()
        self.folder = folder or new_server_folder("rabbitmq")
        self._peer = peer
        if folder is None:
            self._write_files(config, advanced)
        self._ports: dict[str, int] = json.loads((self.folder / "ports.json").read_text())

    @property
    def server_url(self) -> str:
        """The URL without a virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self._ports['amqp']}"

    @property
    def url(self) -> str:
        return f"{self.server_url}/%2F"

    @property
    def name(self) -> str:
        """Its name in Erlang."""
        return f"callsheet-{self._ports['amqp']}@localhost"

    @property
    def pid(self) -> int:
        """The leader of the session that all of it is in."""
        assert self._node is not None, "it is not running"
        return self._node.pid

    def start(self) -> None:
        """Returns when the node takes connections; does nothing while it runs."""
        if self._node and self._node.poll() is None:
            return
        if self._peer is None and self._epmd is None:
            argv = [_find_epmd(), "-address", "127.0.0.1", "-port", str(self._ports["epmd"])]
            self._epmd = start_program("epmd", argv, self.folder, self._env)
        self._node = start_program("node", [self._scripts / "rabbitmq-server"], self.folder, self._env)
        wait_until_ready(self._node, self._answers, START_SECONDS, self.folder)

    def stop(self) -> None:
        if self._node:
            os.killpg(self._node.pid, signal.SIGTERM)
            try:
                self._node.wait(timeout=STOP_SECONDS)
            finally:
                kill(self._node)
        self._node = None

    def kill(self) -> None:
        """SIGKILL for the node and all its children, as if the machine had died."""
        if self._node:
            kill(self._node)
        self._node = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Kill the node, and remove everything."""
        self.kill()
        if self._epmd:
            kill(self._epmd)
        shutil.rmtree(self.folder)

    def ctl(self, *args: str, timeout: float = CTL_SECONDS) -> str:
        """Run `rabbitmqctl --quiet args…` against this node and return its output. Takes about 0.7 s."""
        return self.tool("rabbitmqctl", "--quiet", *args, timeout=timeout)

    def tool(self, name: str, *args: str, timeout: float = CTL_SECONDS) -> str:
        """Run one of RabbitMQ's own programs against this node and return its output."""
        argv = [self._scripts / name, *args]
        done = subprocess.run(argv, env=self._env, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(args)} ended with code {done.returncode}:\n{done.stderr}")
        return done.stdout

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
    def _env(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self._ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._ports["amqp"]),
            "RABBITMQ_DIST_PORT": str(self._ports["dist"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LOOPBACK_ONLY,
            "RABBITMQ_CTL_ERL_ARGS": LOOPBACK_ONLY,
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            # The machine's own configuration has no say.
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILES": str(self.folder / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
        }

    def _write_files(self, config: Iterable[str], advanced: str) -> None:
        for name in ("home", "mnesia", "log", "conf.d"):
            (self.folder / name).mkdir()
        cookie = self.folder / "home" / ".erlang.cookie"
        cookie.write_text(self._peer._cookie() if self._peer else secrets.token_hex(16))
        cookie.chmod(0o400)
        (self.folder / "rabbitmq.conf").write_text("".join(f"{line}\n" for line in config))
        (self.folder / "rabbitmq-env.conf").touch()
        (self.folder / "advanced.config").write_text(f"[{advanced}].\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        ports = {name: free_port() for name in ("amqp", "dist", "epmd")}
        if self._peer:
            ports["epmd"] = self._peer._ports["epmd"]
        (self.folder / "ports.json").write_text(json.dumps(ports))

    def _cookie(self) -> str:
        return (self.folder / "home" / ".erlang.cookie").read_text()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._ports["amqp"]), timeout=2).close()
            pika.BlockingConnection(pika.URLParameters(self.url)).close()
        except (OSError, AMQPError):
            return False
        return True


def find_scripts() -> Path:
    """The folder of the package's own scripts. Raises FileNotFoundError if RabbitMQ is not installed."""
    on_path = shutil.which("rabbitmq-server")
    candidates = [Path(folder) for folder in SCRIPT_FOLDERS] + ([Path(on_path).resolve().parent] if on_path else [])
    for folder in candidates:
        if (folder / "rabbitmq-server").exists() and (folder / "rabbitmq-env").exists():
            return folder
    raise FileNotFoundError("a private RabbitMQ node needs the package rabbitmq-server on this machine")


def _find_epmd() -> str:
    found = shutil.which("epmd") or next(map(str, Path("/usr/lib/erlang").glob("erts-*/bin/epmd")), None)
    if found is None:
        raise FileNotFoundError("no epmd, which is a part of Erlang")
    return found
