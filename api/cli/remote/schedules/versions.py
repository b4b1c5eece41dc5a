"""The definitions that a schedule has had."""

import json
from typing import Any

import click

from api.cli.groups import command
from api.cli.remote.client import connect, path_of
from api.cli.remote.options import limit_option, reason, schedule_name
from api.cli.remote.schedules.reading import COLUMNS, warn
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_done, show_list


def say_changes(version: Item) -> str:
    """What was changed, in a line; of the first one all was."""
    if version["action"] == "schedule.create":
        return ""
    return "; ".join(
        f"{change['field']}: {_short(change['before'])} → {_short(change['after'])}" for change in version["changes"]
    )


_VERSIONS = (
    Column("VERSION", "version"),
    Column("AT", "at", "instant"),
    Column("WHO", "who"),
    Column("ACTION", "action"),
    Column("CHANGES", say_changes),
)


@command()
@schedule_name
@limit_option("50")
def versions(shell: Shell, name: str, limit: int | None) -> None:
    """List the definitions that it has had, newest first, with what each changed."""
    show_list(shell, connect(shell).pages(f"{path_of('schedules', name)}/versions", limit), _VERSIONS, "version")


@command()
@schedule_name
@click.argument("version", type=int)
@reason
def rollback(shell: Shell, name: str, version: int, reason: str | None) -> None:
    """Give a schedule the definition of an earlier version again, as a new version."""
    body: dict[str, Any] = {"version": version} | ({"reason": reason} if reason else {})
    schedule = connect(shell).post(f"{path_of('schedules', name)}/rollback", body)
    show_done(shell, [schedule], COLUMNS)
    warn(shell, schedule)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
