"""Lists of runs: what is large shows its beginning, and a page is never larger than the process can bear."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from falcon.testing import TestClient

from models.words.states import State
from tests.end_to_end.deployment import TOKEN, Deployment
from tests.waiting import eventually

LONG = "é" * 3000
MOST = 2048
CLIENTS = 8

# 60 KiB in all of each, which no compression makes smaller: of arguments, result, error and output.
LARGE_RUNS = """
WITH text AS MATERIALIZED (SELECT string_agg(md5(n::text), '') AS kib15 FROM generate_series(1, 480) n), ids AS (
    SELECT overlay(gen_random_uuid()::text PLACING left(callsheet_first_id(now())::text, 13) FROM 1)::uuid AS id
    FROM generate_series(1, %(runs)s)
), large AS (
    INSERT INTO runs (id, actor, queue, priority, args, trigger, overlap, slots, due_at, state, attempt, retries,
        max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds, planned_at, finished_at, attempts,
        result, error_type, error_message)
    SELECT id, 'work', 'default', 5, jsonb_build_object('text', kib15), 'manual', 'allow', 1, now(), 'failed', 1, 0,
        0, 15, 3600, 600, now(), now(), '[]', to_jsonb(kib15), 'Error', kib15 FROM ids, text
)
INSERT INTO run_outputs (run_id, attempt, output, output_truncated) SELECT id, 1, kib15, false FROM ids, text
"""


@pytest.fixture
def long_run(add_run: Callable[..., UUID], finish: Callable[..., None]) -> UUID:
    run = add_run(args={"text": LONG}, columns={"result": json.dumps([LONG])})
    finish(run, State.FAILED, LONG, type="Error", message=LONG, traceback=LONG)
    return run


def test_a_list_has_the_beginning_of_what_is_large_and_the_run_all_of_it(client: TestClient, long_run: UUID) -> None:
    [shown] = client.simulate_get("/v1/runs").json["items"]
    assert set(shown["cut"]) == {"args", "result", "error", "output"}
    assert shown["args"].startswith('{"text": "ééé')
    assert shown["result"].startswith('["ééé')
    assert shown["error"]["traceback"] is None
    for text in (shown["args"], shown["result"], shown["error"]["message"], shown["output"]):
        assert MOST - 1 <= len(text.encode()) <= MOST
    whole = client.simulate_get(f"/v1/runs/{long_run}").json
    assert (whole["args"], whole["result"], whole["output"]) == ({"text": LONG}, [LONG], LONG)
    assert whole["error"] == {"type": "Error", "message": LONG, "traceback": LONG}


def test_who_asks_for_all_gets_it(client: TestClient, long_run: UUID) -> None:
    [shown] = client.simulate_get("/v1/runs", query_string="full=true").json["items"]
    assert shown == client.simulate_get(f"/v1/runs/{long_run}").json | {"cut": []}


def test_a_page_that_is_large_ends_and_the_next_goes_on(client: TestClient, execute: Callable[..., Any]) -> None:
    execute(LARGE_RUNS, runs=150)
    sizes, found, cursor = [], [], ""
    while cursor is not None:
        page = client.simulate_get("/v1/runs", query_string=f"limit=100&full=true{cursor}")
        sizes.append(len(page.content))
        found += [item["id"] for item in page.json["items"]]
        cursor = page.json["next"] and f"&cursor={page.json['next']}"
    assert len(sizes) == 3
    assert max(sizes) < 4.5 * 2**20
    assert len(found) == len(set(found)) == 150


def test_a_run_that_is_larger_than_a_page_is_a_page(client: TestClient, execute: Callable[..., Any]) -> None:
    execute(LARGE_RUNS, runs=2)
    execute("UPDATE run_outputs SET output = repeat(output, 300)")
    page = client.simulate_get("/v1/runs", query_string="full=true").json
    assert len(page["items"]) == 1
    rest = client.simulate_get("/v1/runs", query_string=f"full=true&cursor={page['next']}").json
    assert (len(rest["items"]), rest["next"]) == (1, None)


@pytest.fixture
def web(tmp_path: Path, database_url: str) -> Iterator[Deployment]:
    with Deployment(tmp_path, database_url, "amqp://nowhere") as running:
        yield running.start("web")


@pytest.mark.parametrize(("query", "most_mib"), [("limit=500", 200), ("limit=500&full=true", 300)])
def test_clients_that_read_long_lists_at_once_do_not_fill_the_memory(
    web: Deployment, query: str, most_mib: int
) -> None:
    with psycopg.connect(web.database_url) as connection:
        connection.execute(LARGE_RUNS, {"runs": 500})
    eventually(lambda: web.api.get("/health/live").status_code == 200, 30, ignoring=httpx.HTTPError)

    def read(_: int) -> int:
        with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
            answers = [client.get(f"{web.api.base_url}/v1/runs?{query}") for _ in range(3)]
        return sum(answer.status_code == 200 for answer in answers)

    with ThreadPoolExecutor(CLIENTS) as clients:
        assert list(clients.map(read, range(CLIENTS))) == [3] * CLIENTS
    peak = Path(f"/proc/{web.process('web').pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) / 1024 < most_mib
