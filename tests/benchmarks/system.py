"""A system under measurement: the processes of one callsheet or of a peer, its rows, and what they cost."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import sqlalchemy as sa
from pika import BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Amqp, Database
from models.announcing import Announcement, announce_actors
from models.lifecycle.new_runs import NewRun, insert_runs
from models.sql.clock import read_clock
from models.sql.spelling import quoted
from models.words.ids import new_run_id
from models.words.states import LIVE_STATES, Trigger
from scheduling.publishers.rabbitmq import RabbitPublisher
from tests.benchmarks.stamps import VARIABLE, Stamps
from tests.end_to_end.deployment import Deployment
from tests.models.rows import add_worker
from tests.waiting import eventually

# What tests shorten is set back to callsheet's defaults.
SETTINGS = {
    "CALLSHEET_WORKER__LEASE_SECONDS": "30",
    "CALLSHEET_WORKER__RENEW_SECONDS": "5",
    "CALLSHEET_SCHEDULING__RESCUE_AFTER_SECONDS": "10",
    "CALLSHEET_ACTORS__MODULES": '["tests.benchmarks.workload"]',
}
INSERT_BATCH = 5000
CONNECTIONS = 4


class System(Deployment):
    """A deployment with callsheet's default settings and the benchmarks' actors."""

    def __init__(
        self, folder: Path, database_url: str, amqp_url: str, settings: Mapping[str, str], servers: dict[str, int]
    ) -> None:
        self.stamps = Stamps(folder / "stamps")
        super().__init__(folder, database_url, amqp_url, SETTINGS | {VARIABLE: str(self.stamps.path)} | dict(settings))
        self._servers = servers
        self.amqp = Amqp(url=SecretStr(amqp_url))
        database = Database(url=SecretStr(database_url))
        self.engine = make_engine(database, pool_size=CONNECTIONS, application="benchmark", plan_once=True)

    def close(self) -> None:
        """Kill everything that still runs."""
        super().close()
        self.engine.dispose()

    def processes(self, name: str) -> list[psutil.Process]:
        """The process with that name and all below it; `postgresql` and `rabbitmq` are the servers."""
        pid = self._servers[name] if name in self._servers else self._processes[name].pid
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time so far, by process name."""
        return {
            name: sum(sum(process.cpu_times()[:4]) for process in self.processes(name))
            for name in (*self._processes, *self._servers)
        }

    def announce(self) -> None:
        """Announce the actors, for as long as an announcement holds, and a worker that is none. `noop` is known to be
        short, as it is once it has run."""
        actors = [Announcement("noop", "default", "", {}, {}, 0.001), Announcement("hold", "default", "", {}, {})]
        with self.engine.begin() as connection:
            announce_actors(connection, actors, add_worker(connection, "default"))

    def plan(self, count: int, actor: str = "noop", **args: float) -> None:
        """Insert planned runs that are due now and may overlap."""
        for first in range(0, count, INSERT_BATCH):
            with self.engine.begin() as connection:
                now = read_clock(connection)
                run = {"actor": actor, "args": args, "trigger": Trigger.MANUAL, "due_at": now, "planned_at": now}
                number = min(INSERT_BATCH, count - first)
                insert_runs(connection, [NewRun(id=new_run_id(now), **run) for _ in range(number)])

    def has_live_runs(self) -> bool:
        """Whether any run has not ended."""
        with self.engine.begin() as connection:
            statement = f"SELECT EXISTS (SELECT FROM runs WHERE state IN ({quoted(LIVE_STATES)}))"
            return bool(connection.exec_driver_sql(statement).scalar_one())

    def wait_until_ended(self, timeout: float = 300) -> float:
        """Wait until every run has ended; the time at which that was so."""
        deadline = time.monotonic() + timeout
        while self.has_live_runs():
            if time.monotonic() >= deadline:
                raise TimeoutError(f"there are live runs after {timeout} s")
            time.sleep(0.01)
        return time.time()

    @contextmanager
    def publisher(self) -> Iterator[RabbitPublisher]:
        """A connected publisher in this process."""
        publisher = RabbitPublisher(self.amqp)
        publisher.start()
        eventually(publisher.is_ready)
        yield publisher
        publisher.close()

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """A channel to RabbitMQ."""
        assert self.amqp.url is not None, "given"
        with BlockingConnection(URLParameters(self.amqp.url.get_secret_value())) as connection:
            yield connection.channel()

    def scalar(self, statement: str) -> object:
        """One value from the database."""
        with self.engine.begin() as connection:
            return connection.execute(sa.text(statement)).scalar_one()

    def ports(self) -> tuple[int, int]:
        """The ports of PostgreSQL and of RabbitMQ."""
        database, amqp = urlsplit(self.database_url).port, urlsplit(self.environment["AMQP_URL"]).port
        assert database is not None, "private servers have one"
        assert amqp is not None, "likewise"
        return database, amqp
