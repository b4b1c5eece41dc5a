"""Cancel runs and run them again: some by their ids, or all that a filter finds."""

from typing import Any

import click

from api.cli.failures import USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import Client, connect, id_path
from api.cli.remote.options import yes
from api.cli.remote.runs.listing import COLUMNS, run_filters
from api.cli.shell import Shell
from api.cli.show import show_done, show_one

_ids = click.argument("ids", nargs=-1, metavar="[ID]...")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say how many a filter finds.")
_limit = click.option("--limit", type=click.IntRange(1, 10_000), help="The newest so many; 10,000 at most.")


@command()
@_ids
@run_filters
@_dry_run
@_limit
@yes
def cancel(shell: Shell, ids: tuple[str, ...], **rest: Any) -> None:
    """Cancel runs, by id or by a filter: at once while they wait; of what runs, workers are asked to end it."""
    _act(shell, "cancel", ids, **rest)


@command()
@_ids
@run_filters
@_dry_run
@_limit
@yes
def retry(shell: Shell, ids: tuple[str, ...], **rest: Any) -> None:
    """Run finished runs again, by id or by a filter, as new runs with the same arguments."""
    _act(shell, "retry", ids, **rest)


def _act(
    shell: Shell, verb: str, ids: tuple[str, ...], *, dry_run: bool, limit: int | None, yes: bool, **filters: Any
) -> None:
    wanted = {name: list(value) if name == "state" else value for name, value in filters.items() if value}
    if bool(ids) == bool(wanted):
        raise Failure(f"say which runs to {verb}: either ids or filters such as --schedule and --state", USAGE)
    client = connect(shell)
    if wanted:
        _act_on_many(shell, client, verb, {"filter": wanted} | ({"limit": limit} if limit else {}), dry_run, yes)
    elif dry_run:
        raise Failure("--dry-run goes with filters", USAGE)
    else:
        runs = [client.post(f"{id_path('runs', each)}/{verb}") for each in ids]
        show_done(shell, runs, COLUMNS, "id")


def _act_on_many(shell: Shell, client: Client, verb: str, body: dict[str, Any], dry_run: bool, is_sure: bool) -> None:
    if not is_sure and not dry_run:
        found = client.post(f"/v1/runs/{verb}", body | {"dry_run": True})["matched"]
        if not found:
            shell.say("no run is found by that")
            return
        shell.confirm(f"{verb.capitalize()} {found} run{'' if found == 1 else 's'}?")
    done = client.post(f"/v1/runs/{verb}", body | {"dry_run": dry_run})
    if shell.output == "name":
        print("".join(f"{each}\n" for each in done["ids"]), end="")
    else:
        show_one(shell, done)
