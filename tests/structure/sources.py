"""The sources as the structure tests see them: modules, what they import, and the rooms they stand in."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.end_to_end.deployment import ROOT

PACKAGES = ("config", "models", "scheduling", "actors", "api", "migrations")


@dataclass(frozen=True)
class Source:
    """One file: its path from the root, and its text."""

    path: PurePosixPath
    text: str

    def __str__(self) -> str:
        return str(self.path)

    @property
    def package(self) -> str:
        return self.path.parts[0]

    @property
    def module(self) -> str:
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    @property
    def room(self) -> str:
        """Its folder; a file at the root of a package is a room of its own."""
        return ".".join(self.path.parts[:-1]) if len(self.path.parts) > 2 else self.module

    def is_below(self, *folders: str) -> bool:
        return any(PurePosixPath(folder) in self.path.parents for folder in folders)

    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self) -> Iterator[str]:
        """What it imports, anywhere in it: `package.module.name`."""
        for node in ast.walk(self.tree()):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def imports_ours(self) -> Iterator[str]:
        return (name for name in self.imports() if name.partition(".")[0] in PACKAGES)


def sources() -> list[Source]:
    """Every file of ours but the migrations themselves."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return [_read(path) for path in paths if "versions" not in path.parts]


def of_tests() -> list[Source]:
    """Every file of the tests."""
    return [_read(path) for path in sorted((ROOT / "tests").rglob("*.py"))]


def _read(path: Path) -> Source:
    return Source(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_text())


def arrows(files: list[Source], *, between_rooms: bool) -> dict[str, set[str]]:
    """Which modules, or which rooms, import which others."""
    known = {file.module: file for file in files}
    found: dict[str, set[str]] = {}
    for file in files:
        for name in file.imports_ours():
            target = known[_module_of(name, known)]
            ends = (file.room, target.room) if between_rooms else (file.module, target.module)
            if ends[0] != ends[1]:
                found.setdefault(ends[0], set()).add(ends[1])
    return found


def _module_of(name: str, known: dict[str, Source]) -> str:
    return name if name in known else _module_of(name.rpartition(".")[0], known)


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """A circle of arrows; empty if there is none."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for target in sorted(graph.get(node, ())):
            if circle := walk(target, [*path, node]):
                return circle
        done.add(node)
        return []

    return next((circle for node in sorted(graph) if (circle := walk(node, []))), [])
