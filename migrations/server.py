"""What a server must be for callsheet to work with it."""

from typing import Any

OLDEST_VERSION = 140000
FACTS = """
SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS is_standby
"""


def problem_of(facts: Any) -> str | None:
    """What is wrong with a server and its database, by the row of `FACTS`; None if nothing is."""
    if facts.version < OLDEST_VERSION:
        return f"callsheet needs PostgreSQL {OLDEST_VERSION // 10000} or later; this server is {facts.version // 10000}"
    if facts.is_standby:
        return "this server is a standby, which nothing can be written to: give the address of the primary"
    if facts.encoding != "UTF8":
        return (
            f"the database must be UTF8, and is {facts.encoding}: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    return None
