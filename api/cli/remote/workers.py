"""Workers, and the actors that they have announced."""

from typing import Any

import click

from api.cli.failures import MISSING, Failure
from api.cli.groups import command
from api.cli.remote.client import connect, id_path
from api.cli.remote.completion import complete_actors
from api.cli.remote.options import limit_option
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_each, show_list


def _state_of(worker: Item) -> str:
    if not worker["live"]:
        return "gone"
    return "draining" if worker["drain_requested_at"] else "live"


_WORKERS = (
    Column("ID", "id", whole=True),
    Column("STATE", _state_of, "state"),
    Column("HOST", "host"),
    Column("PID", "pid", spare=2),
    Column("QUEUES", "queues"),
    Column("THREADS", "threads", spare=3),
    Column("RUNNING", "running"),
    Column("VERSION", lambda worker: worker["release"] or worker["version"], spare=1),
    Column("SEEN", "last_seen_at", "instant"),
)
_ACTORS = (
    Column("NAME", "name", whole=True),
    Column("STATE", lambda actor: "live" if actor["live"] else "gone", "state"),
    Column("QUEUE", "queue"),
    Column("ARGUMENTS", lambda actor: list(actor["parameters"].get("properties", {})), spare=1),
    Column("ABOUT", lambda actor: actor["doc"].partition("\n")[0]),
)


@command("list")
@limit_option("all")
def list_workers(shell: Shell, limit: int | None) -> None:
    """List the workers seen within the last day."""
    show_list(shell, connect(shell).pages("/v1/workers", limit), _WORKERS, "id")


@command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def drain(shell: Shell, ids: tuple[str, ...]) -> None:
    """Have workers, with the other processes of their masters, take no more runs, and exit once they have none."""
    client = connect(shell)
    asked: dict[str, dict[str, Any]] = {}
    for each in ids:
        answer = client.post(f"{id_path('workers', each)}/drain")
        asked |= {worker["id"]: worker for worker in answer["items"]}
    show_list(shell, list(asked.values()), _WORKERS, "id")


@command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_actors)
@limit_option("all")
def actors(shell: Shell, names: tuple[str, ...], limit: int | None) -> None:
    """List the actors that workers have announced; those named with all their fields."""
    found = connect(shell).pages("/v1/actors", None if names else limit)
    if not names:
        show_list(shell, found, _ACTORS)
        return
    known = {actor["name"]: actor for actor in found}
    for name in names:
        if name not in known:
            raise Failure(f"no worker has announced an actor {name}", MISSING)
    show_each(shell, [known[name] for name in names])
