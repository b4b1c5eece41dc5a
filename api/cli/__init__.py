"""The command line: `callsheet`."""

import json
import os
import sys
from pathlib import Path

import click

from config.settings import SettingsError, exit_with, load_settings


@click.group()
def main() -> None:
    """The scheduler for Dramatiq."""


@main.command()
@click.option("--data", type=click.Path(path_type=Path), envvar="CALLSHEET_DATA", help="Where the data lives.")
def up(data: Path | None) -> None:
    """Run everything in one process: API, scheduling and a worker.

    Without DATABASE_URL it brings a PostgreSQL of its own, without AMQP_URL queues of its own.
    """
    from api.cli.local.up import run_everything  # it imports all of callsheet: not for the other commands

    run_everything(data)


@main.command()
def config() -> None:
    """Print the settings in force as JSON, secrets masked."""
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        exit_with(error)
    json.dump(settings.model_dump(mode="json"), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
