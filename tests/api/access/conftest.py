"""Callers with tokens of their own."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from config.settings import Settings

GiveToken = Callable[..., TestClient]


@pytest.fixture
def give_token(client: TestClient, engine: sa.Engine, settings: Settings) -> GiveToken:
    """A client with a token of this role, and what else it is to have."""

    def give(role: str, name: str | None = None, **fields: Any) -> TestClient:
        answer = client.simulate_post("/v1/tokens", json={"name": name or role, "role": role, **fields})
        assert answer.status_code == 201, answer.text
        headers = {"Authorization": f"Bearer {answer.json['token']}"}
        return TestClient(make_app(engine, settings), headers=headers)

    return give
