"""The world of a chaos run: a whole callsheet behind two proxies, its supervisor, and the ledger of what really ran."""

import json
import os
import random
import re
import signal
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import psycopg
from psycopg.rows import dict_row

from tests.chaos.ledger import URL_VARIABLE, Ledger
from tests.chaos.proxy import Proxy
from tests.chaos.releases import PRESENT, Release
from tests.chaos.servers import Servers
from tests.chaos.subscriber import Subscriber
from tests.chaos.supervisor import Supervisor
from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually

SETTINGS = {"CALLSHEET_ACTORS__MODULES": '["tests.chaos.probe"]', "CALLSHEET_LOG__FORMAT": "json"}
LEASE_SECONDS = 120
DEFAULTS = {
    "CALLSHEET_WORKER__LEASE_SECONDS": str(LEASE_SECONDS),
    "CALLSHEET_WORKER__RENEW_SECONDS": "5",
    "CALLSHEET_SCHEDULING__RESCUE_AFTER_SECONDS": "10",
    "dramatiq_restart_delay": "3000",
}
"""What a deployment has that sets none of these. Deployment itself has shorter ones, for quick tests."""

STATES = ("planned", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "skipped")
TELLING = {"CALLSHEET_EVENTS__STATES": json.dumps(STATES), "CALLSHEET_EVENTS__KEEP_SECONDS": "604800"}
"""Of all that happens to runs others are told, and it stays in the log. A release before may know none of it."""

PROBES = 5

_SERVER = re.compile(r"(?<=[@,])[\w.-]+:(?P<port>\d+)(?=[,/])")
"""Host and port of an address; servers of tests have a port of their own."""


class World:
    """`workers` counts Dramatiq masters; `servers` is None where others share them, which only some faults bear. All
    processes are of one `release` at first."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        amqp_url: str,
        ledger_url: str,
        *,
        schedulers: int = 2,
        workers: int = 2,
        settings: Mapping[str, str] = DEFAULTS,
        servers: Servers | None = None,
        seed: int = 0,
        release: Release = PRESENT,
    ) -> None:
        self.folder = folder
        self.servers = servers
        self._journals = folder / "journals"
        self.random = random.Random(seed)
        self.scope = "none"
        """The experiment under way: the names of its schedules begin with it."""
        self.admin_url = servers.admin_url if servers else database_url
        self.frozen: set[int] = set()
        """Processes that have been frozen for longer than a lease."""
        self._stack = ExitStack()
        to_postgres, self.postgres_proxies = self._through_proxies(database_url)
        to_rabbitmq, self.rabbitmq_proxies = self._through_proxies(amqp_url)
        self.ledger = Ledger(ledger_url)
        through = {
            "DATABASE_URL": to_postgres,
            "AMQP_URL": to_rabbitmq,
            URL_VARIABLE: ledger_url,
            "CALLSHEET_WORKER__JOURNAL_FOLDER": str(self._journals),
        }
        own = dict(servers.settings) if servers else {}
        self.subscriber = Subscriber(amqp_url, is_replicated="quorum" in own.values())
        self.told_since = datetime.min.replace(tzinfo=UTC) if release is PRESENT else None
        """What was planned since then, others are told of; None while nobody is told of anything."""
        own |= TELLING if release is PRESENT else {}
        self.deployment = Deployment(folder, database_url, amqp_url, SETTINGS | dict(settings) | through | own)
        self.supervisor = Supervisor(self.deployment)
        self.schedulers = _names("scheduling", schedulers)
        self.workers = _names("worker", workers)
        self.release = release
        if release is not PRESENT:
            for name in self.names:
                self.deployment.checkouts[name] = release.checkout
                self.deployment.overrides[name] = release.environment

    @property
    def names(self) -> list[str]:
        """Every process."""
        return ["web", *self.schedulers, *self.workers]

    def __enter__(self) -> Self:
        try:
            self.subscriber.start()
            self.release.migrate(self.deployment.environment)
            self.deployment.start(*self.names)
            self.supervisor.start()
            self.deployment.ready()
            eventually(self._knows_probes, 30, ignoring=httpx.HTTPError)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything that this world started."""
        with suppress(RuntimeError):  # it never started
            self.supervisor.stop()
        with suppress(RuntimeError):
            self.subscriber.stop()
        self.end_orphans()
        self.deployment.close()
        self._stack.close()

    def end_orphans(self) -> None:
        """Kill what dead processes have left, so that it is found after one fault and not after all that follow."""
        for orphan in self.supervisor.orphans():
            with suppress(psutil.NoSuchProcess):
                orphan.kill()

    def children(self, name: str) -> list[psutil.Process]:
        """The worker processes of a Dramatiq master."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid(name)).children()
        return []

    def pid(self, name: str) -> int:
        """The process that was started last under this name."""
        return self.deployment.processes[name].pid

    def pick(self, names: list[str]) -> str:
        """One of them, by the seed; it is up, whatever an earlier fault has done to it."""
        name = self.random.choice(names)
        eventually(lambda: self.deployment.processes[name].poll() is None, 30, f"{name} is started again")
        return name

    def send(self, name: str, signum: signal.Signals) -> None:
        """Signal the leader of a process, if it is there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid(name), signum)

    def lose_journals(self, pids: Collection[int]) -> None:
        """Remove the journals of these worker processes, as if their machine's disk were gone."""
        for row in self.rows("SELECT id FROM workers WHERE pid = ANY(%s)", list(pids)):
            for journal in self._journals.glob(f"*-{row['id']}"):
                journal.unlink(missing_ok=True)

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Ask callsheet's database, past the proxy, as an administrator; waits for it while it is away."""

        def ask() -> tuple[list[dict[str, Any]]]:
            with psycopg.connect(self.admin_url, row_factory=dict_row, connect_timeout=5) as connection:
                return (connection.execute(sql, parameters or None).fetchall(),)

        return eventually(ask, 60, "callsheet's database answers", psycopg.OperationalError)[0]

    def call(self, method: str, path: str, timeout: float = 60, **body: Any) -> httpx.Response:
        """Call the API, again and again until it answers without a server error."""

        def ask() -> httpx.Response | None:
            answer = self.deployment.api.request(method, path, json=body or None)
            return answer if answer.status_code < 500 else None

        return eventually(ask, timeout, f"{method} {path} is answered", httpx.HTTPError)

    def now(self) -> datetime:
        """The time by the ledger's clock."""
        return self.ledger.now()

    def wait(self, seconds: float) -> None:
        """Let a fault last."""
        time.sleep(seconds)

    def _through_proxies(self, url: str) -> tuple[str, list[Proxy]]:
        """The same servers, each reached through a proxy of its own."""
        proxies: list[Proxy] = []

        def through(found: re.Match[str]) -> str:
            proxies.append(self._stack.enter_context(Proxy(int(found["port"]))))
            return f"127.0.0.1:{proxies[-1].port}"

        return _SERVER.sub(through, url), proxies

    def _knows_probes(self) -> bool:
        items = self.deployment.api.get("/v1/actors", params={"limit": 100}).json()["items"]
        return sum(item["name"].startswith("probe_") for item in items) == PROBES


def _names(kind: str, count: int) -> list[str]:
    return [kind if number == 1 else f"{kind}.{number}" for number in range(1, count + 1)]
