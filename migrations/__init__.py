"""Alembic's migrations: `alembic upgrade head`, or this from within a process."""

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def upgrade_to_head() -> None:
    """Bring the database of this process's settings to the newest version."""
    command.upgrade(_configuration(), "head")


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
