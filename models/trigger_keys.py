"""SQL of the keys of triggers."""

from uuid import UUID

import sqlalchemy as sa

_RESERVE_KEY = """
WITH reserved AS (
    INSERT INTO trigger_keys (schedule_id, key, run_id, created_at) VALUES (%(schedule)s, %(key)s, %(run)s, now())
    ON CONFLICT DO NOTHING RETURNING run_id
)
SELECT run_id FROM reserved
UNION ALL SELECT run_id FROM trigger_keys WHERE schedule_id = %(schedule)s AND key = %(key)s
LIMIT 1
"""


def reserve_trigger_key(connection: sa.Connection, schedule: UUID, key: str, run: UUID) -> UUID:
    """The run of this idempotency key: `run` if the key is new, else the run it triggered first.

    The schedule's row must be locked, so that two requests with one key come one after the other.
    """
    parameters = {"schedule": schedule, "key": key, "run": run}
    winner: UUID = connection.exec_driver_sql(_RESERVE_KEY, parameters).scalar_one()
    return winner
