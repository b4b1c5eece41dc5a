"""Dumps of callsheet's database, and what they know, and their way into another one."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from tests.chaos.servers import ROLE, Servers
from tests.chaos.world import World
from tests.servers.databases import drop_database, url_of
from tests.servers.postgres import find_binaries

_KNOWN = "SELECT id, attempt - (state = 'running' AND started_at IS NULL)::int FROM runs"


@dataclass(frozen=True)
class Dump:
    """A file, and how many attempts of each run it shows as begun: a start shows a moment later."""

    file: Path
    known: dict[UUID, int]


def dump(world: World, servers: Servers) -> Dump:
    """As callsheet's own role, while others work; what the dump knows is read by the same snapshot."""
    file = world.folder / "callsheet.dump"
    file.unlink(missing_ok=True)
    with psycopg.connect(world.admin_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
        known = dict(connection.execute(_KNOWN).fetchall())
        source = ["--dbname", url_of(servers.database_url, _database(world)), "--snapshot", snapshot]
        _run("pg_dump", "--format=custom", "--file", str(file), *source)
    return Dump(file, known)


def restore(world: World, servers: Servers, made: Dump, name: str) -> None:
    """Into a new database, which every process is pointed to from its next start on. The first is gone; the new one may
    be called the same."""
    drop_database(servers.postgres.url, _database(world))
    with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {ROLE}")
    _run("pg_restore", "--exit-on-error", "--no-owner", "--dbname", url_of(servers.database_url, name), str(made.file))
    world.admin_url = url_of(world.admin_url, name)
    environment = world.deployment.environment
    environment["DATABASE_URL"] = url_of(environment["DATABASE_URL"], name)


def _database(world: World) -> str:
    return urlsplit(world.admin_url).path.lstrip("/")


def _run(program: str, *arguments: str) -> None:
    """A program of the server's own version, which lies beside it."""
    path = find_binaries() / program
    assert path.exists(), f"{path} is missing: a dump needs the programs of PostgreSQL's clients"
    subprocess.run([path, *arguments], check=True)
