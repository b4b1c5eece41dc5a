"""Visitors of the dashboard."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient
from playwright.sync_api import Browser

from api.app import make_app
from config.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.dashboard.visitor import Visitor
from tests.servers.chromium import chromium

MakeToken = Callable[..., str]


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> TestClient:
    return TestClient(make_app(engine, settings))


@pytest.fixture
def visitor(site: TestClient) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(site)


@pytest.fixture
def admin(site: TestClient) -> Visitor:
    """Somebody who is signed in with the token of the settings."""
    signed_in = Visitor(site)
    signed_in.sign_in(TOKEN)
    return signed_in


@pytest.fixture
def make_token(client: TestClient) -> MakeToken:
    """A token of a role."""

    def make(role: str, **fields: object) -> str:
        answer = client.simulate_post("/v1/tokens", json={"name": f"a-{role}", "role": role, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json["token"])

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it."""
    with chromium() as browser:
        yield browser
