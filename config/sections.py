"""The sections of the settings, with their defaults and rules."""

import ipaddress
import re
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import pika
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.conninfo import problem_of
from config.secret_rules import check_rule

MIN_TOKEN_LENGTH = 32
MIN_SECRET_LENGTH = 16

RoleName = Literal["viewer", "operator", "editor", "admin"]
""" The words of `models.words.roles`, which nothing here may know."""

StateName = Literal["planned", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "skipped"]
"""The words of `models.words.states`, which nothing here may know."""

LOCAL_AMQP_URL = "local://"
"""Queues inside one process instead of RabbitMQ: what `callsheet up` sets where no URL is given."""

Positive = Annotated[float, Field(gt=0)]


def _url_of(*schemes: str) -> AfterValidator:
    def check(url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in schemes and url.get_secret_value() != LOCAL_AMQP_URL:
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return url

    return AfterValidator(check)


def _check_address(url: SecretStr) -> SecretStr:
    if problem := problem_of(url.get_secret_value()):
        raise ValueError(problem)
    return url


def _check_amqp_address(url: SecretStr) -> SecretStr:
    """Pika's own words may hold the address."""
    if url.get_secret_value() == LOCAL_AMQP_URL:
        return url
    try:
        for address in _each_address(url):
            pika.URLParameters(address)
    except Exception:  # noqa: BLE001 - it raises whatever its parts do
        raise ValueError("is not an address that pika can read: see its URLParameters") from None
    return url


def _each_address(url: SecretStr) -> list[str]:
    """Of a cluster's nodes, separated as Dramatiq has it; there may be semicolons in a password."""
    return re.split(";(?=amqps?://)", url.get_secret_value())


def _check_public_url(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise ValueError("must be where browsers find callsheet, such as https://callsheet.example.com")
    return url.rstrip("/")


def _check_network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("must be a network such as 10.0.0.0/8") from None
    return text


def _check_token(token: SecretStr) -> SecretStr:
    if len(token) < MIN_TOKEN_LENGTH:
        raise ValueError(f"must have at least {MIN_TOKEN_LENGTH} characters")
    return token


def _check_proxy_secret(secret: SecretStr) -> SecretStr:
    if 0 < len(secret) < MIN_SECRET_LENGTH:
        raise ValueError(f"must have at least {MIN_SECRET_LENGTH} characters")
    return secret


DatabaseUrl = Annotated[SecretStr, _url_of("postgresql", "postgres"), AfterValidator(_check_address)]
AmqpUrl = Annotated[SecretStr, _url_of("amqp", "amqps"), AfterValidator(_check_amqp_address)]
SecretName = Annotated[str, Field(pattern="^[A-Za-z0-9_]+$")]
Rule = Annotated[str, AfterValidator(check_rule)]
Network = Annotated[str, AfterValidator(_check_network)]


class Section(BaseModel):
    """A section: unknown names are errors, values stay out of error messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Database(Section):
    url: DatabaseUrl | None = None
    listen_url: DatabaseUrl | None = None
    pool_size: int = Field(default=5, ge=1)
    listen: bool = True
    pgbouncer: bool = False
    statement_timeout_seconds: Positive = 30

    @property
    def listens(self) -> bool:
        """Whether LISTEN is wanted, and there is a server to say it to: a pooler has no session of ours."""
        return self.listen and (self.listen_url is not None or not self.pgbouncer)


class Amqp(Section):
    url: AmqpUrl | None = None
    queue_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]*$")
    queue_type: Literal["classic", "quorum"] = "classic"
    window: int = Field(default=1000, ge=1)
    bundle: int = Field(default=8, ge=1, le=64)

    @property
    def addresses(self) -> list[str]:
        """Where RabbitMQ is: one address, or those of a cluster's nodes."""
        assert self.url is not None, "required at start"
        return _each_address(self.url)

    @property
    def is_local(self) -> bool:
        """Whether the queues are inside this process."""
        return self.url is not None and self.url.get_secret_value() == LOCAL_AMQP_URL


class Http(Section):
    host: str = "0.0.0.0"  # noqa: S104 - a platform's router reaches the process from outside
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxy: bool = False
    threads: int = Field(default=8, ge=1)
    public_url: Annotated[str, AfterValidator(_check_public_url)] = ""
    metrics_public: bool = False
    admin_token: Annotated[SecretStr, AfterValidator(_check_token)] | None = None


class Access(Section):
    """Whom a proxy in front has signed in; believed only with the secret that it alone knows. And how long it is kept
    who did what; 0 for ever."""

    proxy_user_header: str = ""
    proxy_groups_header: str = ""
    group_roles: dict[str, RoleName] = {}
    proxy_secret_header: str = ""
    proxy_secret: Annotated[SecretStr, AfterValidator(_check_proxy_secret)] = SecretStr("")
    audit_days: float = Field(default=400, ge=0)

    @property
    def has_proxy(self) -> bool:
        """Whether somebody else signs people in."""
        return bool(self.proxy_user_header)

    @model_validator(mode="after")
    def _believes_nobody_without_a_secret(self) -> Self:
        if self.has_proxy and not (self.proxy_groups_header and self.proxy_secret_header and self.proxy_secret):
            raise ValueError("proxy_user_header needs proxy_groups_header, proxy_secret_header and proxy_secret")
        return self


class Dashboard(Section):
    """What pages show."""

    show_arguments: bool = True


class Scheduling(Section):
    batch: int = Field(default=1000, ge=1, le=10000)
    poll_seconds: float = Field(default=1, gt=0, le=60)
    rescue_after_seconds: Positive = 10
    forget_after_seconds: Positive = 3600
    schedule_backlog: int = Field(default=10_000, ge=1)
    queue_backlog: int = Field(default=100_000, ge=1)


class Worker(Section):
    lease_seconds: Positive = 120
    renew_seconds: Positive = 5
    output_bytes: int = Field(default=65536, ge=0)
    stop_seconds: Positive = 25
    interrupt_on_stop: bool = True
    journal_folder: str = ""
    release: str = Field(default="", max_length=100)

    @model_validator(mode="after")
    def _renews_before_the_lease_ends(self) -> Self:
        if self.renew_seconds * 2 > self.lease_seconds:
            raise ValueError("renew_seconds must be at most half of lease_seconds")
        return self


class Actors(Section):
    modules: list[str] = []


class Secrets(Section):
    """Who may use which secret; one without an entry every actor may."""

    allow: dict[SecretName, list[Rule]] = {}


class HttpRequest(Section):
    allow_networks: list[Network] = []


class RunProcess(Section):
    allow: list[str] = []
    allow_env: list[str] = []


class Events(Section):
    """Which states of runs others are told of, and for how long."""

    enabled: bool = True
    states: list[StateName] = ["running", "succeeded", "failed", "cancelled", "skipped"]
    keep_seconds: float = Field(default=3600, ge=60, le=604_800)


class Retention(Section):
    succeeded_days: Positive = 30
    failed_days: Positive = 90
    skipped_days: Positive = 30

    @property
    def whole(self) -> timedelta:
        """For how long nothing at all is forgotten."""
        return timedelta(days=min(self.succeeded_days, self.failed_days, self.skipped_days))


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
