"""Changes of tables that are written to meanwhile: for what takes long no write waits.

Each commits what its migration has done before and goes on in a new transaction, so a migration that fails half-way is
run again on what is there. Here that is no harm; what stands before it in a migration must be none either.
"""

import sqlalchemy as sa
from alembic import op

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
"""Everybody waits behind whoever waits for the lock of a whole table."""


def add_check(table: str, name: str, condition: str) -> None:
    """Add the CHECK (or put it in the place of the one of that name), then look at the rows that are there."""
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
    )
    _outside(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def create_index(table: str, name: str, what: str, serves: str) -> None:
    """Create an index on a partitioned table, one partition after the other; `what` is what follows the table's name.

    A partition that is made meanwhile has its index from the start.
    """
    op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY {table} {what}")
    op.execute(f"COMMENT ON INDEX {name} IS '{serves}'")
    _outside()
    while (partition := _partition_without(table, name)) is not None:
        of_partition = f"{name}{partition.removeprefix(table)}"
        # What an attempt before this one has left is not valid.
        _outside(
            f"DROP INDEX CONCURRENTLY IF EXISTS {of_partition}",
            f"CREATE INDEX CONCURRENTLY {of_partition} ON {partition} {what}",
        )
        op.execute(f"ALTER INDEX {name} ATTACH PARTITION {of_partition}")
        _outside()


def create_plain_index(table: str, name: str, what: str, serves: str) -> None:
    """Create an index on a table that is not partitioned; `what` is what follows the table's name."""
    _outside(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"CREATE INDEX CONCURRENTLY {name} ON {table} {what}")
    op.execute(f"COMMENT ON INDEX {name} IS '{serves}'")


_MISSING = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = CAST(:table AS regclass) AND NOT EXISTS (
    SELECT FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
    WHERE x.indrelid = i.inhrelid AND a.inhparent = CAST(:name AS regclass))
ORDER BY c.relname LIMIT 1
"""


def _partition_without(table: str, name: str) -> str | None:
    found: str | None = op.get_bind().scalar(sa.text(_MISSING), {"table": table, "name": name})
    return found


def _outside(*statements: str) -> None:
    """Commit, execute these each by itself, and begin the next transaction."""
    with op.get_context().autocommit_block():
        for statement in statements:
            op.execute(statement)
    op.execute(LOCK_TIMEOUT)
