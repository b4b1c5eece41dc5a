"""`make demo`: a callsheet in one process, as `callsheet up` runs it, with the past of a shop to look at."""

import os
import sys
from pathlib import Path

import sqlalchemy as sa

from api.cli.local.up import default_data_folder, run_everything
from tests.demo.fill import fill, has_schedules

RUNS = 200_000
SERVERS = ("DATABASE_URL", "AMQP_URL")
"""The demo has servers of its own, whatever these say."""


def main() -> None:
    """Fill a data folder of the demo's own, unless it is filled already, and run until Ctrl-C."""
    runs, seed = int(os.environ.get("RUNS") or RUNS), int(os.environ.get("SEED") or 1)
    folder = Path(os.environ.get("DATA") or default_data_folder("callsheet-demo"))
    for name in SERVERS:
        os.environ.pop(name, None)
    os.environ["CALLSHEET_ACTORS__MODULES"] = '["tests.demo.actors"]'

    def prepare(engine: sa.Engine) -> None:
        if has_schedules(engine):
            print(f"the demo goes on with what is in {folder}; for a new one remove that folder", flush=True)
            return
        print(f"the demo fills {folder} with {runs:,} runs", flush=True)
        made = fill(engine, runs, seed=seed)
        print(f"{made:,} runs are there", flush=True)

    run_everything(folder, prepare)


if __name__ == "__main__":
    sys.exit(main())
