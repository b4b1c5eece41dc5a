"""The clock: there is one, the database's."""

from datetime import datetime

import sqlalchemy as sa


def read_clock(connection: sa.Connection) -> datetime:
    """The database's clock, the only one that decides what is due: the start of the current transaction."""
    now: datetime = connection.exec_driver_sql("SELECT now()").scalar_one()
    return now
