"""Who calls, and what they may do."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import SecretStr

from api.access.tokens import hash_of, is_well_formed
from config.sections import Access
from config.settings import Settings
from models.access.tokens import StoredToken, find_token, note_use
from models.words.roles import Role, Scope, role_of


@dataclass(frozen=True)
class Caller:
    """Somebody known; `name` is what history shows, `only` the schedules that they see where it is not all."""

    name: str
    role: Role
    only: Scope | None = None
    expires_at: datetime | None = None


class NotIdentified(Exception):
    """It is not known who calls; `challenge` says how to say so (RFC 6750)."""

    def __init__(self, message: str, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge


class NotAllowed(Exception):
    """The caller may not do this."""


Header = Callable[[str], str | None]


def identify(header: Header, engine: sa.Engine, settings: Settings) -> Caller:
    """Who a request with these headers comes from: the bearer of a token, or whom a trusted proxy names. Raises
    NotIdentified."""
    if header("Authorization") is None and (named := named_by_proxy(header, settings.access)) is not None:
        return named
    scheme, _, token = (header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotIdentified("this call needs a token: Authorization: Bearer …", "Bearer")
    if is_same(token.strip(), settings.http.admin_token):
        return Caller("admin", Role.ADMIN)
    if is_well_formed(token.strip()) and (stored := _use(token.strip(), engine)) is not None:
        return Caller(stored.name, stored.role, stored.only, stored.expires_at)
    raise NotIdentified("the token is not valid", 'Bearer error="invalid_token"')


def may_be_stored(header: Header) -> bool:
    """Whether it takes a look into the database to tell whose token this is."""
    scheme, _, token = (header("Authorization") or "").partition(" ")
    return scheme.lower() == "bearer" and is_well_formed(token.strip())


def require(caller: Caller, role: Role) -> None:
    """Raises NotAllowed unless the caller has the role."""
    if caller.role < role:
        raise NotAllowed(f"this call needs the role {role.word}")


def _use(token: str, engine: sa.Engine) -> StoredToken | None:
    with engine.begin() as connection:
        stored = find_token(connection, hash_of(token))
        if stored is not None:
            note_use(connection, stored.id)
        return stored


def named_by_proxy(header: Header, access: Access) -> Caller | None:
    """Whom the proxy has signed in: believed only with the secret that it alone knows, and with the role that the map
    gives to their groups."""
    if not access.has_proxy or not is_same(header(access.proxy_secret_header) or "", access.proxy_secret):
        return None
    user = (header(access.proxy_user_header) or "").strip()
    if not user:
        return None
    groups = {group.strip() for group in (header(access.proxy_groups_header) or "").split(",")}
    roles = [role_of(role) for group, role in access.group_roles.items() if group in groups]
    if not roles:
        raise NotAllowed(f"{user} is in no group that has a role here")
    return Caller(user, max(roles))


def is_same(given: str, expected: SecretStr | None) -> bool:
    """Whether it is the secret, in a time that says nothing of it."""
    if not expected:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.get_secret_value().encode())
