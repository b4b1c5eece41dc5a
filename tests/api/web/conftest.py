"""Servers on a real socket: in this process around any app, or the web process itself."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from api.web.server import Server, make_server
from config.settings import load_settings
from tests.api.conftest import TOKEN
from tests.servers.databases import ROOT

Serve = Callable[[Any], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve an app from a thread, on a free port."""
    settings = load_settings({"CALLSHEET_HTTP__HOST": "127.0.0.1", "PORT": "0", "CALLSHEET_HTTP__THREADS": "2"})
    with ExitStack() as stack:

        def start(app: Any) -> Server:
            server = make_server(app, settings)
            thread = threading.Thread(target=server.run)
            thread.start()
            stack.callback(thread.join, 20)
            stack.callback(server.stop)
            return server

        yield start


@contextmanager
def web_process(database_url: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`python -m api` over the database, and its port. What it writes afterwards is on its standard error."""
    environ = os.environ | {
        "DATABASE_URL": database_url,
        "CALLSHEET_ADMIN_TOKEN": TOKEN,
        "PORT": "0",
        "CALLSHEET_HTTP__HOST": "127.0.0.1",
        "CALLSHEET_LOG__FORMAT": "json",
    }
    argv = [sys.executable, "-m", "api"]
    with subprocess.Popen(argv, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            yield process, int(re.search(r'"port": (\d+)', line)[1])  # type: ignore[index]
        finally:
            process.kill()
