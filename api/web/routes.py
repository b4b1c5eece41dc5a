"""Routes: what each declares, and how a request becomes a call of its function and an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from io import BytesIO
from typing import Any, get_args, get_type_hints

import falcon
import sqlalchemy as sa
import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from api.access.auth import Caller, NotAllowed, NotIdentified, identify, may_be_stored, require
from api.access.scope import check_scope, check_seen
from api.web.problems import note_refusal
from api.web.resources import resources_of, take_over
from api.web.strict_json import MAX_BODY_BYTES, read_json
from config.sections import Retention
from config.sessions import SessionLost
from config.settings import Settings
from models.schedules import StoredSchedule
from models.words.faults import Fault, faults_of
from models.words.roles import Role, Scope
from models.words.text import is_storable
from scheduling.commands.audit import By
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
    address: str = ""
    ask_who: Callable[[], Caller] | None = None
    """Looks up the bearer of a token where the route needs none, and did not wait for the database to say whose it is.
    Raises NotIdentified."""
    retention: Retention = field(default_factory=Retention)

    @property
    def by(self) -> By:
        """Who calls, as history shows it."""
        assert self.caller is not None, "the route declares a role"
        return By(self.caller.name, self.caller.role.word, self.address or None)

    def is_somebody(self) -> bool:
        """Whether somebody known calls; asks the database."""
        if self.caller is not None or self.ask_who is None:
            return self.caller is not None
        try:
            self.ask_who()
        except (NotIdentified, NotAllowed):
            return False
        return True

    @property
    def only(self) -> Scope | None:
        """The schedules that the caller sees; None for all."""
        return None if self.caller is None else self.caller.only

    def check_seen(self, schedule: StoredSchedule) -> None:
        """Raises NotAllowed where a schedule, as it has become, is not among those that the caller sees."""
        check_seen(self.only, schedule)


@dataclass(frozen=True)
class Answer:
    """What a route answers: a model as JSON, or text; bytes are text that does not change."""

    content: BaseModel | str | bytes | None = None
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
    max_body_bytes: int = MAX_BODY_BYTES
    heeds_scope: bool = False
    """Whether its function leaves out what the caller does not see. Where the path names a schedule or a run, that is
    looked at before; what does neither is not for tokens that see a part."""

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
    resources = resources_of((route.method, route.path, _responder(route, engine, settings)) for route in routes)
    for path, resource in resources.items():
        take_over(path, resource, resources)
        app.add_route(path, resource)


def _responder(route: Route, engine: sa.Engine, settings: Settings) -> Callable[..., None]:
    def respond(req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        if not all(is_storable(str(value)) for value in params.values()):
            raise falcon.HTTPNotFound
        caller = _identify(route, req, engine, settings)
        ask_who = partial(identify, req.get_header, engine, settings)
        call = Call(engine, params, req.get_header, caller, req.remote_addr or "", ask_who, settings.retention)
        check_scope(engine, call.only, route.path, params, is_heeded=route.heeds_scope or route.role is None)
        given = {"query": _read_query(route, req), "body": _read_body(route, req)}
        wanted = {name: value for name, value in given.items() if value is not None}
        answer = _call(route, call, wanted)
        _write(resp, answer, _picked(answer.content, getattr(given["query"], "fields", None)))

    return respond


def _identify(route: Route, req: falcon.Request, engine: sa.Engine, settings: Settings) -> Caller | None:
    """Who calls; where anybody may, None for somebody unknown. Raises NotIdentified and NotAllowed."""
    if route.role is not None:
        caller = identify(req.get_header, engine, settings)
        require(caller, route.role)
        return caller
    if not req.get_header("Authorization") or may_be_stored(req.get_header):
        return None
    try:
        return identify(req.get_header, engine, settings)
    except NotIdentified:
        note_refusal(req)
        return None


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
        return route.body.model_validate(read_json(req, route.media_types, route.max_body_bytes))
    except ValidationError as error:
        raise Refused(faults_of(error)) from None


def _picked(content: object, fields: str | None) -> set[str] | None:
    """The fields of each item that are wanted; None for all. Raises Refused for one that none has."""
    if fields is None or not isinstance(content, BaseModel):
        return None
    wanted = {name.strip() for name in fields.split(",")}
    [item] = get_args(type(content).model_fields["items"].annotation)
    if unknown := sorted(wanted - item.model_fields.keys()):
        raise Refused([Fault(("fields",), f"unknown field {unknown[0]!r}")])
    return wanted


def _write(resp: falcon.Response, answer: Answer, fields: set[str] | None) -> None:
    resp.status = answer.status
    for name, value in answer.headers.items():
        resp.set_header(name, value)
    if isinstance(answer.content, BaseModel):
        resp.content_type = JSON
        resp.data = to_json(_only(answer.content, fields))
    elif isinstance(answer.content, str):
        resp.content_type = answer.content_type
        resp.data = answer.content.encode()
    elif answer.content is not None:
        resp.content_type = answer.content_type
        resp.set_stream(BytesIO(answer.content), len(answer.content))  # all who are sent it share it


def _only(content: BaseModel, fields: set[str] | None) -> object:
    """The list with these fields of its items alone."""
    if fields is None:
        return content
    page = content.model_dump(exclude={"items"})
    return {"items": [item.model_dump(include=fields) for item in getattr(content, "items", ())], **page}


class _NoParameters(BaseModel, extra="forbid"):
    """A route without query parameters."""
