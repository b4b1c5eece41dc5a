"""An engine on a database of the test's own, and rows to work with."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.models.rows import sqlalchemy_url


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sqlalchemy_url(database_url))
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        yield connection
