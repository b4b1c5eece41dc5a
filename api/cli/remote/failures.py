"""Failures, by their kinds."""

import click

from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.remote.completion import complete_actors, complete_schedules
from api.cli.remote.options import limit_option, since
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_list


def _say_error(failure: Item) -> str:
    return f"{failure['error_type']}: {failure['message']}" if failure["message"] else str(failure["error_type"])


_FAILURES = (
    Column("LAST", "last_at", "instant"),
    Column("COUNT", "count"),
    Column("STREAK", "streak"),
    Column("ACTOR", "actor"),
    Column("ERROR", _say_error),
    Column("SCHEDULES", "schedules", spare=1),
    Column("FIRST", "first_at", "instant", spare=2),
    Column("FINGERPRINT", "fingerprint", whole=True),
)


@command()
@click.option("--actor", shell_complete=complete_actors, help="Of this actor.")
@click.option("--schedule", shell_complete=complete_schedules, help="Of this schedule.")
@since
@click.option("--q", metavar="TEXT", help="A part of the actor's name, or of the error's type or message.")
@limit_option("50")
def failures(shell: Shell, limit: int | None, **filters: str | None) -> None:
    """List failures by their kinds, those that were seen last first."""
    show_list(shell, connect(shell).pages("/v1/failures", limit, **filters), _FAILURES, "fingerprint")
