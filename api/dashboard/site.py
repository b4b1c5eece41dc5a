"""The site: all pages, on the app."""

from dataclasses import replace
from typing import Any

import falcon
import sqlalchemy as sa

from api.dashboard import actors, audit, failures, overview, queues, tokens, workers
from api.dashboard.channels import pages as channels
from api.dashboard.editor import pages as editor
from api.dashboard.frame.changes import Changes
from api.dashboard.frame.files import StaticFiles
from api.dashboard.frame.page import answer_page
from api.dashboard.frame.troubles import page_of_nothing
from api.dashboard.frame.visits import add_pages, frame_for
from api.dashboard.runs import routes as runs
from api.dashboard.schedules import pages as schedules
from api.dashboard.signing_in import SignIn, SignOut
from api.dashboard.timeline import pages as timeline
from api.web.problems import answer_http_error
from config.settings import Settings

_SCHEDULE = next(page for page in schedules.PAGES if (page.method, page.path) == ("GET", "/schedules/{name}"))

PAGES = (
    *overview.PAGES,
    *schedules.PAGES,
    *editor.PAGES,
    replace(_SCHEDULE, path="/schedules/{name}/page"),
    *runs.PAGES,
    *timeline.PAGES,
    *failures.PAGES,
    *queues.PAGES,
    *workers.PAGES,
    *actors.PAGES,
    *channels.PAGES,
    *audit.PAGES,
    *tokens.PAGES,
)
"""A schedule may be called as a page beside it is, such as `new`: it is shown in a second place, too."""


def add_site(app: falcon.App[Any, Any], engine: sa.Engine, settings: Settings) -> None:
    """Put pages, signing in, what pages ask for besides, and files on the app."""
    add_pages(app, PAGES, engine, settings)
    app.add_route("/sign-in", SignIn(engine, settings))
    app.add_route("/sign-out", SignOut(engine))
    app.add_route("/changes", Changes(engine, settings))
    app.add_sink(StaticFiles(), "/static/")
    app.add_error_handler(falcon.HTTPNotFound, _answer_missing)


def _answer_missing(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPNotFound, params: Any) -> None:
    """People get a page, programs a problem."""
    if req.path.startswith("/v1/") or req.client_prefers((falcon.MEDIA_JSON, falcon.MEDIA_HTML)) != falcon.MEDIA_HTML:
        answer_http_error(req, resp, error, params)
        return
    answer_page(req, resp, page_of_nothing(req.path), frame_for(req, resp, None))
