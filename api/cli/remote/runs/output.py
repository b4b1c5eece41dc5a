"""Print what a run printed."""

import sys

import click

from api.cli.groups import command
from api.cli.remote.client import connect, id_path
from api.cli.remote.runs.following import follow as follow_run
from api.cli.shell import Shell


@command()
@click.argument("id")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt; the latest, if not given.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
def output(shell: Shell, id: str, attempt: int | None, follow: bool) -> None:  # noqa: A002 - the argument's name
    """Print what a run printed."""
    client = connect(shell)
    if follow:
        run = follow_run(shell, client, id, attempt)
        shell.say(f"{run['id']} {run['state']}")
        return
    text = client.call("GET", f"{id_path('runs', id)}/output", query={"attempt": attempt}).text
    sys.stdout.write(text if text.endswith("\n") or not text or not sys.stdout.isatty() else f"{text}\n")
