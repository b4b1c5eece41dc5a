"""A server for each module of tests, and the command line that asks it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.api.cli.served import CommandLine, web_server
from tests.end_to_end.deployment import TOKEN
from tests.servers import databases


@pytest.fixture(scope="module")
def served_database() -> Iterator[str]:
    """The database of the module's server."""
    with databases.database(migrated=True) as url:
        yield url


@pytest.fixture(scope="module")
def url(served_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the module's server."""
    with web_server(served_database, tmp_path_factory.mktemp("web")) as address:
        yield address


@pytest.fixture
def callsheet(url: str, tmp_path: Path) -> CommandLine:
    """The command line of an admin."""
    return CommandLine(tmp_path, {"CALLSHEET_URL": url, "CALLSHEET_TOKEN": TOKEN})


@pytest.fixture
def sql(served_database: str) -> Callable[..., Any]:
    """Run a statement on the server's database; its rows, if it has any."""

    def run(statement: str, *parameters: Any) -> Any:
        with psycopg.connect(served_database) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    return run
