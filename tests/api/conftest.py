"""The app over a database of the test's own, and rows to put there."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import Result, TestClient

from api.app import make_app
from config.database import make_engine
from config.settings import Settings, load_settings
from models.lifecycle.new_runs import NewRun, insert_runs
from models.words.ids import new_run_id, slot_run_id
from models.words.states import State, Trigger
from tests.api.documented import DocumentedClient
from tests.api.explanations.explained import say
from tests.servers import databases

TOKEN = "an-admin-token-of-32-characters-or-more"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).replace(second=0, microsecond=0)
"""A slot of a schedule that is due every minute."""


@pytest.fixture
def settings(database_url: str) -> Settings:
    return load_settings({"DATABASE_URL": database_url, "CALLSHEET_ADMIN_TOKEN": TOKEN})


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = make_engine(settings.database, pool_size=3, application="test")
    yield engine
    engine.dispose()


@pytest.fixture
def client(engine: sa.Engine, settings: Settings) -> TestClient:
    return DocumentedClient(make_app(engine, settings), headers=HEADERS)


@pytest.fixture(scope="module")
def shared_client() -> Iterator[TestClient]:
    """A client on a database of the whole module, for tests that leave nothing there."""
    with databases.database(migrated=True) as url:
        settings = load_settings({"DATABASE_URL": url, "CALLSHEET_ADMIN_TOKEN": TOKEN})
        engine = make_engine(settings.database, pool_size=1, application="test")
        yield DocumentedClient(make_app(engine, settings), headers=HEADERS)
        engine.dispose()


@pytest.fixture
def execute(engine: sa.Engine) -> Callable[..., Any]:
    """Run a statement; returns its rows, if it gives any."""

    def run(statement: str, **parameters: Any) -> Any:
        with engine.begin() as connection:
            result = connection.exec_driver_sql(statement, parameters)
            return result.all() if result.returns_rows else None

    return run


@pytest.fixture
def create(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Create a schedule with these fields."""

    def post(name: str = "nightly", **fields: Any) -> dict[str, Any]:
        answer = client.simulate_post("/v1/schedules", json={"name": name, "actor": "log_message", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json

    return post


@pytest.fixture
def announce(execute: Callable[..., Any]) -> Callable[..., None]:
    """Announce an actor as a worker would."""

    def insert(name: str = "log_message", parameters: Any = None, options: Any = None, ago: float = 0) -> None:
        execute(
            "INSERT INTO actors (name, queue, doc, parameters, options, announced_at)"
            " VALUES (%(name)s, 'mail', 'Says something.', %(parameters)s, %(options)s,"
            " now() - make_interval(secs => %(ago)s))",
            name=name,
            parameters=json.dumps(parameters or {"type": "object"}),
            options=json.dumps(options or {}),
            ago=ago,
        )

    return insert


@pytest.fixture
def add_run(engine: sa.Engine, execute: Callable[..., Any]) -> Callable[..., UUID]:
    """Insert a run, then set columns as `set_…` says."""

    def insert(age_seconds: float = 0, columns: dict[str, Any] | None = None, **fields: Any) -> UUID:
        now = datetime.now(UTC) - timedelta(seconds=age_seconds)
        given = {"id": new_run_id(now), "actor": "log_message", "trigger": Trigger.MANUAL} | fields
        run = NewRun(**{"due_at": now, "planned_at": now, **given})
        with engine.begin() as connection:
            insert_runs(connection, [run])
        for column, value in (columns or {}).items():
            execute(f"UPDATE runs SET {column} = %(value)s WHERE id = %(id)s", value=value, id=run.id)
        return run.id

    return insert


@pytest.fixture
def finish(execute: Callable[..., Any]) -> Callable[..., None]:
    """End a run, with the output of its only attempt."""

    def update(run: UUID, state: State = State.SUCCEEDED, output: str | None = None, **error: str) -> None:
        execute(
            "UPDATE runs SET state = %(state)s, attempt = 1, worker_id = %(worker)s,"
            " started_at = due_at + interval '2 s', finished_at = due_at + interval '5 s',"
            " error_type = %(type)s, error_message = %(message)s,"
            " attempts = jsonb_build_array(jsonb_build_object('number', 1, 'worker', %(worker)s::uuid, 'started_at',"
            " due_at + interval '2 s', 'finished_at', due_at + interval '5 s', 'outcome', %(outcome)s::text,"
            " 'error', NULL, 'backoff_seconds', NULL)) WHERE id = %(id)s",
            state=state.value,
            outcome=state.value,
            worker=uuid4(),
            type=error.get("type"),
            message=error.get("message"),
            id=run,
        )
        execute(
            "INSERT INTO run_outputs (run_id, attempt, output, output_truncated, error_traceback)"
            " VALUES (%(id)s, 1, %(output)s, false, %(traceback)s)",
            id=run,
            output=output,
            traceback=error.get("traceback"),
        )

    return update


@pytest.fixture
def every_minute(create: Callable[..., Any], execute: Callable[..., Any]) -> Callable[..., UUID]:
    """A schedule named nightly, as if it had been there for ten days; returns its id."""

    def insert(**fields: Any) -> UUID:
        schedule = create("nightly", **{"cron": "* * * * *"} | fields)["id"]
        execute("UPDATE schedules SET created_at = now() - interval '10 days', updated_at = now() - interval '10 days'")
        return UUID(schedule)

    return insert


@pytest.fixture
def add_slot(add_run: Callable[..., UUID]) -> Callable[..., UUID]:
    """Insert the row of a slot. Seconds after the slot: `due`, `planned`, `queued`, `started`, `finished`."""

    def insert(
        schedule: UUID, slot: datetime, state: State = State.SUCCEEDED, columns: Any = None, **fields: Any
    ) -> UUID:
        seconds = {"due": 0.0, "planned": fields.get("due", 0.0)}
        seconds |= {
            key: fields.pop(key) for key in ("due", "planned", "queued", "started", "finished") if key in fields
        }
        moments = {f"{key}_at": slot + timedelta(seconds=value) for key, value in seconds.items()}
        new = {key: moments.pop(key) for key in ("due_at", "planned_at")} | fields
        late = {} if state is State.SKIPPED else {"worker_id": uuid4(), "attempt": 1, "state": state.value}
        return add_run(
            **{"id": slot_run_id(schedule, slot), "schedule_id": schedule, "schedule_version": 1} | new,
            slot_at=slot,
            trigger=Trigger.SCHEDULE,
            state=State.SKIPPED if state is State.SKIPPED else State.PLANNED,
            columns=moments | late | (columns or {}),
        )

    return insert


@pytest.fixture
def schedule(every_minute: Callable[..., UUID]) -> UUID:
    """The id of a schedule named nightly that is due every minute."""
    return every_minute()


@pytest.fixture
def gap(execute: Callable[..., Any]) -> Callable[[float, float], str]:
    """A time without scheduling, in seconds from HOUR_AGO; returns how it is said."""

    def insert(since: float, until: float) -> str:
        start, end = HOUR_AGO + timedelta(seconds=since), HOUR_AGO + timedelta(seconds=until)
        execute("INSERT INTO scheduling_gaps VALUES (%(start)s, %(end)s)", start=start, end=end)
        return f"scheduling was down from {say(start)} to {say(end)}"

    return insert


@pytest.fixture
def apply(client: TestClient) -> Callable[..., Result]:
    """Apply a file of the source crm."""

    def post(source: str = "crm", **body: Any) -> Result:
        return client.simulate_post("/v1/apply", json={"source": source, **body})

    return post
