"""A channel, the run that tells, and what there is to tell."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from actors.notify import notify
from actors.worker.running.current import CurrentRun, entered
from config.settings import use_settings
from models.notices.channels import Channel, store_channel
from tests.actors.http_servers import Exchange
from tests.models.rows import sqlalchemy_url

NOW = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
NOTICE = {
    "id": "1.ops",
    "kind": "failed",
    "at": "2026-03-01T06:31:00Z",
    "schedule": "nightly",
    "actor": "load",
    "run_id": None,
    "slot_at": "2026-03-01T06:30:00Z",
    "attempt": 1,
    "error_type": "ValueError",
    "error_message": "no ${secret:HOOK} and no ${run:id}",
    "streak": 1,
}
CHANNEL = Channel(
    name="ops",
    kind="webhook",
    url=None,
    to=None,
    secret=None,
    events=("failed",),
    filter=None,
    after_failures=1,
    quiet_seconds=0,
    slow_factor=3,
    description="",
    source="api",
    version=1,
    created_at=NOW,
    updated_at=NOW,
    updated_by="test",
)


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    monkeypatch.setattr("actors.notify.worker_engine", lambda: engine)
    yield engine
    engine.dispose()


@pytest.fixture
def channel(engine: sa.Engine, allow: Callable[..., None]) -> Callable[..., None]:
    """Keep the channel `ops` with these fields; it may be on this machine."""
    allow(networks=["127.0.0.0/8"])

    def keep(kind: str, **fields: Any) -> None:
        with engine.begin() as connection:
            store_channel(connection, replace(CHANNEL, kind=kind, **fields))

    return keep


@pytest.fixture
def tell(new_run: Callable[..., CurrentRun]) -> Callable[..., dict[str, Any]]:
    """Call the actor as a worker does, for a run of no schedule: nothing in its arguments is filled in."""

    def call(attempt: int = 1, **facts: Any) -> dict[str, Any]:
        run = new_run(actor="notify", schedule=None, slot_at=None, attempt=attempt)
        with entered(run):
            result: dict[str, Any] = notify.fn("ops", NOTICE | facts)
        return result | {"output": run.output.text()[0]} if run.output.text()[0] else result

    return call


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`settings(SMTP__HOST="…")` sets some."""

    def set_some(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"CALLSHEET_{name}", str(value))
        use_settings(None)

    yield set_some
    use_settings(None)


def answering(status: str, body: bytes = b"", **headers: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.answer(status, body, **headers)
