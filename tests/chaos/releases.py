"""The release before: its code as git has it, in an environment of its own where it needs other packages."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.deployment import ROOT, read_procfile

VARIABLE = "BEFORE"
"""Names a revision of git instead."""

MIGRATIONS = "migrations/versions"
REQUIREMENTS = "requirements.txt"
PROBES = ("tests/__init__.py", "tests/chaos/__init__.py", "tests/chaos/ledger.py", "tests/chaos/probe.py")
"""What its workers have of this version: the actors that tell the ledger what they do."""

PACKAGES = ("actors", "api", "config", "models", "scheduling")
MIGRATE_SECONDS = 120


@dataclass(frozen=True)
class Release:
    """A version of callsheet: what it is called, its code, and the programs of its environment."""

    name: str
    checkout: Path
    programs: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process run this code."""
        return {"PATH": f"{self.programs}:{os.environ['PATH']}", "PYTHONPATH": str(self.checkout)}

    def migrate(self, environment: Mapping[str, str]) -> None:
        """Run its release process."""
        self._run(read_procfile(self.checkout)["release"].split(), environment)

    def check_origin(self, environment: Mapping[str, str]) -> None:
        """Raises AssertionError if its processes would run any other code."""
        found = f"import {', '.join(PACKAGES)}; print(*[each.__file__ for each in ({', '.join(PACKAGES)})])"
        for path in self._run(["python", "-c", found], environment).split():
            assert Path(path).is_relative_to(self.checkout), f"{path} is not of {self.name}"

    def _run(self, argv: list[str], environment: Mapping[str, str]) -> str:
        env = {**environment, **self.environment}
        done = subprocess.run(
            argv, cwd=self.checkout, env=env, capture_output=True, text=True, check=False, timeout=MIGRATE_SECONDS
        )
        assert done.returncode == 0, f"{argv} of {self.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout


PRESENT = Release("this version", ROOT, Path(sys.executable).parent)


@contextmanager
def release_before() -> Iterator[Release]:
    """The last landed release, from git; its folder is gone at the end of the block."""
    revision = find_revision()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="callsheet-before-") as folder:
        checkout = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(checkout, filter="data")
        for name in PROBES:
            (checkout / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
        yield Release(_git("describe", "--tags", "--always", revision) or revision, checkout, _programs(checkout))


def find_revision() -> str:
    """What the variable names, else the newest tag before this commit, else what was there before the newest migration:
    with that, there is always something to migrate."""
    if named := os.environ.get(VARIABLE):
        return named
    if tag := _git("describe", "--tags", "--abbrev=0", "--match=v*", "HEAD^"):
        return tag
    if _git("status", "--porcelain", "--", MIGRATIONS):
        return "HEAD"
    added = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS)
    before = _git("rev-parse", "--verify", f"{added}^") if added else ""
    assert before, f"the release before is taken from git, of which there is no history here: {VARIABLE}=… names it"
    return before


def _git(*arguments: str) -> str:
    """What git says; nothing where it has nothing to say."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _programs(checkout: Path) -> Path:
    """Those of this environment, if it has what the release is locked to; else of one that is made for it."""
    if (checkout / REQUIREMENTS).read_bytes() == (ROOT / REQUIREMENTS).read_bytes():
        return PRESENT.programs
    environment = checkout / ".venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS]
    subprocess.run([environment / "bin" / "python", *install], cwd=checkout, check=True)
    return environment / "bin"
