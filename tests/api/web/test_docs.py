"""The page `/docs`: complete, well-formed, and safe to look at."""

import base64
import hashlib
import json
import re
import shlex
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from api.app import ROUTES
from api.web.openapi import describe_routes

DOCUMENT: dict[str, Any] = describe_routes(ROUTES)
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
VOID = {"meta", "input", "wbr"}


class Page(HTMLParser):
    """Elements with their attributes, the text of each `<pre class="curl">`, and whether all is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.commands: dict[str, str] = {}
        self._open: list[str] = []
        self._operation = ""
        self._is_command = False
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self._open.append(tag)
        if attributes.get("class") == "operation":
            self._operation = attributes["id"] or ""
        self._is_command = attributes.get("class") == "curl" or (self._is_command and tag == "code")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self._is_command = False

    def handle_data(self, data: str) -> None:
        if self._is_command:
            self.commands[self._operation] = data


@pytest.fixture(scope="module")
def answer(shared_client: TestClient) -> Result:
    return shared_client.simulate_get("/docs")


@pytest.fixture(scope="module")
def page(answer: Result) -> Page:
    return Page(answer.text)


def _policy(answer: Result) -> dict[str, list[str]]:
    directives = (directive.split() for directive in answer.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else(answer: Result) -> None:
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    styles = re.findall(r"<style>(.*?)</style>", answer.text, flags=re.DOTALL)
    scripts = re.findall(r"<script>(.*?)</script>", answer.text, flags=re.DOTALL)
    assert _policy(answer) == {
        "default-src": ["'none'"],
        "style-src": [_hash(text) for text in styles],
        "script-src": [_hash(text) for text in scripts],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    assert (len(styles), len(scripts)) == (1, 1)


def test_no_element_loads_anything_or_has_a_style_or_a_handler_of_its_own(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "form", "base")
        assert not [name for name in attributes if name in ("style", "src", "srcset") or name.startswith("on")]


def test_every_operation_and_shape_is_there_under_its_name_and_linked(page: Page) -> None:
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    links = {str(attributes["href"]) for tag, attributes in page.elements if tag == "a"}
    assert set(ids.values()) == {1}
    assert set(OPERATIONS) | set(DOCUMENT["components"]["schemas"]) <= set(ids)
    assert {f"#{name}" for name in OPERATIONS} <= links
    assert links - {f"#{name}" for name in ids} == {"/openapi.json"}


def test_it_has_landmarks_and_headers_of_columns(page: Page) -> None:
    tags = Counter(tag for tag, _ in page.elements)
    assert tags["main"] == tags["nav"] == tags["h1"] == 1
    assert all(attributes == {"scope": "col"} for tag, attributes in page.elements if tag == "th")
    assert tags["table"] == tags["thead"]


def test_without_the_script_filter_and_copy_are_hidden(page: Page) -> None:
    optional = [attributes for tag, attributes in page.elements if tag in ("label", "button")]
    assert len(optional) == 1 + len(OPERATIONS)
    assert all("hidden" in attributes for attributes in optional)


@pytest.mark.parametrize("name", OPERATIONS)
def test_its_command_makes_the_call_as_the_example_has_it(page: Page, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    words = shlex.split(page.commands[name].replace("\\\n", ""))
    url = next(word for word in words if word.startswith("http://127.0.0.1:8000"))
    assert words[0] == "curl"
    assert re.fullmatch(
        re.sub(r"\{\w+\}", "[^/{]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")), _path(url)
    )
    assert (words[words.index("-X") + 1] if "-X" in words else "GET") == method.upper()
    assert ("Authorization: Bearer $TOKEN" in words) == ("security" in operation)
    examples = [content["example"] for content in operation.get("requestBody", {}).get("content", {}).values()]
    if "-d" in words:
        assert json.loads(words[words.index("-d") + 1]) == examples[0]
        assert "Content-Type" in page.commands[name]
    else:
        assert not any(examples)


def _path(url: str) -> str:
    return url.removeprefix("http://127.0.0.1:8000").partition("?")[0]


def test_the_commands_are_understood(page: Page, shared_client: TestClient) -> None:
    """Sent in the order of the page, deletions last: none is malformed, and each is answered as described."""
    for name in sorted(OPERATIONS, key=lambda name: OPERATIONS[name][0] == "delete"):
        method, _, operation = OPERATIONS[name]
        words = shlex.split(page.commands[name].replace("\\\n", ""))
        url = next(word for word in words if word.startswith("http://"))
        path, _, query = url.removeprefix("http://127.0.0.1:8000").partition("?")
        headers = dict(word.split(": ", 1) for word in words if word.startswith("Content-Type: "))
        body = words[words.index("-d") + 1] if "-d" in words else None
        answer = shared_client.simulate_request(method.upper(), path, query_string=query, headers=headers, body=body)
        assert str(answer.status_code) in operation["responses"], name
        assert answer.status_code not in (400, 401, 403, 415, 422, 500), (name, answer.text)
