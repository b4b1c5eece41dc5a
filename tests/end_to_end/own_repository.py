"""Somebody's own repository: the template of the docs, and callsheet as their Python has it, from its wheel."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tests.end_to_end.deployment import ROOT, Deployment, read_procfile
from tests.servers import places, shared

TEMPLATE = ROOT / "docs" / "examples" / "own-repository"
NOT_OURS = (".*", "*.egg-info", "__pycache__", "build", "tests")


def wheel() -> Path:
    """The wheel of this checkout, built once in a run of tests."""
    return Path(shared.once("wheel", _build_wheel))


def environment() -> Path:
    """An environment in which the requirements of the template are installed: callsheet's wheel, and what the tests
    run on for whatever that needs, so that nothing is downloaded."""
    return Path(shared.once("own-environment", _make_environment))


def copy_template(folder: Path) -> Path:
    """A repository like the template, with the wheel that its requirements name."""
    repository = folder / "repository"
    shutil.copytree(TEMPLATE, repository, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    (repository / "wheels").mkdir()
    shutil.copy(wheel(), repository / "wheels")
    return repository


def variables(**others: str) -> dict[str, str]:
    """The variables of a program of that environment."""
    return {"PATH": f"{environment() / 'bin'}:{os.environ['PATH']}", "HOME": os.environ["HOME"], **others}


def run(argv: Sequence[str], folder: Path, **others: str) -> subprocess.CompletedProcess[str]:
    """Run a program of that environment in this folder, to its end."""
    return subprocess.run(
        argv, cwd=folder, env=variables(**others), capture_output=True, text=True, timeout=120, check=False
    )


class OwnDeployment(Deployment):
    """A deployment of such a repository: its Procfile, in its folder, by its environment."""

    def __init__(self, repository: Path, database_url: str, amqp_url: str) -> None:
        super().__init__(repository.parent, database_url, amqp_url, variables(), checkout=repository)
        del self.environment["PYTHONPATH"]
        self.checkouts = dict.fromkeys((*read_procfile(repository), "worker.2"), repository)

    def callsheet(self, *args: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """The command line, as an admin."""
        asked = {"CALLSHEET_URL": str(self.api.base_url), "CALLSHEET_TOKEN": self.environment["CALLSHEET_ADMIN_TOKEN"]}
        return run(["callsheet", *args], folder, **asked)


def _build_wheel() -> str:
    folder = places.new_server_folder("wheel")
    checkout = folder / "checkout"  # a copy, as building leaves things behind
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*NOT_OURS))
    _pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(checkout), folder=folder)
    [built] = folder.glob("*.whl")
    return str(built)


def _make_environment() -> str:
    folder = places.new_server_folder("own-environment")
    made = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    others = folder / "others"
    others.mkdir()
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if "callsheet" not in each.name and each.suffix != ".pth":
            (others / each.name).symlink_to(each)
    [packages] = made.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{others}\n")
    python = str(made / "bin" / "python")
    _pip(python, "install", "-r", "requirements.txt", folder=copy_template(folder))
    return str(made)


def _pip(python: str, command: str, *args: str, folder: Path) -> None:
    argv = [python, "-m", "pip", command, "--quiet", "--no-index", *args]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
