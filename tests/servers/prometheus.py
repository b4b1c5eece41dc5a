"""A Prometheus for tests, on a loopback port of its own, which scrapes often."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.servers.places import free_port, new_server_folder
from tests.servers.processes import kill, start_program, wait_until_ready
from tests.servers.promtool import PACKAGE

START_SECONDS = 60


class Prometheus:
    """One that runs."""

    def __init__(self, url: str) -> None:
        self._api = httpx.Client(base_url=f"{url}/api/v1", timeout=15)

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now. Raises AssertionError if it is none."""
        answer = self._api.get("/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def get(self, path: str) -> Any:
        """What it says of itself there."""
        return self._api.get(path).json()["data"]

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            return self._api.get("/status/buildinfo").status_code == 200
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Ask no more."""
        self._api.close()


@contextmanager
def prometheus(scrape: Mapping[str, Any], rules: Sequence[Path]) -> Iterator[Prometheus]:
    """It runs, with this way to scrape and these files of rules; it skips the test where it is not installed."""
    import pytest

    program = shutil.which("prometheus")
    if program is None:
        pytest.skip(f"Prometheus is not installed here: apt-get install {PACKAGE}")
    folder, port = new_server_folder("prometheus"), free_port()
    often = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": often, "rule_files": [str(path) for path in rules], "scrape_configs": [scrape]}
    (folder / "prometheus.yaml").write_text(json.dumps(config))
    argv = [
        program,
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = start_program("prometheus", argv, folder, {"PATH": os.environ["PATH"], "HOME": str(folder)})
    running = Prometheus(f"http://127.0.0.1:{port}")
    try:
        wait_until_ready(process, running.answers, START_SECONDS, folder)
        yield running
    finally:
        running.close()
        kill(process)
        shutil.rmtree(folder)
