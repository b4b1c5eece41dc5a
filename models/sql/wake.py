"""Waking: a word to the scheduling processes that something changed."""

import sqlalchemy as sa

CHANNEL = "callsheet"
"""What they listen on."""


def notify(connection: sa.Connection) -> None:
    """Wake the scheduling processes once this transaction commits. A hint: polling alone is correct too."""
    connection.exec_driver_sql(f"SELECT pg_notify('{CHANNEL}', '')")
