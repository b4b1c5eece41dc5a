"""SQL of tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_json
from models.words.roles import Role, Scope, role_of

COLUMNS = "id, name, role, only_prefix, only_tags, last_four, created_at, created_by, expires_at, last_used_at"
USED_SECONDS = 60
"""How often it is noted that a token was used."""


@dataclass(frozen=True)
class StoredToken:
    """A token as its row is."""

    id: UUID
    name: str
    role: Role
    only: Scope | None
    last_four: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: sa.Row[Any]) -> "StoredToken":
        """From a row of `COLUMNS`."""
        values = dict(row._mapping)
        prefix, tags = values.pop("only_prefix"), values.pop("only_tags")
        only = None if prefix is None and tags is None else Scope(prefix, tuple(tags or ()))
        return cls(**values | {"role": role_of(values["role"]), "only": only})


_INSERT = f"""
INSERT INTO tokens ({COLUMNS}, hash)
SELECT {COLUMNS}, hash FROM jsonb_populate_record(NULL::tokens, %(row)s::jsonb -> 0)
ON CONFLICT (name) DO NOTHING
RETURNING {COLUMNS}
"""


def insert_token(connection: sa.Connection, columns: Mapping[str, Any]) -> StoredToken | None:
    """Keep a token by its `hash`; None if the name is taken."""
    row = connection.exec_driver_sql(_INSERT, {"row": as_json([columns])}).one_or_none()
    return None if row is None else StoredToken.of(row)


_FIND = f"SELECT {COLUMNS} FROM tokens WHERE hash = %(hash)s AND (expires_at IS NULL OR expires_at > now())"


def find_token(connection: sa.Connection, hash_: str) -> StoredToken | None:
    """The token of this hash that still holds; None for none."""
    row = connection.exec_driver_sql(_FIND, {"hash": hash_}).one_or_none()
    return None if row is None else StoredToken.of(row)


_GET = f"SELECT {COLUMNS} FROM tokens WHERE id = %(id)s"


def get_token(connection: sa.Connection, token: UUID) -> StoredToken | None:
    """The token of this id, whether it still holds or not; None for none."""
    row = connection.exec_driver_sql(_GET, {"id": token}).one_or_none()
    return None if row is None else StoredToken.of(row)


_NOTE_USE = f"""
UPDATE tokens SET last_used_at = now() WHERE id = (
    SELECT id FROM tokens
    WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at < now() - make_interval(secs => {USED_SECONDS}))
    FOR UPDATE SKIP LOCKED)
"""


def note_use(connection: sa.Connection, token: UUID) -> None:
    """Note that a token was used, once in a while."""
    connection.exec_driver_sql(_NOTE_USE, {"id": token})


_LIST = f"SELECT {COLUMNS} FROM tokens WHERE name > %(after)s ORDER BY name LIMIT %(limit)s"


def list_tokens(connection: sa.Connection, limit: int, after: str | None) -> Sequence[StoredToken]:
    """Tokens by name."""
    rows = connection.exec_driver_sql(_LIST, {"after": after or "", "limit": limit})
    return [StoredToken.of(row) for row in rows]


_DELETE = f"DELETE FROM tokens WHERE id = %(id)s RETURNING {COLUMNS}"


def delete_token(connection: sa.Connection, token: UUID) -> StoredToken | None:
    """Take a token back; None if there is none."""
    row = connection.exec_driver_sql(_DELETE, {"id": token}).one_or_none()
    return None if row is None else StoredToken.of(row)
