"""An error of each status, and those that only some calls answer with."""

from http import HTTPStatus
from typing import Any


def _problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [],
        **more,
    }


def _invalid(**fields: str) -> dict[str, Any]:
    errors = [{"pointer": f"/{field}", "message": message} for field, message in fields.items()]
    return _problem(422, "the request is not valid; `errors` says what and where", errors=errors)


PROBLEMS: dict[int, dict[str, Any]] = {
    400: _problem(400, "the body is not valid JSON: Expecting value at line 1, column 10"),
    401: _problem(401, "the token is not valid"),
    403: _problem(403, "this call needs the role operator"),
    404: _problem(404, "there is nothing at this path"),
    409: _problem(409, "the schedule is declared in code: change it there; it can be paused and triggered here"),
    412: _problem(412, "the schedule has changed since (If-Match)"),
    413: _problem(413, "the body is larger than 256 KiB"),
    415: _problem(415, "the body must be application/json"),
    422: _invalid(limt="unknown field"),
    429: _problem(429, "too many tokens that are none came from this address: wait"),
    431: _problem(431, "the head of the request is longer than 16 KiB"),
    500: _problem(500, "something unexpected happened; the log of the service has more"),
    503: _problem(503, "the database does not answer; try again later"),
}

NAME_TAKEN = _problem(
    409,
    "name: there is a schedule of that name",
    errors=[{"pointer": "/name", "message": "there is a schedule of that name"}],
)
LOCKED = _problem(409, "somebody has locked the runs that a slot of it is to cancel: try again")
NOT_ITS_OWN = _problem(
    409,
    "schedules of these names belong to other sources: status-page (api); adopt takes over what code does not declare",
    create=[],
    update=[],
    delete=[],
    unchanged=0,
    conflicts=[{"kind": "schedule", "name": "status-page", "source": "api"}],
)
NOT_A_PATCH = _problem(415, "the body must be application/merge-patch+json or application/json")
NO_SUCH_CHANNEL = _problem(404, "there is no such channel")
NO_SUCH_RUN = _problem(404, "there is no such run")
NO_SUCH_TOKEN = _problem(404, "there is no such token")
NO_SUCH_WORKER = _problem(404, "there is no such live worker")
NO_SUCH_SCHEDULE = _problem(404, "there is no such schedule")
NOT_ENDED = _problem(409, "the run has not ended: it is running", state="running")
TOO_LATE = _problem(409, "it is too late to cancel: the run is succeeded", state="succeeded")
WRONG_SCHEDULE = _invalid(
    timezone="unknown time zone 'Europe/Berlim'; did you mean 'Europe/Berlin'?",
    min_backoff_seconds="must not be above max_backoff_seconds, here 3600",
)
