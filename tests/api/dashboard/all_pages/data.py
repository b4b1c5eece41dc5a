"""Something of everything that pages show, with script in every text that anybody may write."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from falcon.testing import TestClient

from models.dead_letters import note_dead_letters
from models.failures.folding import is_work
from models.words.ids import new_run_id
from models.words.states import State
from scheduling.fold import Folding
from tests.api.dashboard.all_pages import statements

EVIL = "<script>ran('{0}')</script>\"'><img src=x onerror=ran('{0}')>{{{{7*7}}}}"
THEIRS = "zzz-theirs"
"""Begins the names of what only who sees all sees."""

SHOWN = {
    "description": "/schedules/{name}", "tag": "/schedules", "argument": "/schedules/{name}", "actor": "/schedules",
    "pause-reason": "/schedules/{name}", "set-aside": "/schedules/evil-set-aside", "output": "/runs/{id}",
    "error-message": "/runs/{id}", "error-type": "/runs/{id}", "traceback": "/runs/{id}", "result": "/runs/{succeeded}",
    "dead-letter": "/queues",
    "queue-reason": "/queues", "token": "/tokens", "audit-reason": "/audit", "host": "/workers", "doc": "/actors",
    "channel": "/channels", "filter-prefix": "/channels", "filter-tag": "/channels/{name}",
    "delivery-error": "/channels/{name}",
}  # fmt: skip
"""Where, if the site has that page, which text must be shown."""


def evil(what: str) -> str:
    """A text that would say so, if it ran."""
    return EVIL.format(what)


@dataclass(frozen=True)
class Told:
    """What is there: `values` are for `place_of`."""

    values: Mapping[str, str]
    tokens: Mapping[str, str]
    """A token of each role, and `scoped`: an operator's who sees a part."""


def tell(client: TestClient, engine: sa.Engine) -> Told:
    """Put it there."""
    tokens = {role: _token(client, role, role) for role in ("viewer", "operator", "editor", "admin")}
    tokens["scoped"] = _token(client, "scoped", "operator", only={"prefix": "evil"})
    token = _post(client, "/v1/tokens", name=evil("token"), role="viewer")
    _announce(engine)
    _schedules(client, engine)
    runs = _runs(client, engine)
    _post(client, "/v1/queues/mail/pause", reason=evil("queue-reason"))
    _channels(client, engine)
    _fold(engine)
    with engine.begin() as connection:
        letter = {"reason": evil("dead-reason"), "because": evil("dead-letter"), "bytes": 7}
        note_dead_letters(connection, "mail", uuid4(), [letter])
        fingerprint = connection.exec_driver_sql(statements.FINGERPRINT).scalar_one()
        worker = connection.exec_driver_sql(statements.WORKER_ID).scalar_one()
    values = {
        "/schedules/{name}": "evil", "/schedules/{name}/versions/{version}": "1", "/runs/{id}": str(runs[State.FAILED]),
        "/runs/{succeeded}": str(runs[State.SUCCEEDED]), "/queues/{name}": "mail", "/workers/{id}": str(worker),
            "/tokens/{id}": token["id"], "/channels/{name}": "evil",
        "/schedules/-/bulk?": "action=pause", "/schedules/{name}/rollback?": "version=1",
        "/failures/{fingerprint}": fingerprint, "/actors/{name}": evil("actor"),
    }  # fmt: skip
    return Told(values, tokens)


def _post(client: TestClient, path: str, **body: Any) -> dict[str, Any]:
    answer = client.simulate_post(path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json or {}


def _token(client: TestClient, name: str, role: str, **fields: Any) -> str:
    return str(_post(client, "/v1/tokens", name=name, role=role, **fields)["token"])


def _announce(engine: sa.Engine) -> None:
    properties = {
        "message": {"type": "string", "description": evil("parameter"), "default": evil("default")},
        "level": {"enum": ["low", evil("enum")]}, "much": {"type": "integer"}, "loud": {"type": "boolean"},
        "many": {"type": "array", "items": {"type": "string"}}, "deep": {"type": "object"},
    }  # fmt: skip
    parameters = {"type": "object", "properties": properties}
    with engine.begin() as connection:
        worker = connection.exec_driver_sql(statements.WORKER, {"host": evil("host"), "release": evil("release"),
            "id": uuid4(),
            "actors": json.dumps([evil("actor"), "log_message"])}).scalar_one()  # fmt: skip
        for name in (evil("actor"), "log_message"):
            given = {"name": name, "doc": evil("doc"), "parameters": json.dumps(parameters), "worker": worker}
            connection.exec_driver_sql(statements.ACTOR, given)


def _schedules(client: TestClient, engine: sa.Engine) -> None:
    args = {"message": evil("argument"), evil("key"): [1, 2**80], "deep": {"er": {"and": evil("deep")}}}
    bodies: list[dict[str, Any]] = [
        {"name": "evil", "cron": "*/5 * * * *", "queue": "mail"}, {"name": "evil-broken", "cron": "0 * * * *"},
        {"name": "evil-set-aside", "every_seconds": 60}, {"name": "evil-by-hand"},
        {"name": "evil-" + "long" * 25, "cron": ["0 3 * * *", "30 4 * * 1-5"], "timezone": "America/New_York"},
        {"name": THEIRS, "cron": "0 3 * * *"},
    ]  # fmt: skip
    for body in bodies:
        whose = body["name"] if body["name"] == THEIRS else ""
        _post(client, "/v1/schedules", actor=evil("actor") if not whose else "log_message",
            args=args if not whose else {},
              description=whose or evil("description"), tags=["order", whose or evil("tag")], **body)  # fmt: skip
    changed = client.simulate_patch("/v1/schedules/evil", json={"description": evil("description"), "priority": 7})
    assert changed.status_code == 200, changed.text
    _post(client, "/v1/schedules/evil/pause", reason=evil("pause-reason"))
    with engine.begin() as connection:
        connection.exec_driver_sql(statements.SET_ASIDE, {"error": evil("set-aside")})
        connection.exec_driver_sql(statements.AGE)
        connection.exec_driver_sql(statements.AUDIT, {"who": evil("who"), "reason": evil("audit-reason")})


def _channels(client: TestClient, engine: sa.Engine) -> None:
    """With what was told there, one of which has failed."""
    chosen = {"prefix": evil("filter-prefix"), "tags": [evil("filter-tag")], "schedules": ["evil"]}
    ours = {"kind": "webhook", "url": "https://example.com/${secret:HOOK}", "secret": "${secret:HOOK_KEY}"}
    theirs = {"kind": "email", "to": ["them@example.com"], "filter": {"schedules": [THEIRS]}}
    for name, body in {
        "evil": ours | {"description": evil("channel"), "filter": chosen},
        THEIRS: theirs | {"description": THEIRS},
    }.items():
        made = client.simulate_put(f"/v1/channels/{name}", json=body)
        assert made.status_code == 201, made.text
        _post(client, f"/v1/channels/{name}/test")
    with engine.begin() as connection:
        connection.exec_driver_sql(statements.DELIVERY, {"error": evil("delivery-error")})


def _runs(client: TestClient, engine: sa.Engine) -> dict[State, UUID]:
    """Of each state several, over the last day, of two schedules and of none."""
    runs: dict[State, UUID] = {}
    now = datetime.now(UTC)
    with engine.begin() as connection:
        for name, actor in (
            ("evil", evil("actor")),
            ("evil-broken", evil("actor")),
            (THEIRS, "log_message"),
            (None, "log_message"),
        ):
            for number, state in enumerate(tuple(State) * 4):
                at = now - timedelta(minutes=37 * number + 2)
                given = _row(name, actor, state, at)
                connection.exec_driver_sql(statements.RUN, given)
                connection.exec_driver_sql(
                    statements.OUTPUT, given | {"output": evil("output"), "traceback": evil("traceback")}
                )
                if name == "evil":
                    runs[state] = given["id"]
        connection.exec_driver_sql(statements.NOTES)
    return runs


def _row(name: str | None, actor: str, state: State, at: datetime) -> dict[str, Any]:
    failed = state is State.FAILED
    theirs = name is None or name == THEIRS
    return {
        "id": new_run_id(at), "name": name, "actor": actor, "state": state.value, "at": at,
        "args": json.dumps({"message": THEIRS if theirs else evil("argument")}),
        "reason": "overlap" if state is State.SKIPPED else None,
        "error_type": None if not failed else THEIRS if theirs else evil("error-type"),
        "error_message": None if not failed else THEIRS if theirs else evil("error-message"),
        "result": None if state is not State.SUCCEEDED else json.dumps(evil("result")),
        "by": THEIRS if theirs else evil("who"),
    }  # fmt: skip


def _fold(engine: sa.Engine) -> None:
    folding = Folding(engine)
    is_there: Callable[[sa.Connection], bool] = is_work
    for _ in range(10):
        with engine.begin() as connection:
            if not is_there(connection):
                return
        folding.fold()
