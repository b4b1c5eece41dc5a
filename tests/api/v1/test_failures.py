"""Failures by their kinds: filters, pages, what a token sees, and the runs behind them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from tests.api.access.conftest import GiveToken, give_token
from tests.models.failures.failing import fail, fold

__all__ = ["give_token"]


@pytest.fixture
def made(create: Callable[..., Any], engine: sa.Engine) -> dict[str, list[str]]:
    """Runs of two schedules and of messages that have failed, by what failed: oldest first."""
    schedules = {name: UUID(create(name)["id"]) for name in ("crm-one", "web-two")}
    runs: dict[str, list[str]] = {}
    with engine.begin() as connection:
        for who, kind in (
            ("crm-one", "ValueError"),
            ("web-two", "ValueError"),
            ("web-two", "ValueError"),
            ("web-two", "KeyError"),
            ("", "TimeLimitExceeded"),
        ):
            columns = {"schedule_id": schedules[who], "schedule_name": who} if who else {"actor": "mailer"}
            run = fail(connection, f"order {len(runs)} failed", kind=kind, **columns)
            runs.setdefault(kind, []).append(str(run))
            fold(connection)
        ages = {"ValueError": 30, "KeyError": 20, "TimeLimitExceeded": 10}
        for kind, minutes in ages.items():
            of = {"kind": kind, "minutes": minutes}
            ago = "SET last_at = now() - make_interval(mins => %(minutes)s) WHERE fingerprint ="
            for table in ("errors", "error_schedules"):
                statement = f"UPDATE {table} {ago} (SELECT fingerprint FROM errors WHERE error_type = %(kind)s)"
                connection.exec_driver_sql(statement, of)
    return runs


def kinds(client: TestClient, query: str = "") -> list[str]:
    answer = client.simulate_get("/v1/failures", query_string=query)
    assert answer.status_code == 200, answer.text
    return [each["error_type"] for each in answer.json["items"]]


def test_they_are_listed_by_kind_the_last_first(client: TestClient, made: dict[str, list[str]]) -> None:
    items = client.simulate_get("/v1/failures").json["items"]
    assert [each["error_type"] for each in items] == ["TimeLimitExceeded", "KeyError", "ValueError"]
    found = items[-1]
    assert (found["actor"], found["message"], found["count"]) == ("work", "order # failed", 3)
    assert (found["streak"], sorted(found["schedules"])) == (2, ["crm-one", "web-two"])
    assert found["example_run_id"] == made["ValueError"][-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=mailer", ["TimeLimitExceeded"]),
        ("actor=nobody", []),
        ("schedule=crm-one", ["ValueError"]),
        ("schedule=web-two", ["KeyError", "ValueError"]),
        ("schedule=nobody", []),
        ("q=keyERR", ["KeyError"]),
        ("q=ORDER", ["TimeLimitExceeded", "KeyError", "ValueError"]),
        ("q=mailer", ["TimeLimitExceeded"]),
        ("q=%25", []),
        ("schedule=web-two&q=value&actor=work", ["ValueError"]),
    ],
)
def test_filters_narrow_the_list(client: TestClient, made: dict[str, list[str]], query: str, found: list[str]) -> None:
    assert kinds(client, query) == found


def test_since_is_about_when_they_were_last_seen(client: TestClient, made: dict[str, list[str]]) -> None:
    since = quote((datetime.now(UTC) - timedelta(minutes=25)).isoformat())
    assert kinds(client, f"since={since}") == ["TimeLimitExceeded", "KeyError"]
    assert kinds(client, f"since={since}&schedule=web-two") == ["KeyError"]


def test_of_a_schedule_only_its_own_runs_are_counted(client: TestClient, made: dict[str, list[str]]) -> None:
    (one,) = client.simulate_get("/v1/failures?schedule=crm-one").json["items"]
    assert (one["count"], one["streak"], one["schedules"]) == (1, 1, ["crm-one"])
    assert one["example_run_id"] == made["ValueError"][0]


@pytest.mark.parametrize("query", ["", "schedule=web-two"])
def test_pages_go_on_where_the_last_one_ended(client: TestClient, made: dict[str, list[str]], query: str) -> None:
    whole, found, cursor = kinds(client, query), [], ""
    while cursor is not None:
        page = client.simulate_get("/v1/failures", query_string=f"{query}&limit=1{cursor}").json
        found += [each["error_type"] for each in page["items"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert found == whole


@pytest.mark.parametrize("cursor", ["x", "2026-13-01T00:00:00Z~" + "0" * 32, "2026-01-01T00:00:00Z~"])
def test_a_cursor_that_is_none_is_refused(client: TestClient, cursor: str) -> None:
    assert client.simulate_get(f"/v1/failures?cursor={cursor}").status_code == 422


def test_a_deleted_schedule_s_failures_are_found_by_its_name(client: TestClient, made: dict[str, list[str]]) -> None:
    client.simulate_delete("/v1/schedules/crm-one")
    assert kinds(client, "schedule=crm-one") == ["ValueError"]


@pytest.mark.parametrize("only", [{"prefix": "crm-"}, {"tags": ["crm"]}])
def test_a_token_for_a_part_sees_and_counts_its_own(
    client: TestClient, made: dict[str, list[str]], give_token: GiveToken, only: dict[str, Any]
) -> None:
    client.simulate_patch("/v1/schedules/crm-one", json={"tags": ["crm"]})
    somebody = give_token("viewer", only=only)
    (found,) = somebody.simulate_get("/v1/failures").json["items"]
    assert (found["error_type"], found["count"], found["streak"]) == ("ValueError", 1, 1)
    assert (found["schedules"], found["example_run_id"]) == (["crm-one"], made["ValueError"][0])
    assert kinds(somebody, "schedule=web-two") == []
    runs = somebody.simulate_get(f"/v1/runs?fingerprint={found['fingerprint']}").json["items"]
    assert [run["id"] for run in runs] == made["ValueError"][:1]


def test_the_runs_of_a_failure_are_listed_counted_and_retried(client: TestClient, made: dict[str, list[str]]) -> None:
    fingerprint = client.simulate_get("/v1/failures?q=ValueError").json["items"][0]["fingerprint"]
    page = client.simulate_get(f"/v1/runs?fingerprint={fingerprint}&count=true").json
    assert [run["id"] for run in page["items"]] == made["ValueError"][::-1]
    assert page["count"] == {"value": 3, "capped": False}
    first = client.simulate_get(f"/v1/runs?fingerprint={fingerprint}&limit=1").json
    assert (
        client.simulate_get(f"/v1/runs?fingerprint={fingerprint}&cursor={first['next']}").json["items"]
        == (page["items"][1:])
    )
    assert len(client.simulate_get(f"/v1/runs?fingerprint={fingerprint}&error=order").json["items"]) == 3
    body = {"filter": {"fingerprint": fingerprint}, "dry_run": True}
    assert client.simulate_post("/v1/runs/retry", json=body).json["ids"] == made["ValueError"]
    done = client.simulate_post("/v1/runs/retry", json=body | {"dry_run": False}).json
    assert (done["matched"], done["changed"]) == (3, 3)
    planned = client.simulate_get("/v1/runs?state=planned").json["items"]
    assert {run["parent_run_id"] for run in planned} == set(made["ValueError"])


def test_a_fingerprint_that_is_none_is_refused(client: TestClient) -> None:
    assert client.simulate_get("/v1/runs?fingerprint=abc").status_code == 422
    assert client.simulate_post("/v1/runs/retry", json={"filter": {"fingerprint": "x"}}).status_code == 422
    assert client.simulate_get(f"/v1/runs?fingerprint={'0' * 32}").json["items"] == []
