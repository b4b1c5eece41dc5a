"""Alembic's migrations: `alembic upgrade head`, or this from within a process.

Alembic itself is imported only where it works: all processes ask whether a database has everything.
"""

from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent
LACKING = "the database lacks migrations of this process: run `alembic upgrade head`"


def upgrade_to_head() -> None:
    """Bring the database of this process's settings to the newest version."""
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER))
    command.upgrade(configuration, "head")


def is_behind(revision: str | None) -> bool:
    """Whether a database at this version lacks migrations of this checkout. One that it does not know is newer."""
    return revision is None or revision in revisions()[:-1]


@lru_cache(maxsize=1)
def revisions() -> tuple[str, ...]:
    """The versions of this checkout, oldest first, by the numbers that their files begin with."""
    return tuple(sorted(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*_*.py")))
