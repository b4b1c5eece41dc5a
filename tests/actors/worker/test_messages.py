"""Odd messages on a real database: each leaves a row or lies with the dead letters, and stops no other."""

import json
import math
import random
import string
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker

from actors.worker.claiming.claims import claim_messages
from actors.worker.claiming.messages import read_letter
from actors.worker.keeping.held import HeldRuns
from actors.worker.keeping.process import WorkerProcess
from config.database import make_engine
from config.settings import load_settings
from models.lifecycle import adopting
from models.words.bounds import MAX_INT, MAX_RETRIES, MONTH
from models.words.states import State
from scheduling.commands.audit import By
from scheduling.commands.faults import Conflict
from scheduling.commands.runs import retry
from tests.actors.worker.line import Line, body, published

YEAR_MILLISECONDS = 365 * 86_400_000


def rows(process: WorkerProcess) -> list[sa.Row[Any]]:
    with process.engine.begin() as connection:
        return list(connection.exec_driver_sql("SELECT * FROM runs WHERE trigger = 'message' ORDER BY id"))


def milliseconds_now(process: WorkerProcess) -> int:
    with process.engine.begin() as connection:
        return int(connection.exec_driver_sql("SELECT extract(epoch FROM now()) * 1000").scalar_one())


def with_parts(**parts: Any) -> bytes:
    return json.dumps(json.loads(body()) | parts).encode()


OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a float": ({"max_retries": 3.0}, {"max_retries": 3}),
    "a text": ({"max_retries": "3", "time_limit": "1500"}, {"max_retries": 3, "time_limit_seconds": 1.5}),
    "too many": ({"max_retries": 3_000_000_000}, {"max_retries": MAX_RETRIES}),
    "far too many": ({"max_retries": 10**400}, {"max_retries": MAX_RETRIES}),
    "negative": ({"max_retries": -1, "min_backoff": -1}, {"max_retries": 0, "min_backoff_seconds": 15}),
    "far too few": ({"max_retries": -(10**400)}, {"max_retries": 0}),
    "not given": ({"max_retries": None, "time_limit": 0}, {"max_retries": 0, "time_limit_seconds": 600}),
    "no number": ({"max_retries": "many", "min_backoff": [1]}, {"max_retries": 0, "min_backoff_seconds": 15}),
    "nan": ({"max_retries": math.nan, "max_backoff": math.nan}, {"max_retries": 0, "max_backoff_seconds": 3600}),
    "endless": (
        {"time_limit": math.inf, "max_backoff": 1e300},
        {"time_limit_seconds": MONTH, "max_backoff_seconds": MONTH},
    ),
}


@pytest.mark.parametrize(("options", "columns"), OPTIONS.values(), ids=OPTIONS)
def test_odd_options_become_policies_within_bounds(
    process: WorkerProcess, line: Line, options: dict[str, Any], columns: dict[str, Any]
) -> None:
    line.put(body(**options))
    [claimed] = line.claims()
    assert {name: getattr(claimed.claim, name) for name in columns} == columns


GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("said", "trace"), [(GIVEN, GIVEN), ("00-a", None), (7, None), (["x"], None), ("\0", None), (GIVEN * 1000, None)]
)
def test_a_message_that_says_its_trace_is_in_it(
    process: WorkerProcess, line: Line, said: Any, trace: str | None
) -> None:
    line.put(body(traceparent=said))
    [claimed] = line.claims()
    assert claimed.claim.trace == trace
    assert [row.trace for row in rows(process)] == [trace]


@pytest.mark.parametrize("eta", [10**30, math.inf, 1e300, "4102444800000"])
def test_what_is_due_in_the_far_future_is_due_within_ten_years(process: WorkerProcess, line: Line, eta: Any) -> None:
    line.put(body(eta=eta))
    assert line.claims() == []
    [row] = rows(process)
    assert row.state == "planned"
    assert timedelta(days=3649) < row.due_at - row.planned_at <= timedelta(days=3650)


UNSTORABLE = {
    "nan": body(kwargs={"a": math.nan}),
    "infinity": body(args=(math.inf,)),
    "nul": body(kwargs={"a": ["x\0y"]}),
    "nul in a name": body(kwargs={"a\0": 1}),
    "surrogate": body(kwargs={"a": "lone \ud800"}),
    "delayed": body(kwargs={"a": math.nan}, eta=4102444800000),
    "of an unknown actor": body("elsewhere", kwargs={"a": math.nan}),
}


@pytest.mark.parametrize("bad", UNSTORABLE.values(), ids=UNSTORABLE)
def test_arguments_that_no_row_can_hold_are_a_failed_run_and_the_message_is_kept(
    process: WorkerProcess, line: Line, bad: bytes
) -> None:
    line.put(published(process), bad, bad, published(process))
    assert len(line.claims()) == 2
    line.put(bad)  # once more, as if its rejection had been lost
    assert line.claims() == []
    [row] = rows(process)
    assert (row.state, row.error_type, row.args, row.attempt) == ("failed", "ArgumentsNotStored", {}, 0)
    assert row.finished_at is not None
    assert "can't be stored" in row.error_message
    assert set(line.refused) == {bad}
    with pytest.raises(Conflict, match="arguments"), process.engine.begin() as connection:
        retry(connection, row.id, By("somebody"))


UNREADABLE = {
    "no actor": with_parts(actor_name=None),
    "nameless actor": with_parts(actor_name=""),
    "nul in the actor": body("a\0b"),
    "surrogate in the id": with_parts(message_id="\ud800"),
    "arguments without names": with_parts(kwargs=[1]),
    "options without names": with_parts(options=["run_id"]),
    "huge attempt": body(run_id=str(uuid4()), attempt=2**40),
    "last attempt": body(run_id=str(uuid4()), attempt=MAX_INT),
    "endless attempt": body(run_id=str(uuid4()), attempt=math.inf),
    "no attempt": body(run_id=str(uuid4())),
    "integer id": body(run_id=7, attempt=0),
    "not a message": b"[1, 2]",
    "not json": b"\xff\xff",
    "too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("bad", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_message_is_kept_and_stops_no_other(process: WorkerProcess, line: Line, bad: bytes) -> None:
    line.put(published(process), bad, published(process))
    assert len(line.claims()) == 2
    assert rows(process) == []
    assert line.refused == [bad]


@pytest.mark.parametrize("sent", [math.nan, math.inf, "soon", None, -1, 10**400, 0.5], ids=str)
def test_an_odd_time_stamp_keeps_no_message_from_its_run(process: WorkerProcess, line: Line, sent: Any) -> None:
    line.put(with_parts(message_timestamp=sent), published(process))
    assert len(line.claims()) == 2
    assert line.refused == []


SKEWS: dict[str, Callable[[int], int]] = {
    "years ahead": lambda now: now + 5 * YEAR_MILLISECONDS,
    "weeks ahead": lambda now: now + 20 * 86_400_000,
    "of the epoch": lambda now: 0,
    "years behind": lambda now: now - 3 * YEAR_MILLISECONDS,
}


@pytest.mark.parametrize("skew", SKEWS.values(), ids=SKEWS)
def test_a_run_is_listed_by_the_clock_of_the_database_and_a_redelivery_finds_it(
    process: WorkerProcess, line: Line, skew: Callable[[int], int]
) -> None:
    now = milliseconds_now(process)
    message = with_parts(message_timestamp=skew(now), args=[7])
    line.put(message, message)
    [claimed] = line.claims()
    assert claimed.args == ()
    assert claimed.kwargs == {"a": 7}
    line.put(message)
    assert line.claims() == []
    [row] = rows(process)
    assert abs((row.id.int >> 80) - now) < 60_000
    with process.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM runs_default").scalar_one() == 0


def test_a_message_that_was_far_ahead_is_found_again_when_its_time_has_nearly_come(
    process: WorkerProcess, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = with_parts(message_timestamp=milliseconds_now(process) + 23 * 3_600_000)
    with monkeypatch.context() as patch:
        patch.setattr(adopting, "FAR_AHEAD", timedelta(hours=22))  # as if it were two hours ago
        line.put(message)
        assert len(line.claims()) == 1
    line.put(message)
    assert line.claims() == []
    assert len(rows(process)) == 1


def test_a_clock_that_is_a_zone_off_is_believed(process: WorkerProcess, line: Line) -> None:
    now = milliseconds_now(process)
    message = with_parts(message_timestamp=now + 14 * 3_600_000)
    line.put(message)
    assert len(line.claims()) == 1
    line.put(message)
    assert line.claims() == []
    [row] = rows(process)
    assert row.id.int >> 80 == now + 14 * 3_600_000


@pytest.mark.parametrize("pgbouncer", ["false", "true"])
def test_a_locked_run_of_a_message_whose_clock_is_off_is_tried_again(
    database_url: str, broker: StubBroker, pgbouncer: str
) -> None:
    letter = read_letter(with_parts(message_timestamp=4102444800000), "default")
    settings = load_settings({"DATABASE_URL": database_url, "CALLSHEET_DATABASE__PGBOUNCER": pgbouncer})
    engine = make_engine(settings.database, pool_size=3, application="test", patience_milliseconds=50)
    process = WorkerProcess(settings, engine, 4, ["default"], HeldRuns(4))
    assert len(claim_messages(broker, process, "default", [letter]).messages) == 1
    with process.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET state = 'queued', attempt = 0, worker_id = NULL")
    with process.engine.begin() as somebody:
        somebody.exec_driver_sql("SELECT FROM runs FOR UPDATE")
        assert claim_messages(broker, process, "default", [letter]) == ([], [letter], [])
    assert len(claim_messages(broker, process, "default", [letter]).messages) == 1
    engine.dispose()


@pytest.mark.parametrize("args", ['{"*": 5}', '{"*": {"a": 1}}', "[1]", '"text"'])
def test_a_claim_that_is_no_call_has_failed_and_holds_no_other_up(
    process: WorkerProcess, line: Line, args: str
) -> None:
    odd, even = published(process), published(process)
    with process.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE runs SET args = %(args)s WHERE id = %(id)s",
            {"args": args, "id": json.loads(odd)["options"]["run_id"]},
        )
    line.put(odd, even)
    assert [str(message.claim.id) for message in line.claims()] == [json.loads(even)["options"]["run_id"]]
    end = process.ends.get_nowait()
    assert (str(end.id), end.state) == (json.loads(odd)["options"]["run_id"], State.FAILED)
    assert end.error_type in ("TypeError", "ValueError")


@pytest.mark.parametrize(
    "queue", ["app.default", "default.DQ", "", 5, "".join(random.choices(string.printable, k=20_000))]
)
def test_a_message_is_of_the_queue_that_delivered_it(process: WorkerProcess, line: Line, queue: Any) -> None:
    line.put(with_parts(queue_name=queue))
    [message] = line.claims()
    assert (message.queue_name, message.claim.queue) == ("default", "default")
