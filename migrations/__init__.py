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


def is_behind(revision: str | None) -> bool:
    """Whether a database at this version lacks migrations of this checkout. One that it does not know is newer."""
    return revision is None or revision in _older_revisions()


@lru_cache(maxsize=1)
def _older_revisions() -> frozenset[str]:
    scripts = ScriptDirectory.from_config(_configuration())
    return frozenset(script.revision for script in scripts.walk_revisions() if not script.is_head)


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    return configuration
