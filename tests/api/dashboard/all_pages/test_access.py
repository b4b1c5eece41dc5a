"""Who comes in where, and what a form must have: of every page and act that there is."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.dashboard.frame.visits import PageRoute
from models.words.roles import Role
from tests.api.dashboard.all_pages import statements
from tests.api.dashboard.all_pages.data import THEIRS, Told
from tests.api.dashboard.all_pages.places import GETS, POSTS, Read, is_fine, place_of, route_of, walk
from tests.api.dashboard.visitor import FORM, OURS, Visitor
from tests.end_to_end.deployment import TOKEN

KEY = "callsheet_session"


def of(route: PageRoute) -> str:
    return f"{route.method} {route.path}"


def key_of(visitor: Visitor) -> str:
    """What the forms of a browser have."""
    [form] = [form for form in Read(visitor.get("/schedules").text).forms if form.action == "/sign-out"]
    return form.fields["form_key"]


@pytest.fixture
def unchanged(told_engine: sa.Engine, told: Told) -> Iterator[None]:
    """Nothing is there that was not, and nothing has changed."""

    def standing() -> object:
        with told_engine.begin() as connection:
            return tuple(connection.exec_driver_sql(statements.STANDING).one())

    before = standing()
    yield
    assert standing() == before


@pytest.fixture
def viewer(told_site: TestClient, told: Told) -> Visitor:
    signed_in = Visitor(told_site)
    signed_in.sign_in(told.tokens["viewer"])
    return signed_in


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("route", [*GETS, *POSTS], ids=of)
def test_who_is_not_signed_in_is_asked_who_it_is(told_site: TestClient, told: Told, route: PageRoute) -> None:
    place, visitor = place_of(route.path, told.values), Visitor(told_site)
    answer = visitor.get(place) if route.method == "GET" else visitor.post(place, {}, **OURS)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("route", POSTS, ids=of)
def test_a_form_that_is_forged_does_nothing(
    admin: Visitor, told_site: TestClient, told: Told, route: PageRoute
) -> None:
    place, ours = place_of(route.path, told.values), key_of(admin)
    another = Visitor(told_site)
    another.sign_in(TOKEN)
    forged: dict[str, tuple[str, dict[str, str]]] = {
        "without a key": ("", OURS),
        "with another session's": (key_of(another), OURS),
        "from another site": (ours, {"Sec-Fetch-Site": "cross-site"}),
        "from a neighbour": (ours, {"Sec-Fetch-Site": "same-site"}),
        "typed in": (ours, {"Sec-Fetch-Site": "none"}),
        "of another origin": (ours, {"Origin": "https://evil.example"}),
        "of no origin": (ours, {"Origin": "null"}),
        "as plain text": (ours, OURS | {"Content-Type": "text/plain"}),
        "as JSON": (ours, OURS | {"Content-Type": "application/json"}),
    }
    answers = {
        how: admin.post(place, {"form_key": key}, **headers).status_code for how, (key, headers) in forged.items()
    }
    assert answers == dict.fromkeys(forged, 403)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("route", [route for route in (*GETS, *POSTS) if route.role > Role.VIEWER], ids=of)
def test_what_takes_a_role_is_refused_to_those_below(told_site: TestClient, told: Told, route: PageRoute) -> None:
    for role in Role:
        if role < route.role:
            visitor, place = Visitor(told_site), place_of(route.path, told.values)
            visitor.sign_in(told.tokens[role.word])
            form = {"form_key": key_of(visitor)}
            answer = visitor.get(place) if route.method == "GET" else visitor.post(place, form, **OURS)
            assert answer.status_code == 403, role


@pytest.mark.parametrize("role", [role.word for role in Role])
def test_no_page_offers_what_its_reader_may_not(told_site: TestClient, told: Told, role: str) -> None:
    """Each form that is sent has the key and leads to an act that the role has; so does each link to a page."""
    visitor = Visitor(told_site)
    visitor.sign_in(told.tokens[role])
    key, refused = key_of(visitor), []
    for place, answer in walk(visitor, told.values):
        assert is_fine(place, answer) or answer.status_code == 403, (place, answer.status_code)
        read = Read(answer.text)
        for form in read.forms:
            if form.method != "post" or form.action.startswith(("/sign-out", "/sign-in")):
                continue
            route = route_of(form.action or place, "POST")
            assert route is not None, f"{place} has a form for {form.action}, where nothing is"
            assert form.fields.get("form_key") == key, (place, form.action)
            if route.role.word not in {each.word for each in Role if each.word == role or each < _role(role)}:
                refused.append((place, form.action))
        for link in read.places(place):
            led = route_of(link)
            if led is not None and led.role > _role(role):
                refused.append((place, link))
    assert refused == []


def test_who_sees_a_part_finds_no_trace_of_the_rest_on_any_page(told_site: TestClient, told: Told) -> None:
    scoped, everybody = Visitor(told_site), Visitor(told_site)
    scoped.sign_in(told.tokens["scoped"])
    everybody.sign_in(TOKEN)
    for place, answer in walk(scoped, told.values):
        assert is_fine(place, answer) or answer.status_code == 403, (place, answer.status_code)
        assert THEIRS not in answer.text, place
    assert any(THEIRS in answer.text for _, answer in walk(everybody, told.values)), "else nothing was looked for"


@pytest.mark.usefixtures("unchanged")
def test_signing_out_takes_the_key_as_well(viewer: Visitor) -> None:
    before = viewer.cookies[KEY]
    for key, headers in (("", OURS), (key_of(viewer), {"Sec-Fetch-Site": "cross-site"})):
        assert viewer.post("/sign-out", {"form_key": key}, **headers).status_code == 403
    assert viewer.cookies[KEY] == before
    assert viewer.get("/schedules").status_code == 200


@pytest.mark.usefixtures("unchanged")
def test_reading_a_page_does_nothing(admin: Visitor, told: Told) -> None:
    """Each page, and each act by GET."""
    for route in (*GETS, *POSTS):
        answer = admin.get(place_of(route.path, told.values), **{"Content-Type": FORM})
        assert answer.status_code in (200, 303, 404, 405), route.path


def _role(word: str) -> Role:
    return next(role for role in Role if role.word == word)
