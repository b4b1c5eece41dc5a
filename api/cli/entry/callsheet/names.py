"""The names of our packages are common ones: where else Python finds a `config`, `models` or `api`.

It imports nothing of ours, as it decides whether that can be imported at all.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

NAMES = ("actors", "api", "config", "migrations", "models", "scheduling")

HOME = next(folder for folder in Path(__file__).absolute().parents if (folder / "api" / "cli" / "tree.py").exists())
"""The folder that our packages are in: one of installed packages, or a checkout."""


def put_ours_first() -> None:
    """Have this process find our packages, whatever is on `PYTHONPATH`."""
    found = {name: PathFinder.find_spec(name) for name in NAMES}
    if any(spec is not None and _file(spec) != _ours(name) for name, spec in found.items()):
        sys.path.insert(0, str(HOME))


def others(name: str, folders: Iterable[str]) -> Iterator[str]:
    """What else has this name: modules and packages in these folders and wherever Python looks, and what is installed.

    A folder without an `__init__.py`, such as one of configuration files, is no package as long as ours is there.
    """
    specs = [PathFinder.find_spec(name, [folder]) for folder in (*folders, *sys.path)]
    files = {file for spec in specs if spec is not None and (file := _file(spec)) is not None}
    yield from sorted(str(file) for file in files - {_ours(name)})
    installed = {each for each in packages_distributions().get(name, ()) if each != "callsheet"}
    yield from (f"the installed package {each}" for each in sorted(installed))


def _file(spec: ModuleSpec) -> Path | None:
    return Path(spec.origin).resolve() if spec.origin and spec.has_location else None


def _ours(name: str) -> Path:
    return (HOME / name / "__init__.py").resolve()
