"""Alembic's migrations: `alembic upgrade head`, or these functions for a process that has an engine already."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory


def upgrade_to_head(engine: sa.Engine) -> None:
    """Bring the database to the newest version."""
    configuration = _configuration()
    with engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


def is_at_head(connection: sa.Connection) -> bool:
    """Whether the database has the newest version of this checkout."""
    current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(_configuration()).get_heads())


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    return configuration
