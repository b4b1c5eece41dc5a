"""What all workers of a test run share: made once, by the first worker that asks for it.

A worker holds a file lock while it makes something; the lock goes when the worker dies. The keeper ends it all.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

from tests.servers import choose, containers, places
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitNode

# The other workers go on using what one has started, so nothing may clean these up with their worker.
_started: list[PostgresServer | RabbitNode] = []


class Shared(TypedDict):
    kind: choose.Kind
    url: str
    folder: str


def shared_postgres() -> Shared:
    """Its `url` is that of a user who may create databases."""
    return once("shared-postgres", _start_postgres)


def shared_rabbitmq() -> Shared:
    """Its `url` has no virtual host, unless it was given in the environment."""
    return once("shared-rabbitmq", _start_rabbitmq)


def once(name: str, make: Callable[[], Any]) -> Any:
    """What `make` returned (as JSON) to the first caller of this run; a failure is raised to all callers."""
    with locked(name) as record:
        if not record.exists():
            record.write_text(json.dumps(_outcome(make)))
        outcome = json.loads(record.read_text())
    if "failure" in outcome:
        raise RuntimeError(outcome["failure"])
    return outcome["made"]


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """Hold the lock of the record with this name over all workers, and hand out the record's path."""
    record = places.run_folder() / f"{name}.json"
    with record.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield record


def _outcome(make: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"made": make()}
    except Exception as error:  # noqa: BLE001 - raised again by every caller of `once`
        return {"failure": f"{type(error).__name__}: {error}"}


def _start_postgres() -> Shared:
    kind = choose.choose_postgres()
    if kind == "given":
        return {"kind": kind, "url": os.environ[choose.DATABASE_VARIABLE], "folder": ""}
    if kind == "container":
        return _start_container("postgres")
    server = PostgresServer()
    _started.append(server)
    server.start()
    return {"kind": kind, "url": server.url, "folder": str(server.folder)}


def _start_rabbitmq() -> Shared:
    kind = choose.choose_rabbitmq()
    if kind == "given":
        return {"kind": kind, "url": os.environ[choose.AMQP_VARIABLE], "folder": ""}
    if kind == "container":
        return _start_container("rabbitmq")
    node = RabbitNode()
    _started.append(node)
    node.start()
    return {"kind": kind, "url": node.server_url, "folder": str(node.folder)}


def _start_container(name: str) -> Shared:
    folder = places.new_server_folder(name)
    return {"kind": "container", "url": containers.start_container(name, folder), "folder": str(folder)}
