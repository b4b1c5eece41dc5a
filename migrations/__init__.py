"""Alembic's migrations: `alembic upgrade head`, or this for a process that has an engine already."""

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def upgrade_to_head(engine: sa.Engine) -> None:
    """Bring the database to the newest version."""
    configuration = _configuration()
    with engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """The newest version that this checkout knows."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    return configuration
