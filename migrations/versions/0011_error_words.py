"""Words of errors are found by their trigrams, where the extension for that may be made.

Where it may not, a search stops at the newest errors and says so. Once an administrator has made `pg_trgm`, going back
to 0010 and forward again makes the index.
"""

import sqlalchemy as sa
from alembic import op

from migrations.online import LOCK_TIMEOUT, create_index

revision = "0011"
down_revision = "0010"

_AVAILABLE = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
_INSTALLED = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"
_WORDS = "(lower(coalesce(error_type, '') || ': ' || coalesce(error_message, ''))) gin_trgm_ops"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    if _have_trigrams(op.get_bind()):
        what = f"USING gin ({_WORDS}) WHERE error_type IS NOT NULL"
        create_index("runs", "runs_error_words", what, "API: runs with an error, by a part of its words")


def downgrade() -> None:
    op.execute("DROP INDEX IF EXISTS runs_error_words")


def _have_trigrams(connection: sa.Connection) -> bool:
    """Since PostgreSQL 13 whoever owns the database may make the extension."""
    if connection.exec_driver_sql(_INSTALLED).scalar_one():
        return True
    if not connection.exec_driver_sql(_AVAILABLE).scalar_one():
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError:
        return False
    return True
