"""The check of modules with actors: what they use of Dramatiq that has no effect here. Their code is read, not run."""

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from api.cli.local.checks.dramatiq_uses import Use, uses_in
from api.cli.local.checks.finding import Finding, note, ok, problem

SHIPPED = "actors"
"""The package into which people put their files; what is in folders below is the engine."""

_FACES = ("__init__", "context", "testing")
"""What is of ours there, and no actor."""


def check_modules(names: Sequence[str]) -> Iterator[Finding]:
    """A finding for each use, with file and line."""
    found = False
    files = 0
    for name in dict.fromkeys((SHIPPED, *names)):
        paths = list(_files_of(name))
        if not paths:
            found = True
            where = "run it from the folder that it is in, or set PYTHONPATH"
            yield problem("modules", f"there is no module {name}: a worker that is to import it would not start", where)
        files += len(paths)
        for path in paths:
            for finding in _look_through(path):
                found = True
                yield finding
    if not found:
        yield ok("modules", f"nothing in {files} files is of Dramatiq's and has no effect here")


def _look_through(path: Path) -> Iterator[Finding]:
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    try:
        uses = uses_in(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        yield problem(
            "modules", f"{shown}:{line} is no Python that can be read: {error}", f"python -m py_compile {shown}"
        )
        return
    except OSError as error:
        yield problem("modules", f"{shown} can't be read: {error.strerror}", f"ls -l {shown}")
        return
    for use in uses:
        yield _finding(f"{shown}:{use.line}", use)


def _finding(place: str, use: Use) -> Finding:
    said = f"{place}: {use.what}"
    return problem("modules", said, use.mend) if use.is_refused else note("modules", said, use.mend)


def _files_of(name: str) -> Iterator[Path]:
    """The file of a module; all files of a package."""
    spec = _find(name)
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        if spec.origin and spec.origin.endswith(".py"):
            yield Path(spec.origin)
        return
    for folder in spec.submodule_search_locations:
        if name == SHIPPED:
            yield from (path for path in sorted(Path(folder).glob("*.py")) if path.stem not in _FACES)
        else:
            yield from sorted(Path(folder).glob("**/*.py"))


def _find(name: str) -> ModuleSpec | None:
    """Where a module is, without importing what is above it. As for `dramatiq`, this folder counts."""
    path: Sequence[str] | None = [str(Path.cwd()), *sys.path]
    spec = None
    for part in name.partition(":")[0].split("."):
        if path is None:
            return None
        spec = PathFinder.find_spec(part, path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return spec
