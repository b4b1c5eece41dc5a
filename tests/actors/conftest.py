"""Runs, settings and interrupts for the tests of single actors. The actors are called as `actor.fn(...)`."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dramatiq
import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker

from actors.worker.keeping.held import HeldRuns
from actors.worker.keeping.process import WorkerProcess
from actors.worker.running.current import CurrentRun, entered
from actors.worker.running.output import Output
from config.secrets import known_secrets
from config.settings import load_settings, use_settings
from tests.actors.worker.line import Line
from tests.models.rows import sqlalchemy_url

RUN_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
SLOT = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


@pytest.fixture
def new_run() -> Callable[..., CurrentRun]:
    def make(**changes: object) -> CurrentRun:
        values = {
            "run_id": RUN_ID,
            "actor": "any",
            "attempt": 2,
            "trigger": "schedule",
            "schedule": "nightly",
            "slot_at": SLOT,
            "previous_slot_at": SLOT - timedelta(days=1),
            "next_slot_at": None,
            "due_at": SLOT,
            "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "time_limit_seconds": 600,
            "output": Output(65536),
        }
        return CurrentRun(**{**values, **changes})

    return make


@pytest.fixture
def run(new_run: Callable[..., CurrentRun]) -> Iterator[CurrentRun]:
    """The run that the test's own thread is in."""
    current = new_run()
    with entered(current):
        yield current


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`allow(networks=[…], programs=[…], env=[…])` sets what the settings allow; nothing before the first call."""

    def set_lists(
        networks: list[str] | None = None, programs: list[str] | None = None, env: list[str] | None = None
    ) -> None:
        monkeypatch.setenv("CALLSHEET_HTTP_REQUEST__ALLOW_NETWORKS", json.dumps(networks or []))
        monkeypatch.setenv("CALLSHEET_RUN_PROCESS__ALLOW", json.dumps(programs or []))
        monkeypatch.setenv("CALLSHEET_RUN_PROCESS__ALLOW_ENV", json.dumps(env or []))
        use_settings(None)

    set_lists()
    yield set_lists
    use_settings(None)


@pytest.fixture
def keep_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, list[str]]], None]]:
    """`keep_secrets({"NAME": […]})` sets who may use which secret."""

    def keep(rules: dict[str, list[str]]) -> None:
        monkeypatch.setenv("CALLSHEET_SECRETS__ALLOW", json.dumps(rules))
        use_settings(None)

    yield keep
    use_settings(None)


@pytest.fixture
def give_secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """`give_secret("NAME", "value")` gives this process a secret."""

    def give(name: str, value: str) -> None:
        monkeypatch.setenv(f"CALLSHEET_SECRET_{name}", value)
        known_secrets.cache_clear()

    yield give
    known_secrets.cache_clear()


@pytest.fixture
def process(database_url: str) -> Iterator[WorkerProcess]:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    yield WorkerProcess(load_settings({}), engine, 4, ["default"], HeldRuns(4))
    engine.dispose()


@pytest.fixture
def broker() -> StubBroker:
    broker = StubBroker(middleware=[])

    @dramatiq.actor(broker=broker)
    def work(a: int = 0, b: int = 0) -> None:
        pass

    return broker


@pytest.fixture
def line(broker: StubBroker, process: WorkerProcess) -> Line:
    return Line(broker, process)
