"""The site: all pages, on the app."""

from dataclasses import replace
from typing import Any

import falcon
import sqlalchemy as sa

from api.dashboard import actors, audit, failures, overview, queues, tokens, workers
from api.dashboard.editor import pages as editor
from api.dashboard.frame.files import StaticFiles
from api.dashboard.frame.visits import add_pages
from api.dashboard.runs import routes as runs
from api.dashboard.schedules import pages as schedules
from api.dashboard.signing_in import SignIn, SignOut
from api.dashboard.timeline import pages as timeline
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
    *audit.PAGES,
    *tokens.PAGES,
)
"""A schedule may be called as a page beside it is, such as `new`: it is shown in a second place, too."""


def add_site(app: falcon.App[Any, Any], engine: sa.Engine, settings: Settings) -> None:
    """Put pages, signing in and files on the app."""
    add_pages(app, PAGES, engine, settings)
    app.add_route("/sign-in", SignIn(engine, settings))
    app.add_route("/sign-out", SignOut(engine))
    app.add_sink(StaticFiles(), "/static/")
