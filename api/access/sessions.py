"""Sessions: a browser is signed in with a token, and from then on known by a cookie; what it sends is bound to that."""

import hashlib
import hmac
import secrets
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr

from api.access.auth import Caller, NotIdentified, is_same
from api.access.tokens import hash_of, is_well_formed
from models.access.sessions import begin_session, end_session, find_session, follow_link, note_session
from models.access.tokens import find_token, note_use
from models.words.roles import Role

_BYTES = 32


def sign_in(connection: sa.Connection, token: str, admin_token: SecretStr | None) -> str:
    """Begin a session of the bearer of a token; what the cookie is to have. Raises NotIdentified."""
    token = token.strip()
    if is_same(token, admin_token):
        return _begin(connection, None, hash_of(token))
    if is_well_formed(token) and (stored := find_token(connection, hash_of(token))) is not None:
        note_use(connection, stored.id)
        return _begin(connection, stored.id, None)
    raise NotIdentified("this is no token that holds", "Bearer")


def make_link(connection: sa.Connection, admin_token: SecretStr) -> str:
    """What a link has that signs an admin in, once and soon."""
    code = secrets.token_urlsafe(_BYTES)
    begin_session(connection, hash_of(code), None, hash_of(admin_token.get_secret_value()), is_link=True)
    return code


def sign_in_by_link(connection: sa.Connection, code: str) -> str:
    """As `sign_in`, with what a link has. Raises NotIdentified."""
    session = secrets.token_urlsafe(_BYTES)
    if not follow_link(connection, hash_of(code), hash_of(session)):
        raise NotIdentified("this link was used already, or is too old", "Bearer")
    return session


def who_is(connection: sa.Connection, session: str, admin_token: SecretStr | None) -> Caller | None:
    """Whose session this is; None where there is none that lasts."""
    admin = "" if admin_token is None else hash_of(admin_token.get_secret_value())
    found = find_session(connection, hash_of(session), admin)
    if found is None:
        return None
    note_session(connection, hash_of(session))
    token = found.token
    if token is None:
        return Caller("admin", Role.ADMIN)
    return Caller(token.name, token.role, token.only, token.expires_at)


def sign_out(connection: sa.Connection, session: str) -> None:
    """End it."""
    end_session(connection, hash_of(session))


def form_key(cookie: str) -> str:
    """What the forms of a browser carry, which only pages that it was sent can know (a CSRF token)."""
    return hmac.new(cookie.encode("utf-8", "surrogateescape"), b"form", hashlib.sha256).hexdigest()


def _begin(connection: sa.Connection, token: UUID | None, admin: str | None) -> str:
    session = secrets.token_urlsafe(_BYTES)
    begin_session(connection, hash_of(session), token, admin)
    return session
