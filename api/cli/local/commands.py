"""Commands that work on this machine: up, config, migrate, openapi."""

import json
import os
import sys
from pathlib import Path

import click

from api.cli.failures import SERVER, Failure


@click.command()
@click.option("--data", type=click.Path(path_type=Path), envvar="CALLSHEET_DATA", help="Where the data lives.")
def up(data: Path | None) -> None:
    """Run everything in one process: API, scheduling and a worker.

    Without DATABASE_URL it brings a PostgreSQL of its own, without AMQP_URL queues of its own.
    """
    from api.cli.local.up import run_everything  # it imports all of callsheet: not for the other commands

    run_everything(data)


@click.command()
def config() -> None:
    """Print the settings in force as JSON, secrets masked."""
    from config.settings import SettingsError, exit_with, load_settings

    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        exit_with(error)
    json.dump(settings.model_dump(mode="json"), sys.stdout, indent=2)
    print()


@click.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL to the newest migration."""
    from config.database import TRANSIENT
    from migrations import upgrade_to_head

    try:
        upgrade_to_head()
    except TRANSIENT as error:
        raise Failure(f"the database can't be migrated: {str(getattr(error, 'orig', error)).strip()}", SERVER) from None
    print("the database has the newest migration", file=sys.stderr)


@click.command()
def openapi() -> None:
    """Print the description of the API for machines, as of this version."""
    from api.app import OPENAPI

    print(json.dumps(OPENAPI, indent=2, ensure_ascii=False))
