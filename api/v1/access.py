"""Who may do what: tokens, and who one is oneself."""

from uuid import UUID

from pydantic import BaseModel, Field

from api.shapes.token_body import TokenBody, make_new
from api.web.fields import ByName, Moment, page_of
from api.web.routes import Answer, Call, Route
from config.sections import RoleName
from models.access.tokens import StoredToken
from models.access.tokens import list_tokens as read_tokens
from models.words.roles import Role
from scheduling.commands import tokens


class OnlyJson(BaseModel):
    """Which schedules somebody sees."""

    prefix: str | None
    tags: list[str]


class TokenJson(BaseModel):
    """A token, without what makes it one."""

    id: UUID
    name: str
    role: RoleName
    only: OnlyJson | None
    last_four: str
    created_at: Moment
    created_by: str
    expires_at: Moment | None
    last_used_at: Moment | None = Field(description="Noted at most once a minute.")


class NewTokenJson(TokenJson):
    """A token that was just made."""

    token: str = Field(description="Shown this once.")


class TokenPage(BaseModel):
    """Tokens by name."""

    items: list[TokenJson]
    next: str | None


class MeJson(BaseModel):
    """Who calls."""

    name: str
    role: RoleName
    only: OnlyJson | None
    expires_at: Moment | None


def create_token(call: Call, body: TokenBody) -> Answer:
    """Make a token. It is shown this once; what is kept is a hash."""
    token, new = make_new(body)
    with call.engine.begin() as connection:
        stored = tokens.give(connection, new, call.by)
    return Answer(NewTokenJson(**_shown(stored), token=token), 201)


def list_tokens(call: Call, query: ByName) -> Answer:
    """List the tokens that hold, or have expired; not those that were revoked."""
    with call.engine.connect() as connection:
        rows = read_tokens(connection, query.limit + 1, query.cursor)
    items, cursor = page_of(rows, query.limit, lambda row: TokenJson(**_shown(row)), lambda last: last.name)
    return Answer(TokenPage(items=items, next=cursor))


def revoke_token(call: Call) -> Answer:
    """Revoke a token: it holds no more from now on."""
    with call.engine.begin() as connection:
        tokens.revoke(connection, call.params["id"], call.by)
    return Answer(status=204)


def get_me(call: Call) -> Answer:
    """Say who calls, and what they may do."""
    caller = call.caller
    assert caller is not None, "the route declares a role"
    only = None if caller.only is None else OnlyJson(prefix=caller.only.prefix, tags=list(caller.only.tags))
    return Answer(MeJson(name=caller.name, role=caller.role.word, only=only, expires_at=caller.expires_at))


ROUTES = (
    Route("GET", "/v1/me", get_me, Role.VIEWER, {200: MeJson}, heeds_scope=True),
    Route("GET", "/v1/tokens", list_tokens, Role.ADMIN, {200: TokenPage}),
    Route("POST", "/v1/tokens", create_token, Role.ADMIN, {201: NewTokenJson}, problems=(409,)),
    Route("DELETE", "/v1/tokens/{id:uuid}", revoke_token, Role.ADMIN, {204: None}),
)


def _shown(token: StoredToken) -> dict[str, object]:
    only = None if token.only is None else OnlyJson(prefix=token.only.prefix, tags=list(token.only.tags))
    return vars(token) | {"role": token.role.word, "only": only}
