"""The page of the audit: acts with filters, what each has changed, and who may see which."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from api.dashboard.audit import Change, changes
from config.sections import Dashboard
from config.settings import Settings
from models.access import audit
from tests.api.conftest import TOKEN
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor, title_of

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def made(client: TestClient, create: Create) -> None:
    create("nightly", cron="0 2 * * *")
    create("crm-one")
    client.simulate_patch("/v1/schedules/nightly", json={"cron": "0 3 * * *", "description": "<i>late</i>"})
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "<b>holidays</b>"})
    client.simulate_post("/v1/queues/mail/pause", json={"reason": "moves"})


def actions(page: str) -> list[str]:
    return re.findall(r"<td>(\w+\.\w+)</td>", page)


def more_of(page: str) -> str:
    found = re.search(r'class="more" href="([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


@pytest.mark.usefixtures("made")
def test_acts_are_shown_newest_first_with_what_they_changed(admin: Visitor) -> None:
    answer = admin.get("/audit")
    assert title_of(answer) == "Audit"
    page = answer.text
    assert actions(page) == ["queue.pause", "schedule.pause", "schedule.update", "schedule.create", "schedule.create"]
    assert '<a href="/schedules/nightly">schedules/nightly</a>' in page
    assert "&lt;b&gt;holidays&lt;/b&gt;" in page
    [row] = re.findall(r'<tr id="act-\d+">(?:(?!<tr id="act).)*schedule\.update.*?</table>', page, re.DOTALL)
    assert sorted(re.findall(r"<(del|ins)>(.*?)</", row, re.DOTALL)) == [
        ("del", "&#34;&#34;"),
        ("del", "[\n  &#34;0 2 * * *&#34;\n]"),
        ("ins", "&#34;&lt;i&gt;late&lt;/i&gt;&#34;"),
        ("ins", "[\n  &#34;0 3 * * *&#34;\n]"),
    ]
    assert sorted(re.findall(r'<th scope="row">(\w+)</th>', row)) == ["cron", "description"]


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("target=schedules/nightly", 3),
        ("target=schedules", 4),
        ("who=admin", 5),
        ("who=nobody", 0),
        ("action=queue.pause", 1),
        ("since=1h", 5),
        ("until=1h", 0),
        ("since=2040-01-01T00:00:00Z", 0),
    ],
)
def test_filters_narrow_them_and_are_chips(admin: Visitor, query: str, found: int) -> None:
    page = admin.get(f"/audit?{query}").text
    assert len(actions(page)) == found
    assert '<a href="/audit" title="Leave this filter out">' in page


@pytest.mark.usefixtures("made")
def test_pages_follow_each_other(admin: Visitor) -> None:
    first = admin.get("/audit?limit=2").text
    assert actions(first) == ["queue.pause", "schedule.pause"]
    rest = admin.get(more_of(first)).text
    assert actions(rest) == ["schedule.update", "schedule.create", "schedule.create"]
    assert 'class="more"' not in rest


@pytest.mark.usefixtures("made")
def test_a_search_among_very_many_says_where_it_has_stopped(
    admin: Visitor, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LOOKED_ROWS", 2)
    page = admin.get("/audit?action=schedule.update").text
    assert (actions(page), "there may be others, further back" in page) == ([], True)
    assert actions(admin.get(more_of(page)).text) == ["schedule.update"]
    found, cursor = [], ""
    while cursor is not None:
        answer = client.simulate_get(f"/v1/audit?action=schedule.create{cursor and f'&cursor={cursor}'}").json
        found += [each["target"] for each in answer["items"]]
        cursor = answer["next"]
    assert found == ["schedules/crm-one", "schedules/nightly"]


@pytest.mark.usefixtures("made")
def test_others_than_admins_see_what_was_done_to_one_thing(visitor: Visitor, make_token: MakeToken) -> None:
    visitor.sign_in(make_token("editor"))
    page = visitor.get("/audit").text
    assert (actions(page), "Name a target" in page) == ([], True)
    assert visitor.get("/audit?who=admin").text.count("act-") == 0
    assert len(actions(visitor.get("/audit?target=schedules/nightly").text)) == 3
    assert len(actions(visitor.get("/audit?target=queues/mail").text)) == 1
    for target in ("schedules", "tokens", "tokens/a-editor", "hold"):
        assert visitor.get(f"/audit?target={target}").status_code == 403


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_who_sees_a_part_sees_the_acts_on_it(visitor: Visitor, make_token: MakeToken, role: str) -> None:
    visitor.sign_in(make_token(role, only={"prefix": "crm-"}))
    assert actions(visitor.get("/audit").text) == []
    assert actions(visitor.get("/audit?target=schedules/crm-one").text) == ["schedule.create"]
    assert visitor.get("/audit?target=schedules/nightly").status_code == 404
    for target in ("queues/mail", "schedules", "tokens"):
        assert visitor.get(f"/audit?target={target}").status_code == 403


@pytest.mark.parametrize("shown", [True, False])
def test_arguments_are_folded_where_the_settings_say_so(
    engine: sa.Engine, settings: Settings, create: Create, shown: bool
) -> None:
    create("nightly", args={"message": "hello"})
    changed = settings.model_copy(update={"dashboard": Dashboard(show_arguments=shown)})
    somebody = Visitor(TestClient(make_app(engine, changed)))
    somebody.sign_in(TOKEN)
    page = somebody.get("/audit").text
    assert ("&#34;hello&#34;" in page, page.count("<summary>Show</summary>")) == (True, 0 if shown else 1)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (None, None, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": [1]}, {"a": 1, "b": [2]}, [Change("b", [1], [2])]),
        (None, {"a": 1}, [Change("a", None, 1)]),
        ({"a": 1}, None, [Change("a", 1, None)]),
        ({"a": True}, {"a": 1}, [Change("a", True, 1)]),
        ({"a": 1}, {"b": 2}, [Change("a", 1, None), Change("b", None, 2)]),
    ],
)
def test_what_is_different_is_found(before: Any, after: Any, found: list[Change]) -> None:
    assert changes(before, after) == found
