"""The folder of a chaos run: logs and reports; and the keeper that ends its servers however the run ends."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.keeper import Keeper
from tests.servers.places import RUN_FOLDER_VARIABLE, new_run_folder


@contextmanager
def run_folder() -> Iterator[Path]:
    """Where this run's logs and reports go. TERM ends the run like Ctrl-C, so that nothing it started stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ[RUN_FOLDER_VARIABLE] = str(servers := new_run_folder())
    keeper = Keeper(servers)
    try:
        yield Path(tempfile.mkdtemp(prefix="callsheet-chaos-"))
    finally:
        keeper.end_run()
        del os.environ[RUN_FOLDER_VARIABLE]
