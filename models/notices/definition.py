"""The definition of a channel: what people write about one."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from config.references import has_reference, is_misspelt, secrets_in
from models.definition import OneOf, Tag
from models.words.bounds import MAX_INT, MONTH
from models.words.kinds import NAME_PATTERN, AsList, Storable, unique
from models.words.notices import ChannelKind, NoticeKind

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+", re.ASCII)


def _check_url(url: str) -> str:
    if is_misspelt(url):
        raise ValueError("a reference to a secret is ${secret:NAME}")
    if "${run:" in url:
        raise ValueError("can hold secrets, and nothing of a run")
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url and not has_reference(url):
        raise ValueError("must be an absolute URL of http or https, or hold one in ${secret:NAME}")
    if any(character.isspace() for character in url):
        raise ValueError("must hold no spaces")
    return url


def _check_secret(secret: str) -> str:
    names = secrets_in([secret])
    if len(names) != 1 or secret != f"${{secret:{names[0]}}}":
        raise ValueError("must be a reference, ${secret:NAME}: secrets are not kept in the database")
    return secret


def _check_address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be an address such as ops@example.com")
    return address


Url = Annotated[str, Field(max_length=2000), Storable, AfterValidator(_check_url)]
SecretReference = Annotated[str, Field(max_length=200), AfterValidator(_check_secret)]
Address = Annotated[str, Field(max_length=254), AfterValidator(_check_address)]
Addresses = Annotated[
    list[Address],
    AsList,
    Field(min_length=1, max_length=20),
    AfterValidator(unique),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
ScheduleName = Annotated[str, Field(pattern=NAME_PATTERN)]


class ChannelFilter(BaseModel):
    """Which schedules a channel is about: those whose name begins so, those with any of the tags, and those of these
    names."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    prefix: Annotated[str, Field(min_length=1, max_length=128), Storable] | None = None
    tags: Annotated[list[Tag], Field(min_length=1, max_length=100)] | None = None
    schedules: Annotated[list[ScheduleName], Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> "ChannelFilter":
        if self.prefix is None and self.tags is None and self.schedules is None:
            raise ValueError("needs a prefix, tags or schedules")
        return self


class ChannelDefinition(BaseModel):
    """Where notices go, and which."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    description: Annotated[str, Field(max_length=10_000), Storable] = Field(default="", description="For people.")
    kind: Annotated[ChannelKind, OneOf]
    url: Url | None = Field(
        default=None, description="Where it posts to; of all kinds but `email`. May hold `${secret:NAME}`."
    )
    to: Addresses | None = Field(default=None, description="Whom it writes to: one address, or several. Of `email`.")
    secret: SecretReference | None = Field(
        default=None, description="`${secret:NAME}`, with which a `webhook` is signed: `whsec_` and base64."
    )
    events: Annotated[
        list[Annotated[NoticeKind, OneOf]], Field(min_length=1, max_length=100), AfterValidator(unique)
    ] = Field(default=list(NoticeKind), description="What it tells of.")
    filter: ChannelFilter | None = Field(default=None, description="Which schedules it is about; null: all.")
    after_failures: Annotated[int, Field(ge=1, le=MAX_INT)] = Field(
        default=1, description="It tells of failures once so many runs of a schedule have failed in a row."
    )
    quiet_seconds: Annotated[float, Field(ge=0, le=MONTH)] = Field(
        default=0, description="After it has told of what went wrong with a schedule, it is quiet about that so long."
    )
    slow_factor: Annotated[float, Field(gt=1, le=1000)] = Field(
        default=3, description="A run is slow that takes so many times the median of its schedule's successes."
    )

    def columns(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return self.model_dump(mode="json") | {"filter": self.filter and self.filter.model_dump(exclude_none=True)}
