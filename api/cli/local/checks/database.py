"""The checks of PostgreSQL: the server, its clock, migrations, connections, and what the tables say of the work."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from api.cli.local.checks.finding import Finding, note, ok, problem
from api.shapes.troubles import troubles
from config.database import TRANSIENT, make_engine
from config.settings import Settings
from migrations import is_behind
from migrations.server import FACTS, problem_of
from models.diagnosis import missing_partitions, read_connections, stale_leases, unknown_actors
from models.processes import read_health, read_revision
from models.sql.clock import read_present

SKEW_SECONDS = 2
STALE_TICK_SECONDS = 30
FULL = 0.8
"""Above this part of the connections that the server allows, the next deploy may find none."""


def check_database(settings: Settings) -> Iterator[Finding]:
    """All of them, as far as the server answers."""
    engine = make_engine(settings.database, pool_size=1, application="doctor")
    try:
        with engine.connect() as connection:
            yield from _check_server(connection)
            yield from _check_clock(connection)
            if is_behind(read_revision(connection)):
                yield problem("migrations", "the database lacks migrations of this version", "callsheet migrate")
                return
            yield ok("migrations", "all there")
            yield from _check_connections(connection, settings)
            yield from _check_scheduling(connection)
            yield from _check_actors(connection)
            yield from _check_rows(connection)
    except TRANSIENT as error:
        why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        yield problem("postgresql", f"it does not answer: {why}", 'psql "$DATABASE_URL" -c "SELECT 1"')
    finally:
        engine.dispose()


def _check_server(connection: sa.Connection) -> Iterator[Finding]:
    facts = connection.exec_driver_sql(FACTS).one()
    version = f"{facts.version // 10000}.{facts.version % 10000}"
    if said := problem_of(facts):
        yield problem("postgresql", said, "export DATABASE_URL=… of another server")
    else:
        yield ok("postgresql", f"version {version}")


def _check_clock(connection: sa.Connection) -> Iterator[Finding]:
    connection.rollback()
    before = datetime.now(UTC)
    there = read_present(connection)
    middle = before + (datetime.now(UTC) - before) / 2
    skew = (there - middle).total_seconds()
    if abs(skew) > SKEW_SECONDS:
        said = f"the database's clock is {abs(skew):.1f} seconds {'ahead of' if skew > 0 else 'behind'} this machine's"
        yield note("clock", said, "timedatectl set-ntp true, on the machine whose clock is wrong")
    else:
        yield ok("clock", f"the database's is within {SKEW_SECONDS} seconds of this machine's")


def _check_connections(connection: sa.Connection, settings: Settings) -> Iterator[Finding]:
    row = read_connections(connection)
    need = settings.database.pool_size + 3 * row.schedulers + 2 * row.workers
    said = f"{row.used} of {row.allowed} connections are in use, {row.ours} by callsheet, which may want {need}"
    if max(row.used, row.used - row.ours + need) > row.allowed * FULL:
        mend = f"psql: ALTER SYSTEM SET max_connections = {2 * row.allowed}, and restart; or fewer --processes"
        yield note("connections", said, mend)
    else:
        yield ok("connections", said)


def _check_scheduling(connection: sa.Connection) -> Iterator[Finding]:
    health = read_health(connection)
    age = health.last_tick_age_seconds
    if age is None or age > STALE_TICK_SECONDS:
        said = "none has ever run" if age is None else f"none has done its round for {age:.0f} seconds"
        yield problem("scheduling", said, "python -m scheduling")
    else:
        yield ok("scheduling", f"a round {age:.1f} seconds ago")
    if not health.workers:
        yield problem("workers", "none was seen within the last minute", "dramatiq actors --processes 2 --threads 8")
    else:
        yield ok("workers", f"{health.workers} were seen within the last minute")


def _check_actors(connection: sa.Connection) -> Iterator[Finding]:
    unknown = unknown_actors(connection)
    for row in unknown:
        which = f"{row.name!r}" if row.schedules == 1 else f"{row.schedules} schedules, {row.name!r} first"
        said = f"no worker has announced {row.actor!r}, the actor of {which}"
        yield note("actors", said, f"callsheet schedules list --actor {row.actor}; then deploy a worker that has it")
    if not unknown:
        yield ok("actors", "those of all schedules are announced")


def _check_rows(connection: sa.Connection) -> Iterator[Finding]:
    if stale := stale_leases(connection):
        which = "1 run has lost its worker" if stale.runs == 1 else f"{stale.runs} runs have lost their workers"
        said = (
            f"{which}, the first {stale.seconds} seconds ago, and nobody rescues {'it' if stale.runs == 1 else 'them'}"
        )
        yield problem("leases", said, "python -m scheduling")
    else:
        yield ok("leases", "none is stale")
    if missing := missing_partitions(connection):
        said = f"there is no partition of runs for {', '.join(missing)}"
        yield note("partitions", said, "python -m scheduling makes them; else see the warnings in PostgreSQL's log")
    else:
        yield ok("partitions", "this month's and the next one's are there")
    found = troubles(connection)
    for trouble in found:
        yield note("work", trouble.named, "callsheet runs list --state planned; callsheet schedules list --state error")
    if not found:
        yield ok("work", "none is stuck")
