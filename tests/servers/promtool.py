"""Prometheus's own tool, which checks what it is given and tries rules out."""

import shutil
import subprocess
from pathlib import Path

PACKAGE = "prometheus"
SECONDS = 60


def find_promtool() -> str | None:
    """The program; None if this machine has none."""
    return shutil.which("promtool")


def promtool(*arguments: str | Path, given: str = "") -> str:
    """What it prints, with `given` as its input. Raises AssertionError with that if it has something to say against it;
    it skips the test on a machine that has none."""
    import pytest

    program = find_promtool()
    if program is None:
        pytest.skip(f"promtool is not installed here: apt-get install {PACKAGE}")
    done = subprocess.run(
        [program, *arguments], input=given, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return f"{done.stdout}{done.stderr}"
