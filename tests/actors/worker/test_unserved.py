"""What this worker can't do: actors that it does not know, and options of Dramatiq's that nobody carries out."""

import json
from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq import Message
from dramatiq.brokers.stub import StubBroker
from structlog.testing import capture_logs

from actors.worker.claiming.brokers import LocalBroker, RabbitBroker
from actors.worker.claiming.claims import UNKNOWN_ACTOR_SECONDS
from actors.worker.claiming.messages import UNSERVED
from actors.worker.keeping.process import WorkerProcess
from models.definition import MAX_ARGS_BYTES
from tests.actors.worker.line import Line, body, published
from tests.actors.worker.machine import Machine
from tests.waiting import eventually


@pytest.fixture
def process(machine: Machine) -> WorkerProcess:
    worker = machine.worker()
    worker.actors = frozenset({"work"})
    return worker


@pytest.fixture
def line(process: WorkerProcess) -> Line:
    broker = StubBroker(middleware=[])
    dramatiq.actor(lambda: None, actor_name="work", broker=broker)
    return Line(broker, process)


def rows(process: WorkerProcess, columns: str) -> list[tuple[object, ...]]:
    with process.engine.begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM runs ORDER BY id")]


def of_another(process: WorkerProcess, **columns: object) -> bytes:
    """A run's message, as scheduling sends it, whose actor is another application's."""
    return published(process, **columns).replace(b'"work"', b'"theirs"')


def test_a_run_of_an_actor_that_it_does_not_know_waits_and_uses_up_no_attempt(
    line: Line, process: WorkerProcess
) -> None:
    line.put(of_another(process, actor="theirs", state="queued"), published(process, state="queued"))
    [mine] = line.claims()
    assert mine.actor_name == "work"
    theirs, ours = rows(process, "state, attempt, interruptions, waiting_for, attempts, lease_until > now()")
    assert theirs == ("planned", 0, 0, "worker", [], True)
    assert ours[:2] == ("running", 1)
    seconds = rows(process, "extract(epoch FROM lease_until - now())::float")[0][0]
    assert 0 < seconds <= UNKNOWN_ACTOR_SECONDS  # type: ignore[operator]


def test_one_whose_row_somebody_has_locked_is_tried_again(line: Line, process: WorkerProcess) -> None:
    line.put(of_another(process, actor="theirs", state="queued"))
    with process.engine.begin() as somebody:
        somebody.exec_driver_sql("SELECT FROM runs FOR UPDATE")
        assert line.claims() == []
        assert rows(process, "state") == [("queued",)]
    eventually(lambda: line.claims() == [] and rows(process, "state") == [("planned",)])


def test_a_retry_stays_one(line: Line, process: WorkerProcess) -> None:
    message = of_another(process, actor="theirs", state="queued").replace(b'"attempt":0', b'"attempt":3')
    with process.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET attempt = 3")
    line.put(message)
    assert line.claims() == []
    assert rows(process, "state, attempt") == [("retrying", 3)]


def test_a_plain_message_of_such_an_actor_gets_a_row_that_waits(line: Line, process: WorkerProcess) -> None:
    line.put(body(actor="theirs"), body())
    assert len(line.claims()) == 1
    assert sorted(rows(process, "actor, state, attempt")) == [("theirs", "planned", 0), ("work", "running", 1)]


@pytest.fixture(params=["rabbit", "local"])
def broker(request: pytest.FixtureRequest) -> Iterator[dramatiq.Broker]:
    made: dramatiq.Broker = RabbitBroker([]) if request.param == "rabbit" else LocalBroker([])
    if request.param == "local":
        made.declare_queue("default")
    yield made
    made.close()


@pytest.mark.parametrize("args", [("x" * MAX_ARGS_BYTES,), (json.loads("[" * 65 + "]" * 65),)])
def test_arguments_that_no_row_can_hold_are_refused_where_they_are_sent(
    broker: dramatiq.Broker, args: tuple[object, ...]
) -> None:
    for message in (Message("default", "work", args, {}, {}), Message("default", "work", (), {"a": args[0]}, {})):
        with pytest.raises(ValueError, match="the arguments are"):
            broker.enqueue(message)


@pytest.mark.parametrize("option", sorted(UNSERVED))
def test_an_option_that_nobody_carries_out_is_refused_where_it_is_sent(broker: dramatiq.Broker, option: str) -> None:
    message = Message("default", "work", (), {}, {option: {"actor_name": "next"}})
    with pytest.raises(ValueError, match=f"work: callsheet does not carry out {option}"):
        broker.enqueue(message)


def test_one_that_comes_from_elsewhere_is_named_in_the_log(line: Line, process: WorkerProcess) -> None:
    line.put(body(pipe_target={"actor_name": "next"}))
    with capture_logs() as said:
        assert len(line.claims()) == 1
    assert {"event": "option-ignored", "actor": "work", "options": ["pipe_target"]}.items() <= said[0].items()


def test_a_worker_says_which_secrets_it_has(process: WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_SECRET_CRM", "hunter22")
    assert process.report()["secrets"] == '["CRM"]'
