"""Tokens: who has one, giving one, and taking one back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.token_body import TokenBody, make_new
from api.web.fields import ByName, page_of
from models.access.tokens import StoredToken, get_token, list_tokens
from models.words.faults import Fault
from models.words.roles import Role
from scheduling.commands import tokens
from scheduling.commands.faults import Conflict, NotFound, Refused

ALL = "/tokens"
ONE = "/tokens/{id:uuid}/revoke"
FIELDS = ("name", "role", "prefix", "tags", "expires_at")


def show_tokens(visit: Visit) -> Page:
    """Tokens by name, those that hold and those that have expired, and a form for a new one."""
    return _page(visit, {"role": Role.VIEWER.word}, {})


def create_token(visit: Visit) -> Page:
    """Make a token. The page that says so is the only one that ever has it."""
    form = visit.form
    tags = [tag.strip() for tag in form.get("tags", "").split(",") if tag.strip()]
    only = {name: value for name, value in (("prefix", form.get("prefix")), ("tags", tags)) if value}
    given = {name: form.get(name, "") for name in ("name", "role")} | {"only": only or None}
    try:
        body = asked(TokenBody, given | {"expires_at": instant_of(form.get("expires_at"))})
        token, new = make_new(body)
        with visit.engine.begin() as connection:
            stored = tokens.give(connection, new, visit.by)
    except Refused as error:
        return _page(visit, form, {_field_of(each): each.message for each in error.faults}, 422)
    except Conflict as error:
        return _page(visit, form, {"name": str(error)}, 409)
    return Page("tokens_new.html", "Tokens", {"token": token, "stored": stored}, 201, is_kept=False)


def confirm_revoke(visit: Visit) -> Page:
    """Ask once more."""
    return Page("tokens_revoke.html", "Revoke", {"token": _get(visit)})


def revoke_token(visit: Visit) -> Redirect:
    """Take it back, with its sessions."""
    token = _get(visit)
    with visit.engine.begin() as connection:
        tokens.revoke(connection, token.id, visit.by)
    return Redirect(ALL, f"The token {token.name} holds no more.")


PAGES = (
    PageRoute("GET", ALL, show_tokens, Role.ADMIN),
    PageRoute("POST", ALL, create_token, Role.ADMIN),
    PageRoute("GET", ONE, confirm_revoke, Role.ADMIN),
    PageRoute("POST", ONE, revoke_token, Role.ADMIN),
)


def _field_of(fault: Fault) -> str:
    """Of the form: what it has of `only` are fields of their own."""
    path = [str(part) for part in fault.path if part != "only"]
    return path[0] if path else "name"


def _page(visit: Visit, given: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Page:
    query = asked(ByName, visit.query)
    with visit.engine.connect() as connection:
        rows = list_tokens(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.name)
    shown: dict[str, Any] = {
        "items": [(token, _is_over(token)) for token in items],
        "more": link_with(ALL, {}, cursor=cursor) if cursor else None,
        "given": {name: given.get(name, "") for name in FIELDS},
        "errors": errors,
        "roles": [role.word for role in Role],
    }
    return Page("tokens.html", "Tokens", shown, status)


def _is_over(token: StoredToken) -> bool:
    return token.expires_at is not None and token.expires_at <= datetime.now(UTC)


def _get(visit: Visit) -> StoredToken:
    token: UUID = visit.params["id"]
    with visit.engine.connect() as connection:
        found = get_token(connection, token)
    if found is None:
        raise NotFound("token")
    return found
