"""Who may do what: tokens, and who one is oneself."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from api.access.tokens import hash_of, make_token
from api.web.fields import Moment, Page, Request, Text, page_of
from api.web.routes import Answer, Call, Route
from config.sections import RoleName
from models.access.tokens import StoredToken
from models.access.tokens import list_tokens as read_tokens
from models.words.kinds import Instant, Storable
from models.words.roles import Role, Scope, role_of
from scheduling.commands import tokens
from scheduling.commands.tokens import NewToken

Tag = Annotated[str, Field(min_length=1, max_length=100), Storable]


class OnlyBody(Request):
    """Which schedules, and their runs: those whose name begins so, and those with any of the tags."""

    prefix: Annotated[str, Field(min_length=1, max_length=128), Storable] | None = None
    tags: list[Tag] | None = Field(default=None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _says_which(self) -> "OnlyBody":
        if self.prefix is None and self.tags is None:
            raise ValueError("needs a prefix, or tags")
        return self


class TokenBody(Request):
    """A token to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100), Storable] = Field(description="What history shows.")
    role: RoleName
    expires_at: Instant | None = None
    only: OnlyBody | None = Field(default=None, description="Narrows it to some schedules and their runs.")


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


class TokenQuery(Page):
    """Which part of the tokens."""

    cursor: Text | None = None


class MeJson(BaseModel):
    """Who calls."""

    name: str
    role: RoleName
    only: OnlyJson | None
    expires_at: Moment | None


def create_token(call: Call, body: TokenBody) -> Answer:
    """Make a token. It is shown this once; what is kept is a hash."""
    token = make_token()
    only = None if body.only is None else Scope(body.only.prefix, tuple(body.only.tags or ()))
    new = NewToken(body.name, role_of(body.role), only, body.expires_at, hash_of(token), token[-4:])
    with call.engine.begin() as connection:
        stored = tokens.give(connection, new, call.by)
    return Answer(NewTokenJson(**_shown(stored), token=token), 201)


def list_tokens(call: Call, query: TokenQuery) -> Answer:
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
