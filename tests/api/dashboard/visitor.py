"""A browser without scripts: keeps cookies, follows nothing, and finds what forms carry."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from falcon.testing import Result, TestClient

FORM = "application/x-www-form-urlencoded"
OURS = {"Sec-Fetch-Site": "same-origin"}


class Visitor:
    """One browser, at one server."""

    def __init__(self, client: TestClient, address: str = "127.0.0.1") -> None:
        self.client = client
        self._address = address
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Result:
        """Load a page."""
        return self._keep(
            self.client.simulate_get(path, headers=self._with_cookies(headers), remote_addr=self._address)
        )

    def post(self, path: str, fields: dict[str, Any], **headers: str) -> Result:
        """Send a form, as it stands; a list is a field that is sent several times."""
        sent = self._with_cookies({"Content-Type": FORM} | headers)
        body = urlencode(fields, doseq=True)
        return self._keep(self.client.simulate_post(path, body=body, headers=sent, remote_addr=self._address))

    def send(self, page: str, path: str, **fields: Any) -> Result:
        """Send a form of a page, with the key that stands there."""
        key = re.search(r'name="form_key" value="(\w+)"', self.get(page).text)
        return self.post(path, {"form_key": key[1] if key else "", **fields}, **OURS)

    def sign_in(self, token: str) -> Result:
        """With a token, in the form for it."""
        return self.post("/sign-in", {"token": token}, **OURS)

    def note(self, path: str) -> str | None:
        """What a page says once."""
        found = re.search(r'class="note" role="status">([^<]*)<', self.get(path).text)
        return unescape(found[1]) if found else None

    def _with_cookies(self, headers: dict[str, str]) -> dict[str, str]:
        return headers | ({"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())})

    def _keep(self, answer: Result) -> Result:
        for name, cookie in answer.cookies.items():
            if cookie.value:
                self.cookies[name] = cookie.value
            else:
                self.cookies.pop(name, None)
        return answer


def title_of(answer: Result) -> str:
    """The heading of a page."""
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    return unescape(found[1]) if found else ""
