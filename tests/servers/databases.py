"""Databases of the shared PostgreSQL server: one per test, copied from a migrated template, or emptied for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.servers import emptying, places, shared

ROOT = Path(__file__).parents[2]
MIGRATE_SECONDS = 120

_emptied: list[str] = []
"""Migrated databases that wait for their next test, in this process."""


@contextmanager
def database(*, migrated: bool) -> Iterator[str]:
    """The URL of a database that exists until the end of the block."""
    server = shared.shared_postgres()["url"]
    name = _take(server) if migrated else _create(server, "template0")
    try:
        yield url_of(server, name)
    finally:
        if migrated and (kept := _empty(server, name)):
            _emptied.append(kept)
        else:
            drop_database(server, name)


def drop_emptied() -> None:
    """For the end of a process's tests."""
    while _emptied:
        drop_database(shared.shared_postgres()["url"], _emptied.pop())


def drop_template() -> None:
    """For the end of a run on a server that was there before and stays."""
    if (places.run_folder() / "template.json").exists():
        server = shared.shared_postgres()
        if server["kind"] == "given":
            drop_database(server["url"], _template_name())


def create_database(server: str, name: str, template: str) -> None:
    _execute(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def drop_database(server: str, name: str) -> None:
    _execute(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def url_of(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


class Template(TypedDict):
    name: str
    made: emptying.Made


def _template() -> Template:
    template: Template = shared.once("template", _make_template)
    return template


def _take(server: str) -> str:
    return _emptied.pop() if _emptied else _create(server, _template()["name"])


def _empty(server: str, name: str) -> str | None:
    try:
        return emptying.empty(server, url_of(server, name), name, _template()["made"])
    except psycopg.Error:  # it is gone, or takes nobody in
        return None


def _create(server: str, template: str) -> str:
    name = emptying.new_name()
    create_database(server, name, template)
    return name


def _make_template() -> Template:
    server, name = shared.shared_postgres()["url"], _template_name()
    create_database(server, name, "template0")
    argv = [sys.executable, "-m", "alembic", "upgrade", "head"]
    env = os.environ | {"DATABASE_URL": url_of(server, name)}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=MIGRATE_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"alembic upgrade head failed:\n{done.stdout}\n{done.stderr}")
    return {"name": name, "made": emptying.look_at(url_of(server, name))}


def _template_name() -> str:
    return f"callsheet_template_{places.run_folder().name[-8:]}"


def _execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
