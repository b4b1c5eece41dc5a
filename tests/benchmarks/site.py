"""Private servers for the benchmarks: one PostgreSQL with fsync on, one RabbitMQ, and parts of both for each system."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Self

from tests.benchmarks.system import System
from tests.end_to_end.deployment import ROOT
from tests.servers import databases, places
from tests.servers.keeper import Keeper
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode
from tests.servers.vhosts import BATCH, definitions, vhost_name

TEMPLATE = "benchmark_template"
POSTGRES: dict[str, object] = {
    "shared_buffers": "'512MB'",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'15min'",
}


class Site:
    """The servers; they end with the block, however it ends."""

    def __init__(self, postgres: Mapping[str, object] | None = None) -> None:
        self.folder = places.new_run_folder()
        os.environ[places.RUN_FOLDER_VARIABLE] = str(self.folder)
        self._numbers = count()
        self._servers = ExitStack()
        self._servers.callback(Keeper(self.folder).end_run)
        self._postgres = PostgresServer(fsync=True, settings=POSTGRES | dict(postgres or {}))
        self._rabbitmq = RabbitNode()

    def __enter__(self) -> Self:
        self._postgres.start()
        self._rabbitmq.start()
        databases.create_database(self._postgres.url, TEMPLATE, "template0")
        environment = os.environ | {"DATABASE_URL": databases.url_of(self._postgres.url, TEMPLATE)}
        subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT, env=environment, check=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    @contextmanager
    def system(self, settings: Mapping[str, str] | None = None) -> Iterator[System]:
        """A system with an empty database and virtual host of its own; none of its processes run yet."""
        number = next(self._numbers)
        name = f"benchmark_{number}"
        databases.create_database(self._postgres.url, name, TEMPLATE)
        folder = self.folder / name
        folder.mkdir()
        url = databases.url_of(self._postgres.url, name)
        with System(folder, url, self._take_vhost(number), settings or {}, self._servers_pids()) as system:
            yield system
        databases.drop_database(self._postgres.url, name)

    def _servers_pids(self) -> dict[str, int]:
        assert self._postgres._process is not None, "started"
        assert self._rabbitmq._node is not None, "started"
        return {"postgresql": self._postgres._process.pid, "rabbitmq": self._rabbitmq._node.pid}

    def _take_vhost(self, number: int) -> str:
        if number % BATCH == 0:
            path = self.folder / "vhosts.json"
            path.write_text(json.dumps(definitions(number)))
            self._rabbitmq.ctl("import_definitions", str(path))
        return f"{self._rabbitmq.server_url}/{vhost_name(number)}"
