"""Which programs may run, and that nothing of them outlives an interrupt or a killed worker."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from actors.outside import process_groups
from actors.run_process import CommandNotAllowed
from tests.actors.programs import call, lives, output, pid_in, sh, shell
from tests.actors.worker.interrupts import seconds_until_interrupted
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _all_is_allowed(allow):
    allow(programs=["*"])


def test_nothing_is_allowed_by_default(run, allow):
    allow()
    with pytest.raises(CommandNotAllowed, match=r"run_process\.allow"):
        call(["true"])
    with pytest.raises(CommandNotAllowed, match=r"run_process\.allow"):
        shell("true")


@pytest.mark.parametrize("pattern", ["tool", "to*", "{folder}/tool", "{folder}/*"])
def test_patterns_for_a_name_in_the_path(run, allow, tools, pattern):
    allow(programs=["other", pattern.format(folder=tools)])
    call(["tool"])
    assert output(run) == "tool\n"


@pytest.mark.parametrize("pattern", ["{folder}/tool", "{folder}/t*"])
def test_patterns_for_a_path(run, allow, tools, pattern):
    allow(programs=[pattern.format(folder=tools)])
    call([f"{tools}/tool"])
    call(["./tool"], cwd=str(tools))
    assert output(run) == "tool\ntool\n"


@pytest.mark.parametrize("argv0", ["{folder}/../evil/tool", "./tool", "{folder}/../evil/../evil/tool"])
@pytest.mark.parametrize("pattern", ["tool", "./tool", "{folder}/*", "t*"])
def test_a_path_to_somewhere_else_does_not_match(run, allow, tools, pattern, argv0):
    evil = tools.parent / "evil"
    evil.mkdir()
    _make_tool(evil)
    allow(programs=[pattern.format(folder=tools)])
    with pytest.raises(CommandNotAllowed):
        call([argv0.format(folder=tools)], cwd=str(evil))


def test_a_command_for_the_shell_is_allowed_to_the_letter_only(run, allow):
    allow(programs=["echo *", "echo 1", "/bin/*", "sh"])
    shell("echo 1")
    for command in ("echo 2", "echo 1; id", "echo *; id"):
        with pytest.raises(CommandNotAllowed, match="to the letter"):
            shell(command)


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder in PATH with the program `tool`."""
    folder = tmp_path / "tools"
    folder.mkdir()
    _make_tool(folder)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def _make_tool(folder: Path) -> None:
    (folder / "tool").write_text("#!/bin/sh\necho tool\n")
    (folder / "tool").chmod(0o755)


def test_an_interrupt_ends_the_program_and_its_children(new_run, tmp_path):
    script = f"sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/main; wait"
    assert interrupted_after(script, new_run(), tmp_path / "main") < 1.5
    assert not lives(pid_in(tmp_path / "main"))
    eventually(lambda: not lives(pid_in(tmp_path / "child")))


def test_a_program_may_clean_up_at_term(new_run, tmp_path):
    current = new_run()
    script = f"trap 'sleep 0.3; echo cleaned; exit 0' TERM; echo $$ > {tmp_path}/main; while :; do sleep 0.1; done"
    assert interrupted_after(script, current, tmp_path / "main") < 1.9
    assert "cleaned" in output(current)


def test_a_program_that_ignores_term_is_killed(new_run, tmp_path):
    script = f"trap '' TERM; echo $$ > {tmp_path}/main; while :; do sleep 0.1; done"
    assert 1.9 < interrupted_after(script, new_run(), tmp_path / "main") < 4
    assert not lives(pid_in(tmp_path / "main"))


def test_an_interrupt_is_seen_while_output_is_pouring(new_run, tmp_path):
    script = f"echo $$ > {tmp_path}/main; while :; do echo xxxxxxxxxxxxxxxxxxxx; done"
    assert interrupted_after(script, new_run(), tmp_path / "main") < 1.5


def interrupted_after(script: str, run, ready: Path) -> float:
    return seconds_until_interrupted(lambda: sh(script), run, lambda: ready.exists() and ready.read_text())


WORKER = """
import sys
from pathlib import Path
from tests.actors import conftest
from actors.outside.child_process import run_to_end
run_to_end(["/bin/sh", "-c", sys.argv[1]], {"PATH": sys.argv[2]}, Path("."), None, lambda data: None)
"""


def test_nothing_outlives_a_killed_worker(tmp_path):
    script = f"trap '' TERM HUP; sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/main; sleep 61"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, script, os.environ["PATH"]], cwd=ROOT)
    main, child = pid_in(tmp_path / "main"), pid_in(tmp_path / "child")
    helpers = psutil.Process(worker.pid).children(recursive=True)
    worker.kill()
    worker.wait()
    eventually(lambda: not lives(main) and not lives(child), message="the program did not end")
    eventually(lambda: not any(lives(helper.pid) for helper in helpers), message="the guard did not end")


def test_a_program_does_not_start_before_the_guard_knows_of_it(run, monkeypatch, tmp_path):
    def fail(line: str) -> None:
        raise RuntimeError("no guard")

    monkeypatch.setattr(process_groups, "_tell", fail)
    with pytest.raises(RuntimeError, match="no guard"):
        sh(f"echo started > {tmp_path}/started")
    assert not (tmp_path / "started").exists()


def test_a_guard_that_died_is_replaced_and_learns_of_all_groups(run, tmp_path):
    call(["true"])
    first = process_groups._guard
    first.kill()
    first.wait()
    call(["true"])
    assert process_groups._guard.pid != first.pid
    assert process_groups._guard.poll() is None
