"""Sign in and out: with a token, or by the link that `callsheet up` prints."""

import math
from collections.abc import Callable
from urllib.parse import urlsplit

import falcon
import sqlalchemy as sa

from api.access.auth import NotAllowed, NotIdentified
from api.access.sessions import sign_in, sign_in_by_link, sign_out
from api.dashboard.frame.cookies import browser_of, forget_browser, know_browser
from api.dashboard.frame.forms import read_form, read_open_form
from api.dashboard.frame.page import Page, answer_page
from api.dashboard.frame.troubles import page_of_trouble
from api.dashboard.frame.visits import frame_for
from api.web.problems import note_refusal
from config.settings import Settings


class SignIn:
    """`/sign-in`: a form for a token; with `code`, what a link has."""

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form, or follow a link."""
        if not (code := req.get_param("code")):
            self._show(req, resp, None)
            return
        self._begin(req, resp, lambda connection: sign_in_by_link(connection, code))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin a session of the token's bearer, in place of any that the browser has had."""
        try:
            token = read_open_form(req).get("token", "")
        except NotAllowed as error:
            self._show(req, resp, str(error), 403)
            return
        self._begin(req, resp, lambda connection: sign_in(connection, token, self._settings.http.admin_token))

    def _begin(self, req: falcon.Request, resp: falcon.Response, begin: Callable[[sa.Connection], str]) -> None:
        try:
            with self._engine.begin() as connection:
                session = begin(connection)
                if browser := browser_of(req):
                    sign_out(connection, browser)
        except NotIdentified as error:
            wait = note_refusal(req)
            if wait:
                resp.set_header("Retry-After", str(math.ceil(wait)))
            words = "too many tokens that are none came from this address: wait a minute" if wait else str(error)
            self._show(req, resp, words, 429 if wait else 401)
            return
        know_browser(req, resp, session)
        resp.status, resp.location = 303, own_path(req.get_param("next") or "/")

    def _show(self, req: falcon.Request, resp: falcon.Response, error: str | None, status: int = 200) -> None:
        shown = {"error": error, "next": own_path(req.get_param("next") or "/")}
        answer_page(req, resp, Page("sign_in.html", "Sign in", shown, status), frame_for(req, resp, None))


class SignOut:
    """`/sign-out`: end the session."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End it, and forget the browser."""
        browser = browser_of(req)
        try:
            read_form(req, browser)
        except NotAllowed as error:
            trouble = page_of_trouble(error)
            assert trouble is not None
            answer_page(req, resp, trouble, frame_for(req, resp, None))
            return
        with self._engine.begin() as connection:
            sign_out(connection, browser)
        forget_browser(resp)
        resp.status, resp.location = 303, "/sign-in"


def own_path(path: str) -> str:
    """The path, if it leads to a place on this server; else the first page. What begins with two slashes, of either
    kind, does not."""
    parts = urlsplit(path)
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_own and path.isprintable() and "\\" not in path else "/"
