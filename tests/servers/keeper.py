"""`python -m tests.servers.keeper FOLDER`: ends the servers of a test run when that run ends, however it ends.

pytest holds the other end of standard input, so this sees a normal end, Ctrl-C and SIGKILL alike.
"""

import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.servers.containers import remove_noted
from tests.servers.processes import end_noted

ROOT = Path(__file__).parents[2]
END_SECONDS = 60


class Keeper:
    """The side of pytest."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.keeper", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is for pytest alone
        )

    def end_run(self) -> None:
        """Returns when every server is gone and the folder removed."""
        with suppress(BrokenPipeError):
            self._process.communicate(b"end", timeout=END_SECONDS)


def main() -> None:
    folder = Path(sys.argv[1])
    sys.stdin.buffer.read(1)
    try:
        end_noted(folder)
        remove_noted(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
