"""List and get channels, and what was told there."""

import click

from api.cli.groups import command
from api.cli.remote.client import connect, path_of
from api.cli.remote.completion import complete_channels, complete_schedules
from api.cli.remote.options import limit_option
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_each, show_list


def _say_filter(channel: Item) -> str:
    wanted = channel.get("filter") or {}
    prefix = [f"{wanted['prefix']}*"] if wanted.get("prefix") else []
    tags = [f"#{tag}" for tag in wanted.get("tags") or ()]
    return ", ".join([*prefix, *tags, *(wanted.get("schedules") or ())])


def _say_error(delivery: Item) -> str:
    error = delivery["error"]
    if not error:
        return ""
    return f"{error['type']}: {error['message']}" if error["message"] else str(error["type"])


COLUMNS = (
    Column("NAME", "name", whole=True),
    Column("KIND", "kind"),
    Column("TO", lambda channel: channel["url"] or channel["to"]),
    Column("EVENTS", "events", spare=1),
    Column("ABOUT", _say_filter, spare=2),
    Column("AFTER", "after_failures", spare=3),
    Column("QUIET", lambda channel: channel["quiet_seconds"] or None, "span", spare=4),
)
_TOLD = tuple(column for column in COLUMNS if column.title != "ABOUT")
DELIVERIES = (
    Column("AT", "at", "instant"),
    Column("WHAT", "kind"),
    Column("SCHEDULE", "schedule"),
    Column("STATE", "state", "state"),
    Column("ATTEMPT", lambda delivery: f"{delivery['attempt']} of {delivery['max_retries'] + 1}", spare=1),
    Column("ERROR", _say_error),
    Column("RUN", "id", whole=True),
)

channel_name = click.argument("name", shell_complete=complete_channels)
channel_names = click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_channels)


@command("list")
@click.option("--schedule", shell_complete=complete_schedules, help="Those that tell about this schedule.")
@limit_option("all")
def list_channels(shell: Shell, schedule: str | None, limit: int | None) -> None:
    """List channels by name; with --schedule, who is told about that one."""
    client = connect(shell)
    if schedule is None:
        show_list(shell, client.pages("/v1/channels", limit), COLUMNS)
    else:
        show_list(shell, client.get(f"{path_of('schedules', schedule)}/channels")["items"][:limit], _TOLD)


@command()
@channel_names
def get(shell: Shell, names: tuple[str, ...]) -> None:
    """Show channels with all their fields."""
    client = connect(shell)
    show_each(shell, [client.get(path_of("channels", name)) for name in names])


@command()
@channel_name
@limit_option("50")
def deliveries(shell: Shell, name: str, limit: int | None) -> None:
    """List what was told there, newest first, and what became of it."""
    show_list(shell, connect(shell).pages(f"{path_of('channels', name)}/deliveries", limit), DELIVERIES, "id")
