"""Places: every route of the site as an address that leads somewhere, and what there is to follow on a page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from falcon.testing import Result

from api.dashboard.frame.visits import PageRoute
from api.dashboard.site import PAGES
from tests.api.dashboard.visitor import Visitor

FIELD = re.compile(r"\{(\w+)(?::[^}]*)?\}")
TYPED = "order"
"""What is typed into the text fields of filters, one after the other."""

GETS = tuple(route for route in PAGES if route.method == "GET")
POSTS = tuple(route for route in PAGES if route.method == "POST")


def place_of(path: str, values: Mapping[str, str]) -> str:
    """The address of a route. `values` has what stands in for each field, by the path up to it (`/runs/{id}`), and what
    a page must be asked with, by its path and a question mark."""
    place, so_far = "", ""
    for part in path.split("/")[1:]:
        so_far += "/" + FIELD.sub(r"{\1}", part)
        if not FIELD.search(part):
            place += "/" + part
            continue
        assert so_far in values, (
            f"no test knows what stands for the field of {so_far}: add one that exists to `values` in"
            " tests/api/dashboard/all_pages/data.py, and in tests/demo/values.py"
        )
        place += "/" + quote(values[so_far], safe="")
    query = values.get(FIELD.sub(r"{\1}", path) + "?")
    return place + (f"?{query}" if query else "")


def is_page(answer: Result) -> bool:
    """Whether it is one; else what is read besides, such as output as text."""
    return answer.status_code == 200 and answer.text.startswith("<!doctype html>")


def is_fine(place: str, answer: Result) -> bool:
    """Whether it leads somewhere; what was typed into a field may be nothing that the field takes."""
    return answer.status_code < 400 or (answer.status_code == 422 and f"={TYPED}" in place)


def route_of(place: str, method: str = "GET") -> PageRoute | None:
    """The route that an address leads to: the one with the fewest fields."""
    path = urlsplit(place).path
    found = [
        route for route in PAGES
        if route.method == method and re.fullmatch(FIELD.sub("[^/]+", route.path), path)
    ]  # fmt: skip
    return min(found, key=lambda route: len(FIELD.findall(route.path)), default=None)


@dataclass
class Form:
    """A form of a page."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


class Read(HTMLParser):
    """A page, read: its links, its forms, its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._choice = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        self.text += " ".join(f" {value} " for name, value in given.items() if name in ("title", "value", "aria-label"))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self.forms.append(Form(given.get("method", "get"), given.get("action", "")))
        if self.forms and "name" in given and tag in ("input", "select", "textarea", "button"):
            self._take_field(tag, given)
        if tag == "option" and self._choice and self.forms:
            self.forms[-1].choices[self._choice].append(given.get("value", ""))

    def handle_data(self, data: str) -> None:
        self.text += data

    def _take_field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self.forms[-1], given["name"]
        form.fields[name] = given.get("value", "")
        self._choice = name if tag == "select" else ""
        if tag == "select":
            form.choices[name] = []
        elif tag == "input" and given.get("type", "text") in ("text", "search"):
            form.texts.append(name)

    def places(self, here: str) -> Iterator[str]:
        """Where its links lead on this server, and its filters: each choice, and each text field filled in."""
        for link in self.links:
            if link.startswith("?"):
                yield urlsplit(here).path + link
            elif link.startswith("/") and not link.startswith(("/static/", "/docs", "/v1/", "/openapi")):
                yield link.partition("#")[0]
        for form in self.forms:
            if form.method == "get":
                action = form.action or urlsplit(here).path
                chosen = [(name, each) for name, options in form.choices.items() for each in options if each]
                for name, value in [*chosen, *((name, TYPED) for name in form.texts)]:
                    yield f"{action}?{urlencode({name: value})}"


def walk(visitor: Visitor, values: Mapping[str, str], most: int = 200) -> Iterator[tuple[str, Result]]:
    """Every page of the site, and what they lead to: of each kind of address (a route and the names in its query, for
    those with a few values each of these) one."""
    ahead = [place_of(route.path, values) for route in GETS]
    seen = {_kind_of(place) for place in ahead}
    looked = 0
    while ahead and looked < most:
        place = ahead.pop(0)
        answer = visitor.get(place)
        looked += 1
        yield place, answer
        if not is_page(answer):
            continue
        for found in Read(answer.text).places(place):
            kind = _kind_of(found)
            if kind not in seen and route_of(found) is not None:
                seen.add(kind)
                ahead.append(found)


def _kind_of(place: str) -> tuple[object, ...]:
    """States and the like are kinds of their own; what can be anything is not."""
    parts = urlsplit(place)
    route = route_of(place)
    query = frozenset(
        (name, value if re.fullmatch(r"[a-z_]{1,12}", value) and name not in ("q", "tag", "actor", "queue") else "")
        for name, value in parse_qsl(parts.query)
    )
    return (route.path if route else parts.path, query)
