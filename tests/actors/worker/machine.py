"""A machine with worker processes, which share a database and a folder of journals."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from actors.worker.keeping.ends import Ends
from actors.worker.keeping.held import HeldRuns
from actors.worker.keeping.journal import Journal
from actors.worker.keeping.process import WorkerProcess
from config.database import fingerprint, make_engine
from config.settings import load_settings
from models.lifecycle.claiming import ClaimedRun
from models.sql.clock import read_clock
from models.sql.locks import PATIENCE_MILLISECONDS
from tests.models.rows import add_run, claim, read_run

LEASE_SECONDS = 7200.0
"""Nothing is lost by its lease while a test runs."""

SETTINGS = {"CALLSHEET_WORKER__LEASE_SECONDS": str(LEASE_SECONDS), "CALLSHEET_WORKER__RENEW_SECONDS": "3600"}


class Machine:
    """Its processes are of this one, and each is known by the lock on its journal."""

    def __init__(self, database_url: str, folder: Path, *, pgbouncer: bool = False) -> None:
        self.folder = folder
        pooled = {"CALLSHEET_DATABASE__PGBOUNCER": str(pgbouncer).lower()}
        self.settings = load_settings({"DATABASE_URL": database_url, **SETTINGS, **pooled})
        self.engine = make_engine(
            self.settings.database,
            pool_size=6,
            application="test",
            plan_once=True,
            patience_milliseconds=PATIENCE_MILLISECONDS,
        )
        self._journals: list[Journal] = []

    def worker(self) -> WorkerProcess:
        """A process of 4 threads that lives."""
        worker = uuid4()
        journal = Journal(self.folder, fingerprint(self.settings.database), worker)
        self._journals.append(journal)
        held = HeldRuns(4, LEASE_SECONDS, journal)
        return WorkerProcess(self.settings, self.engine, 4, ["default"], held, id=worker, journal=journal)

    def row(self, run: UUID | ClaimedRun) -> sa.Row[Any]:
        """A run as it is now."""
        with self.engine.begin() as connection:
            return read_run(connection, run.id if isinstance(run, ClaimedRun) else run)

    def now(self) -> Any:
        """The database's clock."""
        with self.engine.begin() as connection:
            return read_clock(connection)

    def close(self) -> None:
        """All ends well."""
        for journal in self._journals:
            journal.close(is_settled=True)
        self.engine.dispose()


def claimed(worker: WorkerProcess, **columns: Any) -> ClaimedRun:
    """A run of this worker, which waits for a thread."""
    with worker.engine.begin() as connection:
        [won] = claim(connection, add_run(connection, **columns), worker=worker.id)
    worker.held.add([won])
    return won


def started(worker: WorkerProcess, **columns: Any) -> ClaimedRun:
    """A run of this worker that a thread is in."""
    won = claimed(worker, **columns)
    assert worker.held.start(won) is not None
    return won


def write(worker: WorkerProcess) -> None:
    """Write the ends of what has ended."""
    ends = Ends(worker)
    ends.collect(0, lambda _: None)
    ends.write()


def kill(worker: WorkerProcess) -> UUID:
    """What is left of it is what it has noted; its id."""
    assert worker.journal is not None
    worker.journal.close(is_settled=False)
    return worker.id


@contextmanager
def locked(machine: Machine, table: str, id_: UUID) -> Iterator[None]:
    """Somebody has left a session open that has changed this row."""
    with machine.engine.connect() as somebody:
        found = somebody.exec_driver_sql(f"SELECT id FROM {table} WHERE id = %(id)s FOR UPDATE", {"id": id_})
        assert found.one()
        yield
