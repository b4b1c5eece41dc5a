"""SQL of sessions: browsers that somebody has signed in, each by the token that was given."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from models.access.tokens import COLUMNS, StoredToken

IDLE_HOURS = 12
WHOLE_DAYS = 7
LINK_MINUTES = 15
USED_SECONDS = 60
"""How often it is noted that a session was used."""

_LASTS = f"""NOT s.is_link AND s.used_at > now() - interval '{IDLE_HOURS} hours'
    AND s.created_at > now() - interval '{WHOLE_DAYS} days'"""


@dataclass(frozen=True)
class StoredSession:
    """Whose it is; `token` is None for the token of the settings."""

    token: StoredToken | None


_BEGIN = """
INSERT INTO sessions (hash, token_id, admin_hash, is_link, created_at, used_at)
VALUES (%(hash)s, %(token)s, %(admin)s, %(is_link)s, now(), now())
"""


def begin_session(
    connection: sa.Connection, hash_: str, token: UUID | None, admin: str | None, *, is_link: bool = False
) -> None:
    """Keep a session, or a link that will begin one: of a token, or of the hash of the one in the settings."""
    connection.exec_driver_sql(_BEGIN, {"hash": hash_, "token": token, "admin": admin, "is_link": is_link})


_FOLLOW = f"""
UPDATE sessions SET hash = %(hash)s, is_link = false, created_at = now(), used_at = now()
WHERE hash = %(link)s AND is_link AND created_at > now() - interval '{LINK_MINUTES} minutes'
"""


def follow_link(connection: sa.Connection, link: str, hash_: str) -> bool:
    """Make a session of what a link's hash stands for, which is used up by that; False if there is none."""
    return connection.exec_driver_sql(_FOLLOW, {"link": link, "hash": hash_}).rowcount == 1


_FIND = f"""
SELECT {", ".join(f"t.{column}" for column in COLUMNS.split(", "))}
FROM sessions s LEFT JOIN tokens t ON t.id = s.token_id
WHERE s.hash = %(hash)s AND {_LASTS} AND (t.expires_at IS NULL OR t.expires_at > now())
  AND (t.id IS NOT NULL OR s.admin_hash = %(admin)s)
"""


def find_session(connection: sa.Connection, hash_: str, admin: str) -> StoredSession | None:
    """The session of this hash, where it still lasts and its token still holds; `admin` is the hash of the token in the
    settings."""
    row = connection.exec_driver_sql(_FIND, {"hash": hash_, "admin": admin}).one_or_none()
    if row is None:
        return None
    return StoredSession(None if row.id is None else StoredToken.of(row))


_NOTE_USE = f"""
UPDATE sessions SET used_at = now() WHERE hash = (
    SELECT hash FROM sessions WHERE hash = %(hash)s AND used_at < now() - make_interval(secs => {USED_SECONDS})
    FOR UPDATE SKIP LOCKED)
"""


def note_session(connection: sa.Connection, hash_: str) -> None:
    """Note that a session was used, once in a while."""
    connection.exec_driver_sql(_NOTE_USE, {"hash": hash_})


def end_session(connection: sa.Connection, hash_: str) -> None:
    """Sign out."""
    connection.exec_driver_sql("DELETE FROM sessions WHERE hash = %(hash)s", {"hash": hash_})


def prune_sessions(connection: sa.Connection) -> int:
    """Forget sessions that are over, and links that nobody followed in time; how many."""
    return connection.exec_driver_sql(f"DELETE FROM sessions s WHERE NOT ({_LASTS}) AND NOT ({_IS_OPEN})").rowcount


_IS_OPEN = f"s.is_link AND s.created_at > now() - interval '{LINK_MINUTES} minutes'"
