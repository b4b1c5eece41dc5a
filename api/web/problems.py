"""What an error looks like: problem details of RFC 9457, which never echo a rejected value."""

import json
import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import falcon
import sqlalchemy as sa
import structlog
from pydantic import BaseModel, Field

from api.access.auth import NotAllowed, NotIdentified
from api.access.refusals import Refusals
from config.database import TRANSIENT
from models.words.faults import Fault
from scheduling.commands.faults import Conflict, NotFound, Refused

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = 5

log = structlog.get_logger("api")
_refusals = Refusals()


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="A JSON pointer to the field; for a query parameter, its name after a slash.")
    message: str


class ProblemJson(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    state: str | None = Field(default=None, description="The state of the run, where that is what forbids the call.")


class Problem(Exception):
    """Ends a request with an error: a status, words to act on, and where they apply to fields, `errors`."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[FieldError] = (),
        *,
        state: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.state = state
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def invalid(errors: Iterable[FieldError], detail: str | None = None) -> Problem:
    """The problem of a request that is well-formed, but says what can't be."""
    return Problem(422, detail or "the request is not valid; `errors` says what and where", errors)


def invalid_field(field: str, message: str, status: int = 422) -> Problem:
    """The problem of one field, named without a slash."""
    return Problem(status, f"{field}: {message}", [FieldError(pointer=pointer([field]), message=message)])


def pointer(parts: Iterable[object]) -> str:
    """The parts as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def errors_of(faults: Iterable[Fault]) -> list[FieldError]:
    """The faults of a command, as an answer has them."""
    return [FieldError(pointer=pointer(fault.path), message=fault.message) for fault in faults]


def problem_json(status: int, detail: str, errors: Iterable[FieldError] = (), **more: Any) -> bytes:
    """The body of the answer to a problem."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [error.model_dump() for error in errors],
    }
    return json.dumps(content | more).encode()


def add_error_handlers(app: falcon.App[Any, Any]) -> None:
    """Answer every error of a request as a problem."""
    app.add_error_handler(Exception, _answer_unexpected)
    app.add_error_handler(TRANSIENT, _answer_outage)
    app.add_error_handler(sa.exc.DataError, _answer_unstorable)
    app.add_error_handler(falcon.HTTPError, answer_http_error)
    app.add_error_handler((Refused, Conflict, NotFound), _answer_command)
    app.add_error_handler((NotIdentified, NotAllowed), _answer_stranger)
    app.add_error_handler(Problem, _answer_problem)


def _answer_problem(_req: falcon.Request, resp: falcon.Response, problem: Problem, _params: Any) -> None:
    more = {} if problem.state is None else {"state": problem.state}
    resp.status = problem.status
    resp.data = problem_json(problem.status, problem.detail, problem.errors, **problem.more, **more)
    resp.content_type = PROBLEM_JSON
    for name, value in problem.headers.items():
        resp.set_header(name, value)


def _answer_command(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    """What a command raises is no fault of the service."""
    match error:
        case Refused():
            problem = invalid(errors_of(error.faults), str(error) if len(error.faults) == 1 else None)
        case Conflict():
            problem = Problem(409, str(error), state=error.state)
        case _:
            problem = Problem(404, str(error))
    _answer_problem(req, resp, problem, params)


def note_refusal(req: falcon.Request) -> float:
    """A token that is none was brought; for how many seconds its bearer has to wait."""
    return _refusals.note(req.remote_addr or "", req.uri_template or "")


def _answer_stranger(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    seconds = note_refusal(req) if isinstance(error, NotIdentified) and req.get_header("Authorization") else 0
    if seconds:
        headers = {"Retry-After": str(math.ceil(seconds))}
        problem = Problem(429, "too many tokens that are none came from this address: wait", headers=headers)
    elif isinstance(error, NotIdentified):
        problem = Problem(401, str(error), headers={"WWW-Authenticate": error.challenge})
    else:
        problem = Problem(403, str(error))
    _answer_problem(req, resp, problem, params)


def answer_http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
    """Answer one of Falcon's own errors as a problem."""
    details = {404: "there is nothing at this path", 405: "this path does not have that method"}
    detail = details.get(error.status_code, error.description or "the request is not valid")
    headers = error.headers if isinstance(error.headers, Mapping) else dict(error.headers or ())
    _answer_problem(req, resp, Problem(error.status_code, detail, headers=headers), params)


def _answer_outage(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    original = getattr(error, "orig", None)
    log.warning("outage", method=req.method, error=type(error).__name__, sqlstate=getattr(original, "sqlstate", None))
    headers = {"Retry-After": str(RETRY_SECONDS)}
    _answer_problem(req, resp, Problem(503, "the database does not answer; try again later", headers=headers), params)


def _answer_unstorable(req: falcon.Request, resp: falcon.Response, error: sa.exc.DataError, params: Any) -> None:
    """What got through validation, and is no value of PostgreSQL's."""
    log.warning("unstorable", method=req.method, path=req.uri_template, error=type(error.orig).__name__)
    _answer_problem(req, resp, Problem(422, "the request holds a value that the database can't hold"), params)


def _answer_unexpected(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    log.error("fault", method=req.method, path=req.uri_template, exc_info=error)
    _answer_problem(req, resp, Problem(500, "something unexpected happened; the log of the service has more"), params)
