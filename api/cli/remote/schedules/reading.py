"""List and get schedules."""

from typing import Any

import click

from api.cli.groups import command
from api.cli.remote.client import connect, path_of
from api.cli.remote.completion import complete_actors
from api.cli.remote.options import limit_option, schedule_names
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_each, show_list
from api.cli.times import show_span


def say_when(schedule: Item) -> str:
    """When it is due, in a few words."""
    if cron := schedule["cron"]:
        expressions = [cron] if isinstance(cron, str) else cron
        zone = "" if schedule["timezone"] == "UTC" else f" {schedule['timezone']}"
        return f"{'; '.join(expressions)}{zone}"
    if every := schedule["every_seconds"]:
        return f"every {show_span(every)}"
    return f"at {schedule['at']}" if schedule["at"] else "when triggered"


def say_state(schedule: Item) -> str:
    """Whether it goes on."""
    if schedule["error"] is not None:
        return "error"
    return "paused" if schedule["paused_at"] is not None else "active"


COLUMNS = (
    Column("NAME", "name", whole=True),
    Column("STATE", say_state, "state"),
    Column("WHEN", say_when),
    Column("ACTOR", "actor", spare=2),
    Column("LAST", lambda each: (each["last_run"] or {}).get("state"), "state"),
    Column("RAN", lambda each: (each["last_run"] or {}).get("started_at"), "instant", spare=1),
    Column("NEXT", "next_due_at", "instant"),
)


@command("list")
@click.option("--actor", shell_complete=complete_actors, help="Of this actor.")
@click.option("--tag", help="With this tag.")
@click.option("--state", type=click.Choice(["paused", "active", "error"]))
@click.option("--source", help="Of this source: api, code, or file:NAME.")
@click.option("--prefix", help="Whose names begin so.")
@click.option("--q", metavar="TEXT", help="A part of the name, the actor or the description.")
@limit_option("all")
def list_schedules(shell: Shell, limit: int | None, **filters: str | None) -> None:
    """List schedules by name."""
    show_list(shell, connect(shell).pages("/v1/schedules", limit, **filters), COLUMNS)


@command()
@schedule_names
def get(shell: Shell, names: tuple[str, ...]) -> None:
    """Show schedules with all their fields."""
    client = connect(shell)
    found: list[dict[str, Any]] = [client.get(path_of("schedules", name)) for name in names]
    show_each(shell, found)
    warn(shell, *found)


def warn(shell: Shell, *schedules: Item) -> None:
    """Say what keeps runs of them from going well; with JSON that is in the answer."""
    if shell.output in ("table", "name"):
        for schedule in schedules:
            for warning in schedule["warnings"]:
                shell.say(f"{schedule['name']}: {warning}")
