"""Who calls, and what they may do."""

import hmac
from dataclasses import dataclass
from enum import IntEnum

from api.web.problems import Problem
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


def identify(authorization: str | None, http: Http) -> Caller:
    """The caller of this `Authorization` header. Raises Problem 401."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthorized("this call needs a token: Authorization: Bearer …", "Bearer")
    if http.admin_token is not None and _is_same(token.strip(), http.admin_token.get_secret_value()):
        return Caller("admin", Role.ADMIN)
    raise _unauthorized("the token is not valid", 'Bearer error="invalid_token"')


def require(caller: Caller, role: Role) -> None:
    """Raises Problem 403 unless the caller has the role."""
    if caller.role < role:
        raise Problem(403, f"this call needs the role {role.name.lower()}")


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _unauthorized(detail: str, challenge: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})
