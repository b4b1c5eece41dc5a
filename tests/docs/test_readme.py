"""The README says what is so: its picture, its commands, its first actor and the test of that."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.deployment import PROCFILE, ROOT

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_picture_shows_the_processes_of_the_procfile() -> None:
    picture = README.split("flowchart", 1)[1].split("```", 1)[0]
    for process in PROCFILE.keys() - {"postdeploy"}:  # the release by another name
        assert re.search(rf"\b{process}\b", picture)


def test_ci_runs_the_commands_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    for command in ("make lint", "make test"):
        assert command in README
        assert re.search(rf"^{command}", ci, flags=re.MULTILINE)


def test_the_test_of_the_first_actor_passes_without_a_server(tmp_path: Path) -> None:
    """Both files are the README's own, put into a copy of the checkout."""
    actor, test = re.findall(r"```python\n(.*?)```", README.split("## A first actor", 1)[1], flags=re.DOTALL)
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "tests"))
    (checkout / "actors" / "greet.py").write_text(actor)
    (checkout / "test_greet.py").write_text(test)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(checkout)}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_greet.py"]
    ran = subprocess.run(argv, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_make_alone_and_make_help_list_every_target_with_what_it_does() -> None:
    targets = re.findall(r"^\.PHONY: (.*)", MAKEFILE, flags=re.MULTILINE)[0].split()
    for argv in (["make"], ["make", "help"]):
        printed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        said = dict(re.findall(r"^make (\w+) +(\S.*)$", printed, flags=re.MULTILINE))
        assert list(said) == targets


def test_whoever_installs_is_told_what_takes_so_long() -> None:
    steps = subprocess.run(
        ["make", "--dry-run", "--always-make", ".venv/embedded"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert 0 <= steps.find('echo "callsheet installs') < steps.index("pip install")
