"""Methods that a path does not have."""

import httpx
import pytest
import sqlalchemy as sa

from api.app import make_app
from config.settings import Settings
from tests.api.web.conftest import Serve


@pytest.fixture
def url(serve: Serve, engine: sa.Engine, settings: Settings) -> str:
    return f"http://127.0.0.1:{serve(make_app(engine, settings)).port}"


def test_a_method_that_a_path_lacks_is_refused_with_those_that_it_has_be_it_known_to_anybody_or_not(url: str) -> None:
    for method in ("FOO", "PURGE", "A" * 40, "TRACE", "PROPFIND", "PUT"):
        answer = httpx.request(method, f"{url}/v1/schedules")
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST", "OPTIONS"}


def test_where_nothing_is_no_method_finds_anything(url: str) -> None:
    assert httpx.request("FOO", f"{url}/v1/nothing").status_code == 404
