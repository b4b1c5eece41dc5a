"""What metrics are made of, read once in a few seconds, however many ask."""

from importlib.metadata import PackageNotFoundError, version
from threading import Lock

import sqlalchemy as sa

from api.metrics.exposition import Family, render
from api.metrics.families import Readings, families_of
from api.web.kept import Kept
from models.counters.reading import read_counters
from models.gauges.now import read_now
from models.gauges.of_queues import read_queues
from models.gauges.of_schedules import read_schedules, read_tagged
from models.statistics.since_ever import read_since_ever

KEPT_SECONDS = 5.0
PATIENCE_SECONDS = 10.0
"""Who asks while another reads waits for so long, and not for a database that hangs."""

_kept: Kept[str] = Kept(KEPT_SECONDS)
_reading = Lock()


class Busy(Exception):
    """Another has been reading for too long."""


def read_metrics(engine: sa.Engine) -> str:
    """The page of metrics. Raises Busy, and sqlalchemy's errors."""
    if not _reading.acquire(timeout=PATIENCE_SECONDS):
        raise Busy
    try:
        return _kept.ask(engine, lambda: render(read_families(engine)))
    finally:
        _reading.release()


def read_families(engine: sa.Engine) -> list[Family]:
    """The same as values, read now."""
    return families_of(_read(engine))


def _read(engine: sa.Engine) -> Readings:
    with engine.connect() as connection:
        now = read_now(connection)
        schedules, tagged = read_schedules(connection), read_tagged(connection)
        ever, counted = read_since_ever(connection), read_counters(connection)
        connection.rollback()
        queues = read_queues(connection)
    return Readings(_version(), now, queues, schedules, tagged, ever, counted)


def _version() -> str:
    try:
        return version("callsheet")
    except PackageNotFoundError:
        return "checkout"
