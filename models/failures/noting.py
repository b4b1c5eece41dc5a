"""SQL of noting: a run that has failed gets a row in the transaction that ends it, and nothing else is touched."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_array

# No two transactions end the same run, so nobody waits here: what many share is written later, by one.
_NOTE = "INSERT INTO failed_runs (run_id) SELECT unnest(%(runs)s::uuid[]) ON CONFLICT DO NOTHING"


def note_failed(connection: sa.Connection, runs: Sequence[UUID]) -> None:
    """Note runs that have failed for good, in the transaction that ends them."""
    connection.exec_driver_sql(_NOTE, {"runs": as_array(runs)})
