"""Who calls, and what they may do."""

import hmac
from dataclasses import dataclass
from enum import IntEnum

from config.sections import Http


class Role(IntEnum):
    """What a token allows; each role may do what the ones before it may."""

    VIEWER = 1
    OPERATOR = 2
    EDITOR = 3
    ADMIN = 4


@dataclass(frozen=True)
class Caller:
    """The holder of a token; `name` is what history shows."""

    name: str
    role: Role


class NotIdentified(Exception):
    """It is not known who calls; `challenge` says how to say so (RFC 6750)."""

    def __init__(self, message: str, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge


class NotAllowed(Exception):
    """The caller may not do this."""


def identify(authorization: str | None, http: Http) -> Caller:
    """The caller of this `Authorization` header. Raises NotIdentified."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotIdentified("this call needs a token: Authorization: Bearer …", "Bearer")
    if http.admin_token is not None and _is_same(token.strip(), http.admin_token.get_secret_value()):
        return Caller("admin", Role.ADMIN)
    raise NotIdentified("the token is not valid", 'Bearer error="invalid_token"')


def require(caller: Caller, role: Role) -> None:
    """Raises NotAllowed unless the caller has the role."""
    if caller.role < role:
        raise NotAllowed(f"this call needs the role {role.name.lower()}")


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
