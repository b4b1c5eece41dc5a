"""Channels by the API, and what a browser would send of the form of one."""

import re
from html import unescape
from typing import Any

from falcon.testing import TestClient

from tests.api.dashboard.all_pages.places import Read
from tests.api.dashboard.visitor import Visitor

HOOK = "https://hooks.example.com/a-path/${secret:HOOK}"
FORM: dict[str, Any] = {"kind": "webhook", "url": HOOK, "events": ["failed", "late"]}


def put(client: TestClient, name: str, **fields: Any) -> None:
    answer = client.simulate_put(f"/v1/channels/{name}", json=FORM | fields)
    assert answer.status_code in (200, 201), answer.text


def stored(client: TestClient, name: str) -> Any:
    return client.simulate_get(f"/v1/channels/{name}").json


def form_of(visitor: Visitor, page: str) -> dict[str, Any]:
    """What a browser would send of the form of a channel."""
    text = visitor.get(page).text
    [form] = [form for form in Read(text).forms if "after_failures" in form.fields]
    chosen = re.findall(r'name="events" value="(\w+)"( checked)?', text)
    described = re.search(r'<textarea id="description"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    kind = re.search(r'<option value="(\w+)" selected>', text)
    assert described is not None
    return form.fields | {
        "events": [word for word, is_checked in chosen if is_checked],
        "description": unescape(described[1]).replace("\n", "\r\n"),
        "kind": kind[1] if kind else "webhook",
    }
