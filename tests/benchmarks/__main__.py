"""`python -m tests.benchmarks [names…]`: measure, print a table for each benchmark, and write all of it as JSON."""

import argparse
import signal
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from config.logging import configure_logging
from config.sections import Log
from tests.benchmarks.figures import print_table, write_json
from tests.benchmarks.options import Options
from tests.benchmarks.site import Site

NAMES = (
    *("drain", "burst", "lateness", "trigger", "publish", "tick", "history", "lists", "pages", "metrics", "events"),
    *("resources", "scale"),
)


def main() -> None:
    """Run the benchmarks that were named, or all."""
    names, options, path = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that `Site` ends what it has started
    configure_logging(Log(level="warning"))  # parts of callsheet run in this process too
    measured = {}
    with Site() as site:
        for name in names:
            module = import_module(f"tests.benchmarks.{name}")
            measured[name] = module.measure(options, site)
            print_table(module.__doc__.splitlines()[0], measured[name])
            write_json(path, measured)
    print(f"\nevery run's values: {path}")


def _arguments() -> tuple[list[str], Options, Path]:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; all if none is given")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks.json"))
    for field in fields(Options):
        name = f"--{field.name.replace('_', '-')}"
        if isinstance(field.default, bool):
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=int, default=field.default, metavar="N")
    given = vars(parser.parse_args())
    names, path = given.pop("names") or list(NAMES), given.pop("json")
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    path.parent.mkdir(exist_ok=True)
    return names, Options(**given), path.resolve()


if __name__ == "__main__":
    main()
