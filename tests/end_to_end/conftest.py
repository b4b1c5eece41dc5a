"""Deployments for end-to-end tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.deployment import Deployment, RequestCounter
from tests.servers.chromium import chromium


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    """A running callsheet: one process of each kind, on servers that other tests share."""
    with Deployment(tmp_path, database_url, amqp_url) as running:
        yield running.start("web", "scheduling", "worker").ready()


@pytest.fixture
def counter() -> Iterator[RequestCounter]:
    """A local HTTP server that counts."""
    with RequestCounter() as running:
        yield running


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder that a PostgreSQL of another user can reach, with a path short enough for its socket."""
    folder = Path(tempfile.mkdtemp(prefix="cs-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it."""
    with chromium() as browser:
        yield browser
