"""The clock: there is one, the database's."""

from datetime import datetime

import sqlalchemy as sa


def read_clock(connection: sa.Connection) -> datetime:
    """The database's clock, the only one that decides what is due: the start of the current transaction."""
    now: datetime = connection.exec_driver_sql("SELECT now()").scalar_one()
    return now


def read_present(connection: sa.Connection) -> datetime:
    """The database's clock at this moment: later than `read_clock`, as far as the transaction has waited for locks."""
    present: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return present
