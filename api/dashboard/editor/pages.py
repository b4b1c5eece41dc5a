"""The pages of the editor, and the part of them that looks ahead."""

from api.dashboard.editor.ahead import look_ahead
from api.dashboard.editor.existing import save_existing, show_existing
from api.dashboard.editor.new import NEW, save_new, show_new
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from models.words.roles import Role

EDIT = "/schedules/{name}/edit"


def preview(visit: Visit) -> Page:
    """What is to come by a form that is being written: a part of its page."""
    with visit.engine.connect() as connection:
        ahead = look_ahead(connection, visit.form, visit.only, visit.form.get("of"))
        return Page("editor/ahead.html", "Preview", {"ahead": ahead})


PAGES = (
    PageRoute("GET", NEW, show_new, Role.EDITOR, heeds_scope=True),
    PageRoute("POST", NEW, save_new, Role.EDITOR, heeds_scope=True),
    PageRoute("GET", EDIT, show_existing, Role.EDITOR),
    PageRoute("POST", EDIT, save_existing, Role.EDITOR),
    PageRoute("POST", "/schedules/preview", preview, Role.VIEWER, heeds_scope=True),
)
