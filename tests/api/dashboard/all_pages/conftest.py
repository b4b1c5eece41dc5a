"""One site for all tests of a process: they leave it as it is."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient
from playwright.sync_api import Browser, BrowserContext

from api.app import make_app
from config.database import make_engine
from config.settings import load_settings
from tests.api.dashboard.all_pages.data import Told, tell
from tests.api.dashboard.visitor import Visitor
from tests.end_to_end.deployment import TOKEN
from tests.servers import databases
from tests.servers.web import served


@pytest.fixture(scope="session")
def told_url() -> Iterator[str]:
    with databases.database(migrated=True) as url:
        yield url


@pytest.fixture(scope="session")
def told_engine(told_url: str) -> Iterator[sa.Engine]:
    engine = make_engine(load_settings({"DATABASE_URL": told_url}).database, pool_size=3, application="test")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def told_site(told_url: str, told_engine: sa.Engine) -> TestClient:
    settings = load_settings({"DATABASE_URL": told_url, "CALLSHEET_ADMIN_TOKEN": TOKEN})
    return TestClient(make_app(told_engine, settings))


@pytest.fixture(scope="session")
def told(told_site: TestClient, told_engine: sa.Engine) -> Told:
    """What is there."""
    return tell(TestClient(told_site.app, headers={"Authorization": f"Bearer {TOKEN}"}), told_engine)


@pytest.fixture
def admin(told_site: TestClient, told: Told) -> Visitor:
    """Somebody who may do all."""
    signed_in = Visitor(told_site)
    signed_in.sign_in(TOKEN)
    return signed_in


@pytest.fixture(scope="session")
def told_server(told_url: str, told: Told) -> Iterator[str]:
    """The address of a web process that has it all."""
    with served(told_url, TOKEN) as url:
        yield url


@pytest.fixture
def context(browser: Browser, told_server: str) -> Iterator[BrowserContext]:
    """A browser in which an admin is signed in."""
    context = browser.new_context(base_url=told_server, viewport={"width": 1280, "height": 800})
    context.request.post("/sign-in", form={"token": TOKEN}, headers={"Sec-Fetch-Site": "same-origin"})
    yield context
    context.close()
