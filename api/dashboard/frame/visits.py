"""From a request to a page: who visits, whether they may, and the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import falcon
import sqlalchemy as sa

from api.access.auth import Caller, named_by_proxy, require
from api.access.scope import check_scope
from api.access.sessions import form_key, who_is
from api.dashboard.frame.cookies import browser_of, know_browser, leave_note, take_note
from api.dashboard.frame.forms import Form, read_form
from api.dashboard.frame.page import PAGES, Page, Redirect, answer_page
from api.dashboard.frame.troubles import page_of_trouble
from api.web.resources import resources_of, take_over
from config.settings import Settings
from models.words.roles import Role, Scope
from models.words.text import is_storable
from scheduling.commands.audit import By


@dataclass(frozen=True)
class Visit:
    """One request to a page, of somebody known. `form` is what a form has sent, `site` where the server is for them."""

    engine: sa.Engine
    settings: Settings
    caller: Caller
    params: Mapping[str, Any]
    query: Mapping[str, str]
    path: str
    address: str = ""
    form: Form = field(default_factory=Form)
    site: str = ""

    @property
    def by(self) -> By:
        """Who visits, as history shows it."""
        return By(self.caller.name, self.caller.role.word, self.address or None)

    @property
    def only(self) -> Scope | None:
        """The schedules that the visitor sees; None for all."""
        return self.caller.only

    def may(self, role: Role) -> bool:
        """Whether the visitor has the role."""
        return self.caller.role >= role


@dataclass(frozen=True)
class PageRoute:
    """A page, or an act of one (POST): its path, its function, and the role that it takes. What neither names a
    schedule or a run nor `heeds_scope` is not for visitors who see a part."""

    method: str
    path: str
    handler: Callable[[Visit], Page | Redirect]
    role: Role
    heeds_scope: bool = False

    def is_for(self, caller: Caller) -> bool:
        """Whether somebody may open it, where it is about no single schedule or run."""
        return caller.role >= self.role and (self.heeds_scope or caller.only is None)


class Menu:
    """The pages that every page leads to, as far as they are there."""

    def __init__(self, routes: tuple[PageRoute, ...]) -> None:
        pages = {route.path: route for route in routes if route.method == "GET"}
        self._entries = [(entry, pages[entry[0]]) for entry in PAGES if entry[0] in pages]

    def of(self, caller: Caller | None) -> list[tuple[str, str, str]]:
        """Those that somebody may open."""
        return [entry for entry, route in self._entries if caller is not None and route.is_for(caller)]


def add_pages(app: falcon.App[Any, Any], routes: tuple[PageRoute, ...], engine: sa.Engine, settings: Settings) -> None:
    """Put the pages on the app."""
    menu = Menu(routes)
    responders = ((route.method, route.path, _responder(route, menu, engine, settings)) for route in routes)
    resources = resources_of(responders)
    for path, resource in resources.items():
        take_over(path, resource, resources)
        app.add_route(path, resource)


def identify_visitor(req: falcon.Request, engine: sa.Engine, settings: Settings) -> Caller | None:
    """Whom a trusted proxy names, or whose session it is; None for somebody unknown. Raises NotAllowed."""
    if (named := named_by_proxy(req.get_header, settings.access)) is not None:
        return named
    browser = browser_of(req)
    if not browser:
        return None
    with engine.begin() as connection:
        return who_is(connection, browser, settings.http.admin_token)


def frame_for(
    req: falcon.Request, resp: falcon.Response, caller: Caller | None, menu: Menu | None = None
) -> dict[str, Any]:
    """What every page has."""
    browser = browser_of(req) or (know_browser(req, resp) if caller else "")
    return {
        "who": caller,
        "form_key": form_key(browser) if browser else "",
        "menu": menu.of(caller) if menu else [],
        "section": "/" + req.path.split("/")[1],
        "note": take_note(req, resp),
    }


def path_of(req: falcon.Request) -> str:
    """Where the visitor is, with what is asked for there."""
    return req.path + (f"?{req.query_string}" if req.query_string else "")


def _responder(route: PageRoute, menu: Menu, engine: sa.Engine, settings: Settings) -> Callable[..., None]:
    def respond(req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        caller: Caller | None = None
        try:
            caller = identify_visitor(req, engine, settings)
            if caller is None:
                resp.status, resp.location = 303, f"/sign-in?next={quote(_way_back(req), safe='')}"
                return
            visit = Visit(engine, settings, caller, params, _query(req), path_of(req), req.remote_addr or "")
            found = _visit(route, req, replace(visit, site=settings.http.public_url or req.prefix))
        except Exception as error:
            trouble = page_of_trouble(error)
            if trouble is None:
                raise
            found = trouble
        if isinstance(found, Page):
            answer_page(req, resp, found, frame_for(req, resp, caller, menu))
            return
        resp.status, resp.location = 303, found.path
        if found.note:
            leave_note(req, resp, found.note)

    return respond


def _visit(route: PageRoute, req: falcon.Request, visit: Visit) -> Page | Redirect:
    require(visit.caller, route.role)
    if not all(is_storable(str(value)) for value in visit.params.values()):
        raise falcon.HTTPNotFound
    if route.method == "POST":
        visit = replace(visit, form=read_form(req, browser_of(req)))
    check_scope(visit.engine, visit.only, f"/v1{route.path}", visit.params, is_heeded=route.heeds_scope)
    return route.handler(visit)


def _query(req: falcon.Request) -> dict[str, str]:
    """The last value of each that is not empty: forms send all of their fields."""
    given = {name: value[-1] if isinstance(value, list) else value for name, value in req.params.items()}
    return {name: value for name, value in given.items() if value}


def _way_back(req: falcon.Request) -> str:
    return path_of(req) if req.method == "GET" else "/"
