"""Calls that schemathesis generates from the OpenAPI document: examples, coverage, fuzzing, stateful, all checks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.servers.databases import ROOT

CONFIG = Path(__file__).with_name("schemathesis.toml")


class Generated(NamedTuple):
    """How many cases there were, whether all was well, and what it said."""

    cases: int
    is_well: bool
    said: str


def generate(url: str, token: str, folder: Path, examples: int, *options: str) -> Generated:
    """Each operation with so many fuzzed examples, and all others that there are."""
    report = folder / "report.json"
    argv = [sys.executable, "-m", "schemathesis.cli", f"--config-file={CONFIG}", "--no-color"]
    argv += ["run", f"{url}/openapi.json", f"--max-examples={examples}", "--workers=1"]
    argv += ["--phases=examples,coverage,fuzzing,stateful", "--report=json", f"--report-json-path={report}", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "FUZZ_TOKEN": token}
    ended = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    cases = json.loads(report.read_text())["test_cases"]["generated"] if report.exists() else 0
    return Generated(cases, ended.returncode == 0, ended.stdout + ended.stderr)
