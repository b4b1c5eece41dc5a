"""Two who edit one schedule: nobody's change is lost, whoever saves last."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from tests.api.dashboard.editor.forms import form_of, send
from tests.api.dashboard.visitor import Visitor

Create = Callable[..., dict[str, Any]]
EDIT = "/schedules/nightly/edit"


@pytest.fixture
def opened(admin: Visitor, create: Create) -> dict[str, str]:
    """The form of a schedule, as somebody has it open."""
    create("nightly", cron="0 3 * * *", description="before", args={"message": "a", "to": "b"})
    return form_of(admin.get(EDIT))


@pytest.fixture
def patch(client: TestClient) -> Callable[..., None]:
    def change(**fields: Any) -> None:
        assert client.simulate_patch("/v1/schedules/nightly", json=fields).status_code == 200

    return change


@pytest.fixture
def stored(client: TestClient) -> Callable[..., tuple[Any, ...]]:
    def of(*fields: str) -> tuple[Any, ...]:
        found = client.simulate_get("/v1/schedules/nightly").json
        return tuple(found[field] for field in fields)

    return of


def is_warned(answer: Result) -> bool:
    return answer.status_code == 409 and "Somebody else has saved it meanwhile" in answer.text


def test_who_saves_later_is_told_what_was_changed_and_nothing_is_saved(
    admin: Visitor, opened: dict[str, str], patch: Any, stored: Any
) -> None:
    patch(description="theirs", priority=1)
    answer = send(admin, EDIT, opened, description="mine", max_retries="2")
    assert is_warned(answer)
    assert "admin changed 2 fields" in answer.text
    for words in ("<code>&#34;before&#34;</code>", "<code>&#34;theirs&#34;</code>", "<code>&#34;mine&#34;</code>"):
        assert words in answer.text
    assert answer.text.count("yours replaces theirs") == 1
    assert form_of(answer)["description"] == "mine"
    assert stored("version", "description", "max_retries") == (2, "theirs", 0)
    assert is_warned(send(admin, EDIT, form_of(answer)))


def test_mine_over_theirs_keeps_what_they_alone_have_changed(
    admin: Visitor, opened: dict[str, str], patch: Any, stored: Any
) -> None:
    patch(description="theirs", priority=1, args={"to": "c"})
    answer = send(admin, EDIT, opened, description="mine", args='{"message": "z", "to": "b"}')
    assert is_warned(answer)
    saved = send(admin, EDIT, form_of(answer), answer="mine")
    assert saved.status_code == 303
    assert stored("version", "description", "priority", "args") == (3, "mine", 1, {"message": "z", "to": "c"})


def test_theirs_comes_into_the_form_and_the_rest_of_mine_stays(
    admin: Visitor, opened: dict[str, str], patch: Any, stored: Any
) -> None:
    patch(description="theirs", priority=1)
    warned = send(admin, EDIT, opened, description="mine", max_retries="2")
    answer = send(admin, EDIT, form_of(warned), answer="theirs")
    fields = form_of(answer)
    assert answer.status_code == 200
    assert (fields["description"], fields["priority"], fields["max_retries"]) == ("theirs", "1", "2")
    assert stored("version") == (2,)
    assert send(admin, EDIT, fields).status_code == 303
    assert stored("version", "description", "priority", "max_retries") == (3, "theirs", 1, 2)


def test_who_saves_again_meanwhile_is_seen_too(admin: Visitor, opened: dict[str, str], patch: Any, stored: Any) -> None:
    patch(description="theirs")
    warned = send(admin, EDIT, opened, description="mine")
    patch(description="theirs again")
    again = send(admin, EDIT, form_of(warned), answer="mine")
    assert is_warned(again)
    assert "theirs again" in again.text
    assert send(admin, EDIT, form_of(again), answer="mine").status_code == 303
    assert stored("version", "description") == (4, "mine")


def test_what_was_changed_and_changed_back_is_no_matter(
    admin: Visitor, opened: dict[str, str], patch: Any, stored: Any
) -> None:
    patch(description="theirs")
    patch(description="before")
    assert send(admin, EDIT, opened, priority="2").status_code == 303
    assert stored("version", "priority") == (4, 2)


def test_what_goes_not_together_is_said_beside_its_field(
    admin: Visitor, opened: dict[str, str], patch: Any, stored: Any
) -> None:
    patch(cron="0 4 * * *")
    warned = send(admin, EDIT, opened, cron="", every_seconds="60")
    answer = send(admin, EDIT, form_of(warned), answer="mine")
    assert answer.status_code == 303
    assert stored("cron", "every_seconds") == (None, 60)
    patch(every_seconds=None)
    opened = form_of(admin.get(EDIT))
    patch(cron="0 4 * * *")
    warned = send(admin, EDIT, opened, every_seconds="60")
    answer = send(admin, EDIT, form_of(warned), answer="mine")
    assert (answer.status_code, "only one of cron" in answer.text) == (422, True)
    assert form_of(answer)["every_seconds"] == "60"


def test_what_is_wrong_in_mine_does_not_hide_theirs(admin: Visitor, opened: dict[str, str], patch: Any) -> None:
    patch(description="theirs")
    warned = send(admin, EDIT, opened, priority="many")
    assert is_warned(warned)
    assert 'id="priority-error"' in warned.text
    answer = send(admin, EDIT, form_of(warned), answer="theirs")
    assert (form_of(answer)["priority"], form_of(answer)["description"]) == ("many", "theirs")


def test_what_was_deleted_meanwhile_can_be_created_again(
    admin: Visitor, opened: dict[str, str], client: TestClient, stored: Any
) -> None:
    client.simulate_delete("/v1/schedules/nightly")
    answer = send(admin, EDIT, opened, description="mine")
    assert (answer.status_code, "was deleted meanwhile" in answer.text) == (409, True)
    assert send(admin, "/schedules/new", form_of(answer)).status_code == 303
    assert stored("description", "cron") == ("mine", "0 3 * * *")


def test_a_form_of_a_schedule_that_came_again_is_of_the_one_before(
    admin: Visitor, opened: dict[str, str], client: TestClient, create: Create, stored: Any
) -> None:
    client.simulate_delete("/v1/schedules/nightly")
    create("nightly", cron="0 3 * * *", description="another")
    assert is_warned(send(admin, EDIT, opened, priority="2"))
    assert stored("priority") == (5,)


@pytest.mark.parametrize("version", ["x", "-", "0-99999999999999999999", "abc-7", "\u0663-\u0663"])
def test_a_version_that_is_none_overwrites_nothing(
    admin: Visitor, opened: dict[str, str], stored: Any, version: str
) -> None:
    answer = send(admin, EDIT, opened, version=version, description="mine")
    assert is_warned(answer)
    assert stored("version") == (1,)
    assert send(admin, EDIT, form_of(answer), answer="mine").status_code == 303
    assert stored("version", "description", "cron") == (2, "mine", "0 3 * * *")
