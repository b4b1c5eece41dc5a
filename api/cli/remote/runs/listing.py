"""List and get runs."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from api.cli.groups import command
from api.cli.remote.client import connect, id_path
from api.cli.remote.completion import complete_actors, complete_schedules
from api.cli.remote.options import STATES, TRIGGERS, limit_option, since, until
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_each, show_list

F = TypeVar("F", bound=Callable[..., Any])


def say_why(run: Item) -> str | None:
    """Why it ended as it did, or what it waits for."""
    if error := run["error"]:
        message = str(error["message"] or "").strip().partition("\n")[0]
        return f"{error['type']}: {message}" if message else str(error["type"])
    if run["state"] in ("planned", "retrying") and run["waiting_for"]:
        return f"waits for {run['waiting_for']}"
    reason: str | None = run["reason"]
    return reason


COLUMNS = (
    Column("ID", "id", whole=True),
    Column("SCHEDULE", lambda run: run["schedule"] or run["actor"]),
    Column("STATE", "state", "state"),
    Column("TRIGGER", "trigger", spare=3),
    Column("DUE", "due_at", "instant"),
    Column("LATE", "lateness_seconds", "span", spare=2),
    Column("TOOK", "duration_seconds", "span", spare=1),
    Column("WHY", say_why),
)


def run_filters(function: F) -> F:
    """The API's filters of runs, as options."""
    options = (
        click.option("--schedule", shell_complete=complete_schedules, help="Of this schedule."),
        click.option("--actor", shell_complete=complete_actors, help="Of this actor."),
        click.option("--state", multiple=True, type=click.Choice(STATES), help="May be given several times."),
        click.option("--trigger", type=click.Choice(TRIGGERS)),
        since,
        until,
        click.option("--error", metavar="TEXT", help="A part of the error's type or message."),
        click.option("--fingerprint", help="Of this kind of failures: see `callsheet failures`."),
        click.option("--q", metavar="TEXT", help="A part of the schedule's or the actor's name."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command("list")
@run_filters
@click.option("--full", is_flag=True, help="All of arguments, results, errors and output; for json, jsonl and yaml.")
@limit_option("50")
def list_runs(shell: Shell, limit: int | None, full: bool, **filters: Any) -> None:
    """List runs, newest first."""
    show_list(shell, connect(shell).pages("/v1/runs", limit, full=full or None, **filters), COLUMNS, "id")


@command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def get(shell: Shell, ids: tuple[str, ...]) -> None:
    """Show runs with all their fields."""
    client = connect(shell)
    show_each(shell, [client.get(id_path("runs", each)) for each in ids], "id")
