"""The page of failures: kinds of them with filters, and running all of one again after saying how many."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of
from tests.models.failures.failing import fail, fold


@pytest.fixture
def made(create: Callable[..., Any], engine: sa.Engine) -> dict[str, str]:
    """Three runs of two schedules that failed in one way, and one that did in another; the fingerprints of both."""
    schedules = {name: UUID(create(name)["id"]) for name in ("crm-one", "web-two")}
    with engine.begin() as connection:
        for number, (name, kind) in enumerate(
            (("crm-one", "ValueError"), ("web-two", "ValueError"), ("web-two", "ValueError"), ("web-two", "KeyError"))
        ):
            of = {"schedule_id": schedules[name], "schedule_name": name}
            fail(connection, f"order {number} <b>failed</b>", kind=kind, **of)
        fold(connection)
        rows = connection.exec_driver_sql("SELECT error_type, fingerprint FROM errors").all()
    return {row.error_type: row.fingerprint for row in rows}


def row_of(page: str, fingerprint: str) -> str:
    found = re.search(rf'<tr id="failure-{fingerprint}">.*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


def test_kinds_are_shown_with_what_they_concern(admin: Visitor, made: dict[str, str]) -> None:
    answer = admin.get("/failures")
    assert title_of(answer) == "Failures"
    row = row_of(answer.text, made["ValueError"])
    assert f'<a href="/runs?fingerprint={made["ValueError"]}">ValueError</a>' in row
    assert "order # &lt;b&gt;failed&lt;/b&gt;" in row
    assert re.findall(r'class="number">(\d+)<', row) == ["3", "2"]
    for name in ("crm-one", "web-two"):
        assert f'href="/schedules/{name}"' in row
    assert row.count("<time ") == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=keyerr", ["KeyError"]),
        ("schedule=crm-one", ["ValueError"]),
        ("actor=work", ["KeyError", "ValueError"]),
        ("actor=nobody", []),
        ("since=1h", ["KeyError", "ValueError"]),
        ("since=2040-01-01T00:00:00Z", []),
    ],
)
def test_filters_narrow_them_and_are_chips(admin: Visitor, made: dict[str, str], query: str, found: list[str]) -> None:
    page = admin.get(f"/failures?{query}").text
    assert sorted(kind for kind, fingerprint in made.items() if f"failure-{fingerprint}" in page) == found
    name, _, value = query.partition("=")
    assert f'<a href="/failures" title="Leave this filter out">{name}: {value}' in page


def test_pages_follow_each_other(admin: Visitor, made: dict[str, str]) -> None:
    first = admin.get("/failures?limit=1").text
    more = re.search(r'class="more" href="([^"]+)"', first)
    assert more is not None
    shown = [fingerprint for fingerprint in made.values() if f"failure-{fingerprint}" in first]
    others = [fingerprint for fingerprint in made.values() if f"failure-{fingerprint}" in admin.get(more[1]).text]
    assert len(shown) == 1
    assert set(shown + others) == set(made.values())


def test_all_of_a_kind_are_run_again_after_it_was_said_how_many(
    admin: Visitor, made: dict[str, str], client: TestClient
) -> None:
    path = f"/failures/{made['ValueError']}/retry"
    assert f'<form method="get" action="{path}">' in admin.get("/failures").text
    asked = admin.get(path)
    assert (title_of(asked), "3 runs would be run again" in asked.text) == ("Retry all", True)
    assert client.simulate_get("/v1/runs?state=planned").json["items"] == []
    assert admin.send(path, path).headers["location"] == "/failures"
    assert admin.note("/failures") == "3 of 3 runs are run again."
    again = client.simulate_get("/v1/runs?state=planned").json["items"]
    assert [(run["created_by"], run["schedule"]) for run in again].count(("admin", "web-two")) == 2
    assert len(again) == 3


def test_of_one_schedule_its_own_are_run_again(admin: Visitor, made: dict[str, str], client: TestClient) -> None:
    page = admin.get("/failures?schedule=crm-one").text
    assert '<input type="hidden" name="schedule" value="crm-one">' in page
    path = f"/failures/{made['ValueError']}/retry"
    assert "1 run would be run again, all of the schedule crm-one" in admin.get(f"{path}?schedule=crm-one").text
    admin.send(f"{path}?schedule=crm-one", path, schedule="crm-one")
    assert [run["schedule"] for run in client.simulate_get("/v1/runs?state=planned").json["items"]] == ["crm-one"]


def test_a_viewer_has_no_button_and_is_refused(visitor: Visitor, make_token: MakeToken, made: dict[str, str]) -> None:
    visitor.sign_in(make_token("viewer"))
    assert "Retry all" not in visitor.get("/failures").text
    path = f"/failures/{made['ValueError']}/retry"
    assert visitor.get(path).status_code == 403
    assert visitor.send("/failures", path).status_code == 403


def test_who_sees_a_part_sees_and_runs_that_part(
    visitor: Visitor, make_token: MakeToken, made: dict[str, str], client: TestClient
) -> None:
    visitor.sign_in(make_token("operator", only={"prefix": "crm-"}))
    page = visitor.get("/failures").text
    assert (made["KeyError"] in page, "web-two" in page) == (False, False)
    assert re.findall(r'class="number">(\d+)<', row_of(page, made["ValueError"])) == ["1", "1"]
    assert visitor.get(f"/failures/{made['KeyError']}/retry").status_code == 404
    path = f"/failures/{made['ValueError']}/retry"
    assert "1 run would" in visitor.get(path).text
    visitor.send(path, path)
    assert [run["schedule"] for run in client.simulate_get("/v1/runs?state=planned").json["items"]] == ["crm-one"]


@pytest.mark.parametrize("path", ["/failures/none/retry", "/failures/%C3%A9/retry"])
def test_a_kind_that_is_none_is_said(admin: Visitor, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_nothing_is_shown_where_nothing_has_failed(admin: Visitor) -> None:
    assert "Nothing has failed." in admin.get("/failures").text
