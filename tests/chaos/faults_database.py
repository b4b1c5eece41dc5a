"""Faults of PostgreSQL: restarts, sessions that are ended or refused, and transactions of others in the way."""

from functools import partial

import psycopg

from tests.chaos.faults import Fault
from tests.chaos.servers import ROLE
from tests.chaos.world import World
from tests.servers.postgres import PostgresServer

AWAY_SECONDS = 90
FULL_SECONDS = 10
LOCKED_SECONDS = 60
SNAPSHOT_SECONDS = 20
LOCKED_ROWS = 20

_TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'callsheet %'
"""
_LOCK_SOME = (
    "SELECT id FROM schedules ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    f"SELECT id FROM runs WHERE finished_at IS NULL ORDER BY due_at DESC LIMIT {LOCKED_ROWS} FOR UPDATE SKIP LOCKED",
)


def restart(mode: str, world: World) -> None:
    """Restart the server; `immediate` is a crash with recovery."""
    _server(world).restart(mode)


def stay_away(world: World) -> None:
    """An outage or a slow failover: the server is down for long, though not for a lease."""
    _server(world).stop()
    try:
        world.wait(AWAY_SECONDS)
    finally:
        _server(world).start()


def terminate_sessions(world: World) -> None:
    """End every session of callsheet, whatever it is doing."""
    with psycopg.connect(world.admin_url, autocommit=True) as connection:
        connection.execute(_TERMINATE)


def refuse_sessions(world: World) -> None:
    """No connection left: sessions are ended, and for a while only two may come back."""
    with psycopg.connect(world.admin_url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 2")
        try:
            connection.execute(_TERMINATE)
            world.wait(FULL_SECONDS)
        finally:
            connection.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")


def hold_snapshot(world: World) -> None:
    """A dump: a transaction that stays open, so that nothing dead is cleaned away."""
    with psycopg.connect(world.admin_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM runs")
        world.wait(SNAPSHOT_SECONDS)


def hold_row_locks(world: World) -> None:
    """Somebody's open transaction holds rows that callsheet needs."""
    with psycopg.connect(world.admin_url) as connection:
        for statement in _LOCK_SOME:
            connection.execute(statement)
        world.wait(LOCKED_SECONDS)


def _server(world: World) -> PostgresServer:
    assert world.servers is not None, "a fault for servers of its own"
    return world.servers.postgres


FAULTS = [
    Fault("restart PostgreSQL", partial(restart, "fast")),
    Fault("crash PostgreSQL", partial(restart, "immediate")),
    Fault("PostgreSQL away for long", stay_away),
    Fault("end every session of PostgreSQL", terminate_sessions, shared=True),
    Fault("no connections left in PostgreSQL", refuse_sessions),
    Fault("a long snapshot in PostgreSQL", hold_snapshot, shared=True),
    Fault("rows locked by others", hold_row_locks, shared=True),
]
