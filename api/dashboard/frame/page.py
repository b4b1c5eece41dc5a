"""The frame of every page: how it is written, and what its answer says about it.

What a page shows of the time that passes, its script writes: so a page that nothing has changed on is the same text,
and whoever asks for it again is told that (a 304).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import falcon
import jinja2

from api.dashboard.frame.files import link_to
from api.dashboard.frame.words import FILTERS

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HTML = "text/html; charset=utf-8"

PAGES = (
    ("/", "Overview", "o"),
    ("/schedules", "Schedules", "s"),
    ("/runs", "Runs", "r"),
    ("/timeline", "Timeline", "t"),
    ("/failures", "Failures", "f"),
    ("/queues", "Queues", "q"),
    ("/workers", "Workers", "w"),
    ("/actors", "Actors", ""),
    ("/channels", "Channels", ""),
    ("/audit", "Audit", ""),
    ("/tokens", "Tokens", ""),
)
"""Those that every page leads to: path, title, and the key that goes there after `g`; empty for none. Whoever may not
open one is not led there."""


COUNTED = 1_000
"""So many are counted at most for a page: it is asked for again every few seconds, also while much waits."""


@dataclass(frozen=True)
class Page:
    """A page to be written: its template in `templates/`, the words of its title and heading, and what it shows."""

    template: str
    title: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    is_kept: bool = True
    """False for what is shown this once: nobody keeps it."""


@dataclass(frozen=True)
class Redirect:
    """Somewhere else to go, on this server; `note` is said there once."""

    path: str
    note: str | None = None


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("api.dashboard"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= FILTERS
_ENVIRONMENT.globals |= {"static": link_to}


def write_page(page: Page, frame: Mapping[str, Any]) -> bytes:
    """The page as HTML; `frame` is what every page has: `who`, `form_key`, `menu` (those of `PAGES` to lead to),
    `section` (the path of the page there), `note`."""
    template = _ENVIRONMENT.get_template(page.template)
    return template.render({**frame, "title": page.title, **page.shown}).encode("utf-8", "replace")


def answer_page(req: falcon.Request, resp: falcon.Response, page: Page, frame: Mapping[str, Any]) -> None:
    """Answer with the page, or with 304 to somebody who has it."""
    content = write_page(page, frame)
    resp.status = page.status
    resp.set_header("Content-Security-Policy", CONTENT_POLICY)
    resp.set_header("Referrer-Policy", "same-origin")
    resp.set_header("Cache-Control", "private, no-cache" if page.is_kept else "no-store")
    resp.set_header("Vary", "Cookie")
    tag = hashlib.sha256(content).hexdigest()[:32]
    if page.status == 200 and page.is_kept:
        resp.etag = tag
        if tag in (etag.strip('"') for etag in req.if_none_match or ()):
            resp.status = 304
            return
    resp.content_type = HTML
    resp.data = content
