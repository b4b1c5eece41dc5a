"""Names of packages that we stand on, where Python finds somebody else's: a `config.py` in the working directory, which
Dramatiq, and most test runners, have it look into first. Imports nothing of ours, as that may be the other's.
"""

import multiprocessing
import sys
from importlib.util import find_spec
from pathlib import Path

NAMES = ("config", "models", "scheduling")
EXIT_CONFIG = 78
HOME = Path(__file__).parents[3]


def check_names() -> None:
    """Raises ImportError with a sentence where one is not ours; a worker of Dramatiq's exits with it, and code 78."""
    for name in NAMES:
        if (found := _find(name)) is None or found.resolve() == (HOME / name / "__init__.py").resolve():
            continue
        said = (
            f"callsheet can't be imported here, as a process has one module of a name and `{name}` is {found}: move it "
            f"into a package of your own, or start actors that do not need it by `callsheet worker --without {name} …` "
            f"(docs/your-repository.md)"
        )
        if multiprocessing.parent_process() is not None and "dramatiq.cli" in sys.modules:
            print(said, file=sys.stderr)
            raise SystemExit(EXIT_CONFIG)
        raise ImportError(said)


def _find(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ValueError:  # a module that somebody has made without a file
        return None
    if spec is None:
        return None
    return next((Path(each) for each in (spec.origin, *(spec.submodule_search_locations or ())) if each), None)
