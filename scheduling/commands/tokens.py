"""Give tokens, and take them back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa

from models.access.tokens import StoredToken, delete_token, insert_token
from models.sql.clock import read_clock
from models.words.faults import Fault
from models.words.instants import write_instant
from models.words.roles import Role, Scope
from scheduling.commands.audit import By, note
from scheduling.commands.faults import Conflict, NotFound, Refused


@dataclass(frozen=True)
class NewToken:
    """What a token is to be: of itself only its hash and its end."""

    name: str
    role: Role
    only: Scope | None
    expires_at: datetime | None
    hash: str
    last_four: str


def give(connection: sa.Connection, new: NewToken, by: By) -> StoredToken:
    """Keep a new token. Raises Refused for one that ends in the past, Conflict where the name is taken."""
    now = read_clock(connection)
    if new.expires_at is not None and new.expires_at <= now:
        raise Refused([Fault(("expires_at",), "must lie in the future")])
    stored = insert_token(
        connection,
        {
            "id": uuid4(),
            "name": new.name,
            "role": new.role.word,
            "only_prefix": new.only and new.only.prefix,
            "only_tags": (new.only and list(new.only.tags)) or None,
            "hash": new.hash,
            "last_four": new.last_four,
            "created_at": now,
            "created_by": by.who,
            "expires_at": new.expires_at,
        },
    )
    if stored is None:
        raise Conflict("there is a token of that name")
    note(connection, by, "token.create", f"tokens/{new.name}", after=_said(stored))
    return stored


def revoke(connection: sa.Connection, token: UUID, by: By) -> None:
    """Take a token back: it holds no more from now on. Raises NotFound."""
    gone = delete_token(connection, token)
    if gone is None:
        raise NotFound("token")
    note(connection, by, "token.revoke", f"tokens/{gone.name}", before=_said(gone))


def _said(token: StoredToken) -> dict[str, object]:
    only = token.only and {"prefix": token.only.prefix, "tags": list(token.only.tags)}
    expires_at = None if token.expires_at is None else write_instant(token.expires_at)
    return {"role": token.role.word, "only": only, "expires_at": expires_at, "last_four": token.last_four}
