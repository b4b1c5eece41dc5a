"""The form of the editor, as a browser without scripts fills and sends it."""

import re
from html.parser import HTMLParser

from falcon.testing import Result

from tests.api.dashboard.visitor import OURS, Visitor


class Form(HTMLParser):
    """What a browser would send of the form of a page, if nobody changed anything."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: dict[str, str] = {}
        self._is_inside = False
        self._area: str | None = None
        self._select = ""
        self.feed(re.sub("\r\n?", "\n", html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = "editor" in given.get("class", "").split()
        if not self._is_inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            value = given.get("value", "")
            self.fields[given["name"]] = value if given.get("type") == "hidden" else re.sub("[\r\n]", "", value)
        elif tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given["value"]

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._is_inside = False


def as_sent(fields: dict[str, str]) -> dict[str, str]:
    """With the ends of lines that forms have."""
    return {name: re.sub("\r\n|\r|\n", "\r\n", value) for name, value in fields.items()}


def form_of(answer: Result) -> dict[str, str]:
    """What stands in the form of a page."""
    return Form(answer.text).fields


def fill(visitor: Visitor, path: str, **written: str) -> Result:
    """Load a page, write into its form, and send it. `args_…` are the fields of arguments."""
    return send(visitor, path, form_of(visitor.get(path)), **written)


def send(visitor: Visitor, path: str, fields: dict[str, str], **written: str) -> Result:
    """Send a form as it stands, with what somebody writes into it."""
    named = {re.sub("^args_", "args.", name): value for name, value in written.items()}
    return visitor.post(path.partition("?")[0], as_sent(fields | named), **OURS)
