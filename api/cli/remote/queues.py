"""Queues: list, pause, resume, dead letters."""

from api.cli.groups import command
from api.cli.remote.client import connect, path_of
from api.cli.remote.options import limit_option, queue_name, reason
from api.cli.shell import Shell
from api.cli.show import Column, show_done, show_list, show_one

_QUEUES = (
    Column("NAME", "name", whole=True),
    Column("STATE", lambda queue: "paused" if queue["paused"] else "active", "state"),
    Column("PLANNED", "planned"),
    Column("QUEUED", "queued"),
    Column("RUNNING", "running"),
    Column("PAUSED", "paused_at", "instant", spare=2),
    Column("BY", "paused_by", spare=1),
    Column("REASON", "pause_reason", spare=3),
    Column("OLDEST", "oldest_waiting_seconds", "span"),
    Column("DEAD LETTERS", lambda queue: queue.get("dead_letters")),
    Column("WAITS BECAUSE", "because"),
)
_DEAD_LETTERS = (
    Column("CAME", "at", "instant"),
    Column("REASON", "reason", whole=True),
    Column("BYTES", "bytes"),
    Column("WORKER", "worker_id", spare=1),
    Column("BECAUSE", "because"),
)


@command("list")
@limit_option("all")
def list_queues(shell: Shell, limit: int | None) -> None:
    """List queues by name, with the runs that are on their way through each, and why those that wait do."""
    show_list(shell, connect(shell).pages("/v1/queues", limit), _QUEUES)


@command("dead-letters")
@queue_name
def dead_letters(shell: Shell, name: str) -> None:
    """Say how many messages of a queue could not be read or stored, and why, of the latest ones."""
    found = connect(shell).get(f"{path_of('queues', name)}/dead-letters")
    if shell.output in ("json", "yaml"):
        show_one(shell, found)
        return
    shell.say(_how_many(name, found["dead_letters"]))
    if found["latest"]:
        show_list(shell, found["latest"], _DEAD_LETTERS, "reason")


@command()
@queue_name
@reason
def pause(shell: Shell, name: str, reason: str | None) -> None:
    """Pause a queue: nothing more of it starts until it is resumed; what runs goes on."""
    body = {"reason": reason} if reason else {}
    show_done(shell, [connect(shell).post(f"{path_of('queues', name)}/pause", body)], _QUEUES)


@command()
@queue_name
def resume(shell: Shell, name: str) -> None:
    """Resume a queue: what waited is published."""
    show_done(shell, [connect(shell).post(f"{path_of('queues', name)}/resume")], _QUEUES)


def _how_many(queue: str, letters: int | None) -> str:
    if letters is None:
        return f"nobody has counted the dead letters of {queue} yet"
    return f"{letters:,} dead letter{'' if letters == 1 else 's'} in {queue}"
