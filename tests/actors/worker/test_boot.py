"""What makes a process a worker, and what stops it before it is one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dramatiq.cli
import pytest

from actors.worker.booting.boot import EXIT_IMPORT
from tests.end_to_end.deployment import ROOT

URLS = {"DATABASE_URL": "postgresql://nowhere.invalid/x", "AMQP_URL": "amqp://nowhere.invalid"}


def test_the_exit_code_of_a_failed_import_is_dramatiqs() -> None:
    assert EXIT_IMPORT == dramatiq.cli.RET_IMPORT


@pytest.mark.parametrize(
    ("source", "error"),
    [("import no_such_module", "ModuleNotFoundError"), ("1 / 0", "ZeroDivisionError"), (None, "ModuleNotFoundError")],
)
def test_a_module_with_actors_that_cannot_be_imported_stops_the_worker(
    tmp_path: Path, source: str | None, error: str
) -> None:
    if source is not None:
        (tmp_path / "my_actors.py").write_text(f"{source}\n")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), **URLS}
    environ |= {"CALLSHEET_ACTORS__MODULES": '["my_actors"]'}
    command = [sys.executable, "-m", "dramatiq", "actors", "-p", "1", "-t", "1", "--skip-logging"]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == EXIT_IMPORT
    line = next(json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{"))
    assert (line["event"], line["module"], line["exception"][0]["exc_type"]) == ("import", "my_actors", error)
