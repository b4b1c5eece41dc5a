"""A whole callsheet as its users run it: the Procfile's processes, an API client, and a server that counts requests."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import psycopg

from tests.servers.places import free_port
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
TOKEN = "an-admin-token-for-tests-of-40-characters"


def read_procfile(checkout: Path) -> dict[str, str]:
    """The commands of its processes."""
    return dict(line.split(": ", 1) for line in (checkout / "Procfile").read_text().splitlines())


PROCFILE = read_procfile(ROOT)


class Deployment:
    """The processes of one callsheet, by names such as `worker` or `scheduling.2` (a second one of that kind)."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        amqp_url: str,
        settings: Mapping[str, str] | None = None,
        checkout: Path = ROOT,
    ) -> None:
        self.database_url = database_url
        self._folder = folder
        self._checkout = checkout
        self.overrides: dict[str, dict[str, str]] = {}
        """Environment variables that single processes have besides, from their next start on."""
        self.checkouts: dict[str, Path] = {}
        """Where single processes have their code and their commands, from their next start on."""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._port = free_port()
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(checkout),
            "DATABASE_URL": database_url,
            "AMQP_URL": amqp_url,
            "PORT": str(self._port),
            "CALLSHEET_ADMIN_TOKEN": TOKEN,
            "CALLSHEET_HTTP__HOST": "127.0.0.1",
            "CALLSHEET_WORKER__LEASE_SECONDS": "4",
            "CALLSHEET_WORKER__RENEW_SECONDS": "1",
            "CALLSHEET_SCHEDULING__RESCUE_AFTER_SECONDS": "3",
            "CALLSHEET_HTTP_REQUEST__ALLOW_NETWORKS": '["127.0.0.0/8"]',
            "CALLSHEET_RUN_PROCESS__ALLOW": '["*"]',
            "dramatiq_restart_delay": "500",
            **(settings or {}),
        }
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=15
        )

    def start(self, *names: str, command: str | None = None) -> Self:
        """Start processes of the Procfile (or one with another command)."""
        for name in names:
            checkout = self.checkouts.get(name)
            commands = PROCFILE if checkout is None else read_procfile(checkout)
            argv = shlex.split(command or commands[name.split(".")[0]])
            environment = self.environment | self.overrides.get(name, {})
            with self.log_path(name).open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    argv,
                    cwd=checkout or self._checkout,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        return self

    def ready(self) -> Self:
        """Wait until the API says that all is well and a worker has announced the shipped actors."""
        eventually(lambda: self.api.get("/health/ready").status_code == 200, 30, ignoring=httpx.HTTPError)
        eventually(lambda: len(self.api.get("/v1/actors").json()["items"]) >= 3, 30)
        return self

    def process(self, name: str) -> psutil.Process:
        """The process started last under this name."""
        return psutil.Process(self._processes[name].pid)

    @property
    def processes(self) -> dict[str, subprocess.Popen[bytes]]:
        """What has been started and not been killed or stopped here, by name; it may have exited by itself."""
        return dict(self._processes)

    def kill(self, name: str) -> None:
        """SIGKILL the process and all of its group."""
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):  # it has exited by itself, and nothing of its group is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str, *, group: bool = False, times: int = 1, timeout: float = 40) -> int:
        """TERM the process (or its group, and more than once, as platforms do); its exit code."""
        process = self._processes.pop(name)
        for _ in range(times):
            (os.killpg if group else os.kill)(process.pid, signal.SIGTERM)
        return process.wait(timeout)

    def exited(self, name: str, timeout: float = 40) -> int:
        """Wait for the process to end by itself; its exit code."""
        return self._processes.pop(name).wait(timeout)

    def close(self) -> None:
        """Kill everything that still runs."""
        for name in list(self._processes):
            self.kill(name)
        self.api.close()

    def log_path(self, name: str) -> Path:
        """Where the process's output goes."""
        return self._folder / f"{name}.log"

    def create(self, name: str, **definition: Any) -> dict[str, Any]:
        """Create a schedule."""
        answer = self.api.post("/v1/schedules", json={"name": name, **definition})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def trigger(self, name: str, **body: Any) -> str:
        """Trigger a schedule; the run's id."""
        answer = self.api.post(f"/v1/schedules/{name}/trigger", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def run(self, run_id: str) -> dict[str, Any]:
        """A run."""
        return self.api.get(f"/v1/runs/{run_id}").json()

    def runs(self, **filters: str) -> list[dict[str, Any]]:
        """Runs, newest first, 500 at most."""
        return self.api.get("/v1/runs", params={"limit": "500", **filters}).json()["items"]

    def finished(self, run_id: str, timeout: float = 30) -> dict[str, Any]:
        """The run, once it has ended."""
        eventually(lambda: self.run(run_id)["finished_at"], timeout, f"run {run_id} did not end")
        return self.run(run_id)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Change the database directly."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(sql)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RequestCounter:
    """A local HTTP server that counts requests by run and remembers their headers."""

    def __init__(self, delay_seconds: float = 0) -> None:
        self.requests: list[dict[str, str]] = []
        self.answered = 0
        self._hold = threading.Event()
        counter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                counter.requests.append(dict(self.headers))
                counter._hold.wait(delay_seconds)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
                counter.answered += 1

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def by_run(self) -> Counter[str]:
        """How often each run has called."""
        return Counter(headers["Callsheet-Run-Id"] for headers in list(self.requests))

    def by_slot(self) -> Counter[tuple[str, str]]:
        """How often each slot of each schedule has called."""
        return Counter(
            (headers["Callsheet-Schedule"], headers["Callsheet-Slot"])
            for headers in list(self.requests)
            if "Callsheet-Slot" in headers
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hold.set()
        self._server.shutdown()
        self._server.server_close()


def instant(text: str) -> datetime:
    """An instant of the API's JSON."""
    return datetime.fromisoformat(text)
