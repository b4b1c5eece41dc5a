"""A token that is asked for, and the one that is made."""

from typing import Annotated

from pydantic import Field, model_validator

from api.access.tokens import hash_of, make_token
from api.web.fields import Request
from config.sections import RoleName
from models.words.kinds import Instant, Storable
from models.words.roles import Scope, role_of
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


def make_new(body: TokenBody) -> tuple[str, NewToken]:
    """A token by chance, and what is to be kept of it."""
    token = make_token()
    only = None if body.only is None else Scope(body.only.prefix, tuple(body.only.tags or ()))
    return token, NewToken(body.name, role_of(body.role), only, body.expires_at, hash_of(token), token[-4:])
