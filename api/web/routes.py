"""Routes: what each declares, and how a request becomes a call of its function and an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any, get_type_hints

import falcon
import sqlalchemy as sa
import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from api.access.auth import Caller, NotIdentified, Role, identify, require
from api.web.problems import note_refusal
from api.web.strict_json import read_json
from config.sessions import SessionLost
from config.settings import Settings
from models.words.faults import faults_of
from models.words.text import is_storable
from scheduling.commands.faults import Refused

log = structlog.get_logger("api")

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Call:
    """One request to a route, validated. `caller` is None where the route needs no role, and nobody known calls."""

    engine: sa.Engine
    params: Mapping[str, Any]
    header: Callable[[str], str | None]
    caller: Caller | None

    @property
    def caller_name(self) -> str:
        """Who calls, as history shows it."""
        assert self.caller is not None, "the route declares a role"
        return self.caller.name


@dataclass(frozen=True)
class Answer:
    """What a route answers: a model as JSON, or text."""

    content: BaseModel | str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Route:
    """One method of one path. Its handler's name is its operationId; the first line of its docstring says what it does.

    The handler is given the call and, where it takes them, `query` and `body`, of the types that it declares.

    `answers` has the model (or media type) of each status of success, `problems` the statuses of its own errors;
    those that come with a role, a query, a body or a path parameter are added by themselves.
    """

    method: str
    path: str
    handler: Callable[..., Answer]
    role: Role | None
    answers: Mapping[int, type[BaseModel] | str | None]
    headers: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if unknown := set(get_type_hints(self.handler)) - {"call", "_call", "query", "body", "return"}:
            raise TypeError(f"{self.handler.__name__} takes what no request has: {unknown}")

    @cached_property
    def query(self) -> type[BaseModel] | None:
        """What the parameters in the URL are; None for none."""
        return get_type_hints(self.handler).get("query")

    @cached_property
    def body(self) -> type[BaseModel] | None:
        """What the body is; None for none."""
        return get_type_hints(self.handler).get("body")

    @property
    def media_types(self) -> tuple[str, ...]:
        """What the body may be."""
        return (MERGE_PATCH, JSON) if self.method == "PATCH" else (JSON,)


def add_routes(app: falcon.App[Any, Any], routes: tuple[Route, ...], engine: sa.Engine, settings: Settings) -> None:
    """Put the routes on the app."""
    resources: dict[str, SimpleNamespace] = {}
    for route in routes:
        resource = resources.setdefault(route.path, SimpleNamespace())
        responder = _responder(route, engine, settings)
        setattr(resource, f"on_{route.method.lower()}", responder)
        if route.method == "GET":
            resource.on_head = responder
    for path, resource in resources.items():
        app.add_route(path, resource)


def _responder(route: Route, engine: sa.Engine, settings: Settings) -> Callable[..., None]:
    def respond(req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        if not all(is_storable(str(value)) for value in params.values()):
            raise falcon.HTTPNotFound
        caller = _identify(route, req, settings)
        given = {"query": _read_query(route, req), "body": _read_body(route, req)}
        wanted = {name: value for name, value in given.items() if value is not None}
        _write(resp, _call(route, Call(engine, params, req.get_header, caller), wanted))

    return respond


def _identify(route: Route, req: falcon.Request, settings: Settings) -> Caller | None:
    """Who calls; where anybody may, None for somebody unknown. Raises NotIdentified and NotAllowed."""
    authorization = req.get_header("Authorization")
    if route.role is None:
        try:
            return identify(authorization, settings.http) if authorization else None
        except NotIdentified:
            note_refusal(req)
            return None
    caller = identify(authorization, settings.http)
    require(caller, route.role)
    return caller


def _call(route: Route, call: Call, wanted: Mapping[str, BaseModel]) -> Answer:
    """Once more on another session, where the first was lost before its transaction could end."""
    try:
        return route.handler(call, **wanted)
    except SessionLost as error:
        if error.statement is None:
            raise
        log.warning("session", error=str(error.orig).strip())
    return route.handler(call, **wanted)


def _read_query(route: Route, req: falcon.Request) -> BaseModel | None:
    try:
        query = (route.query or _NoParameters).model_validate(req.params)
    except ValidationError as error:
        raise Refused(faults_of(error)) from None
    return query if route.query else None


def _read_body(route: Route, req: falcon.Request) -> BaseModel | None:
    if route.body is None:
        return None
    try:
        return route.body.model_validate(read_json(req, route.media_types))
    except ValidationError as error:
        raise Refused(faults_of(error)) from None


def _write(resp: falcon.Response, answer: Answer) -> None:
    resp.status = answer.status
    for name, value in answer.headers.items():
        resp.set_header(name, value)
    if isinstance(answer.content, BaseModel):
        resp.content_type = JSON
        resp.data = to_json(answer.content)
    elif answer.content is not None:
        resp.content_type = answer.content_type
        resp.data = answer.content.encode()


class _NoParameters(BaseModel, extra="forbid"):
    """A route without query parameters."""
