"""Cookies: what tells one browser from another, and a note that the next page says once."""

import secrets
from urllib.parse import quote, unquote

import falcon

from models.access.sessions import WHOLE_DAYS

BROWSER = "callsheet_session"
"""A session; or, where a proxy signs people in, chance alone: forms are bound to it."""

NOTE = "callsheet_note"
NOTE_SECONDS = 60
DAY_SECONDS = 86400


def browser_of(req: falcon.Request) -> str:
    """What the browser is known by; empty if by nothing yet."""
    return req.cookies.get(BROWSER, "")


def know_browser(req: falcon.Request, resp: falcon.Response, value: str | None = None) -> str:
    """Have the browser known by this, or by chance."""
    value = value or secrets.token_urlsafe(32)
    _set(req, resp, BROWSER, value, WHOLE_DAYS * DAY_SECONDS)
    return value


def forget_browser(resp: falcon.Response) -> None:
    """Have it known by nothing."""
    resp.unset_cookie(BROWSER, path="/", same_site="Strict")


def leave_note(req: falcon.Request, resp: falcon.Response, note: str) -> None:
    """Have the next page say it."""
    _set(req, resp, NOTE, quote(note), NOTE_SECONDS)


def take_note(req: falcon.Request, resp: falcon.Response) -> str | None:
    """What the page before has left to be said; it is said once."""
    note = req.cookies.get(NOTE)
    if note:
        resp.unset_cookie(NOTE, path="/", same_site="Strict")
    return unquote(note) if note else None


def _set(req: falcon.Request, resp: falcon.Response, name: str, value: str, seconds: int) -> None:
    secure = req.scheme == "https"
    resp.set_cookie(name, value, max_age=seconds, path="/", http_only=True, same_site="Strict", secure=secure)
