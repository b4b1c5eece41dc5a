"""The page of metrics: who reads it, and what it says of what is in the database."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from api.metrics import reading
from config.settings import Settings
from models.counters.counting import Counting
from models.counters.metrics import METRICS, Kind
from models.counters.telling import tell_counters
from models.statistics.adding import Statistics
from models.statistics.counts import Counted
from models.statistics.counts import Kind as KindOfEnd
from models.words.states import State
from tests.api.documented import DocumentedClient
from tests.api.metrics.page import Samples, parse, sample
from tests.servers.promtool import promtool

Execute = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading._kept, "_seconds", -1.0)


@pytest.fixture
def scrape(client: TestClient) -> Callable[[], Samples]:
    def get() -> Samples:
        answer = client.simulate_get("/metrics")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return parse(answer.text)

    return get


def tell(engine: sa.Engine, counting: Counting) -> None:
    with engine.begin() as connection:
        then = tell_counters(connection, counting)
    then()


def end_some(engine: sa.Engine, kind: KindOfEnd, times: int = 1, seconds: float = 1.0) -> None:
    statistics = Statistics(uuid4())
    statistics.count([Counted(kind, seconds, seconds)] * times)
    with engine.begin() as connection:
        then = statistics.tell(connection)
    then()


def test_metrics_are_for_viewers(client: TestClient) -> None:
    assert client.simulate_get("/metrics", headers={"Authorization": ""}).status_code == 401
    assert client.simulate_get("/metrics").status_code == 200
    assert client.simulate_head("/metrics").status_code == 200


def test_metrics_are_for_everybody_where_they_are_public(engine: sa.Engine, settings: Settings) -> None:
    public = settings.model_copy(update={"http": settings.http.model_copy(update={"metrics_public": True})})
    client = DocumentedClient(make_app(engine, public))
    assert client.simulate_get("/metrics").status_code == 200
    assert client.simulate_get("/metrics", headers={"Authorization": "Bearer cs_no"}).status_code == 200
    assert client.simulate_get("/v1/schedules").status_code == 401


def test_promtool_finds_nothing_to_say(
    engine: sa.Engine, client: TestClient, create: Execute, announce: Execute, add_run: Execute, execute: Execute
) -> None:
    """Of all metrics, with labels as odd as they may be."""
    announce()
    create("nightly", tags=["metrics"])
    add_run()
    run = add_run(actor='odd "actor"\\\n')
    execute("UPDATE runs SET queue = 'odd \"queue\"\\ ünï' WHERE id = %(run)s", run=run)
    end_some(engine, KindOfEnd('odd "actor"\\\n', "default", "succeeded", "succeeded"))
    counting = Counting()
    for metric in METRICS:
        labels = dict.fromkeys(metric.labels, 'odd "label"\\\n')
        if metric.kind is Kind.HISTOGRAM:
            counting.observe(metric.name, 0.3, **labels)
        elif metric.kind is Kind.COUNTER:
            counting.count(metric.name, 2, **labels)
    tell(engine, counting)
    page = client.simulate_get("/metrics").text
    promtool("check", "metrics", given=page)
    there = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    silent = {"schedule_last_success_seconds", "slots_unaccounted", "verify_age_seconds", "round_age_seconds"}
    assert {metric.name for metric in METRICS} - there == {
        f"callsheet_{name}" for name in (*silent, "metrics_left_out")
    }


def test_an_empty_service_has_metrics(scrape: Callable[[], Samples]) -> None:
    samples = scrape()
    assert sample(samples, "workers") == 0
    assert sample(samples, "rescued_total") == 0
    assert sample(samples, "published_total", outcome="unconfirmed") == 0
    assert sample(samples, "slots_total", outcome="planned", reason="") == 0
    assert sample(samples, "round_duration_seconds_count") == 0
    assert sample(samples, "round_age_seconds") is None
    assert [labels for name, labels in samples if name == "callsheet_build_info"]


def test_runs_and_schedules_that_are_there_now_are_told(
    scrape: Callable[[], Samples], create: Execute, add_run: Execute, execute: Execute
) -> None:
    for name in ("a", "b", "c"):
        create(name, cron="* * * * *")
    execute("UPDATE schedules SET paused_at = now() WHERE name = 'a'")
    execute("UPDATE schedules SET error = 'no', consecutive_failures = 7 WHERE name = 'c'")
    for age in (60, 60, 60, -60):
        add_run(age, queue="mail")
    add_run(30, queue="mail", columns={"state": "retrying"})
    add_run(30, queue="slow", columns={"worker_id": str(UUID(int=1)), "state": "running"})
    add_run(30, queue="slow", columns={"state": "queued"})
    samples = scrape()
    runs = {labels: value for (name, labels), value in samples.items() if name == "callsheet_runs" and value}
    assert {(dict(labels)["queue"], dict(labels)["state"]): value for labels, value in runs.items()} == {
        ("mail", "planned"): 4,
        ("mail", "retrying"): 1,
        ("slow", "running"): 1,
        ("slow", "queued"): 1,
    }
    assert 60 <= (sample(samples, "queue_oldest_seconds", queue="mail") or 0) < 120
    assert sample(samples, "planned_backlog") == 4
    states = {state: sample(samples, "schedules", state=state) for state in ("active", "paused", "quarantined")}
    assert states == {"active": 1, "paused": 1, "quarantined": 1}
    assert sample(samples, "failing_streak_max") == 7


def test_how_processes_and_the_log_of_events_stand_is_told(scrape: Callable[[], Samples], execute: Execute) -> None:
    execute(
        "INSERT INTO workers (id, host, pid, queues, threads, version, started_at, last_seen_at, running,"
        " stuck_threads)"
        " VALUES (%(a)s, 'h', 1, '[]', 8, '1', now(), now(), 3, 1), (%(b)s, 'h', 2, '[]', 4, '1', now(),"
        " now() - interval '1 hour', 4, 0)",
        a=uuid4(),
        b=uuid4(),
    )
    execute("INSERT INTO schedulers VALUES (%(id)s, 'h', 1, now(), now() - interval '7 s')", id=uuid4())
    result = json.dumps({"unaccounted": 2})
    execute("INSERT INTO housekeeping VALUES ('verify', now() - interval '1 hour', %(result)s)", result=result)
    execute("UPDATE event_relay SET numbered = 9, sent = 4, dropped = 3")
    samples = scrape()
    assert sample(samples, "workers") == 1
    threads = {state: sample(samples, "worker_threads", state=state) for state in ("busy", "idle", "stuck")}
    assert threads == {"busy": 2, "idle": 5, "stuck": 1}
    assert sample(samples, "schedulers") == 1
    assert 7 <= (sample(samples, "round_age_seconds") or 0) < 30
    assert sample(samples, "slots_unaccounted") == 2
    assert 3600 <= (sample(samples, "verify_age_seconds") or 0) < 3700
    assert sample(samples, "events_pending") == 5
    assert sample(samples, "events_dropped_total") == 3


def test_counters_do_not_fall_when_history_is_pruned(
    engine: sa.Engine, scrape: Callable[[], Samples], add_run: Execute, finish: Execute, execute: Execute
) -> None:
    finish(add_run())
    end_some(engine, KindOfEnd("work", "mail", "succeeded", "succeeded"), 3, 0.3)
    end_some(engine, KindOfEnd("work", "mail", "retrying", "failed"), 2, 70)
    end_some(engine, KindOfEnd("work", "slow", "failed", "timed_out"))
    counting = Counting()
    counting.count("callsheet_slots_total", 4, outcome="skipped", reason="overlap")
    counting.observe("callsheet_round_duration_seconds", 0.25)
    tell(engine, counting)
    before = scrape()
    assert sample(before, "runs_total", actor="work", queue="mail", state="succeeded") == 3
    assert sample(before, "runs_total", actor="work", queue="slow", state="failed") == 1
    assert sample(before, "runs_total", actor="work", queue="mail", state="retrying") is None
    assert sample(before, "attempts_total", actor="work", outcome="failed") == 2
    assert sample(before, "attempts_total", actor="work", outcome="timed_out") == 1
    assert sample(before, "run_duration_seconds_count", actor="work") == 6
    assert sample(before, "run_duration_seconds_bucket", actor="work", le="1") == 4
    assert sample(before, "run_lateness_seconds_bucket", queue="mail", le="30") == 3
    assert sample(before, "run_lateness_seconds_sum", queue="mail") == pytest.approx(140.9)
    assert sample(before, "slots_total", outcome="skipped", reason="overlap") == 4
    assert sample(before, "round_duration_seconds_bucket", le="0.5") == 1
    execute("DELETE FROM runs")
    execute("DELETE FROM statistics WHERE span_seconds > 0")
    after = scrape()
    assert {key: value for key, value in after.items() if "_total" in key[0] or "_seconds_" in key[0]} == {
        key: value for key, value in before.items() if "_total" in key[0] or "_seconds_" in key[0]
    }


def test_single_schedules_are_told_of_where_they_are_tagged(
    scrape: Callable[[], Samples], create: Execute, add_run: Execute, finish: Execute, execute: Execute
) -> None:
    tagged = create("nightly", tags=["metrics", "x"])["id"]
    create("other", tags=["x"])
    create("never", tags=["metrics"])
    finish(add_run(100, schedule_id=tagged))
    finish(add_run(50, schedule_id=tagged), State.FAILED)
    execute("UPDATE schedules SET consecutive_failures = 2")
    samples = scrape()
    assert {labels for name, labels in samples if any(label == "schedule" for label, _ in labels)} == {
        frozenset({("schedule", name)}) for name in ("nightly", "never")
    }
    assert sample(samples, "schedule_failing_streak", schedule="nightly") == 2
    age = sample(samples, "schedule_last_success_seconds", schedule="nightly")
    assert age is not None
    assert 90 <= age < 150
    assert sample(samples, "schedule_last_success_seconds", schedule="never") is None


def test_counters_that_this_release_does_not_know_are_passed_over(
    scrape: Callable[[], Samples], execute: Execute
) -> None:
    """Another release may have other metrics, or others of their labels."""
    execute("""INSERT INTO counters VALUES ('callsheet_new_total', '{}', 1, '{}'),
        ('callsheet_rescued_total', '{"queue": "x"}', 1, '{}')""")
    samples = scrape()
    assert sample(samples, "rescued_total") == 0
    assert "callsheet_new_total" not in {name for name, _ in samples}


def test_a_page_is_kept_for_some_seconds(client: TestClient, monkeypatch: pytest.MonkeyPatch, execute: Execute) -> None:
    monkeypatch.setattr(reading._kept, "_seconds", 60.0)
    before = client.simulate_get("/metrics").text
    execute("UPDATE event_relay SET dropped = 3")
    assert client.simulate_get("/metrics").text == before


def test_who_asks_while_another_reads_for_long_is_told_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.05)
    with reading._reading:
        answer = client.simulate_get("/metrics")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert client.simulate_get("/metrics").status_code == 200
