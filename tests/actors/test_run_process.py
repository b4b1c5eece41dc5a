import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import psutil
import pytest

from actors import process_groups
from actors.run_process import CommandNotAllowed, UnexpectedExit, run_process
from tests.actors.conftest import RUN_ID
from tests.actors.interrupts import seconds_until_interrupted
from tests.waiting import eventually

call = run_process.fn
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _all_is_allowed(allow):
    allow(programs=["*"])


def output(run) -> str:
    return run.output.text()[0]


def sh(script: str, **arguments):
    return call(["/bin/sh", "-c", script], **arguments)


def shell(command: str):
    return call(command, True)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(path: Path) -> int:
    """The number that a script writes to `path`, once it is there."""
    return int(eventually(lambda: path.exists() and path.read_text().strip()))


# The plain case


def test_the_result_has_the_exit_code_and_the_time_and_the_output_has_what_was_written(run):
    result = call(["echo", "hello", "world"])
    assert result["exit_code"] == 0
    assert 0 < result["elapsed_seconds"] < 5
    json.dumps(result)
    assert run.output.text() == ("hello world\n", False)


def test_stdout_and_stderr_are_the_output_in_order(run):
    sh("echo 1; echo 2 >&2; echo 3")
    assert output(run) == "1\n2\n3\n"


def test_arguments_are_passed_on_to_the_letter(run):
    arguments = ["-n", "a b", "$HOME", "*", "'", '"', "é\n"]
    call([sys.executable, "-c", "import sys; print(sys.argv[1:], end='')", *arguments])
    assert output(run) == repr(arguments)


def test_the_environment_is_clean(run, monkeypatch):
    monkeypatch.setenv("CALLSHEET_SECRET_X", "no")
    monkeypatch.setenv("OF_THE_WORKER", "no")
    call([sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"], env={"MINE": "é", "LANG": "C"})
    environment = json.loads(output(run))
    assert environment.keys() - {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"} == {
        *("PATH", "HOME", "LANG", "MINE"),
        *("CALLSHEET_RUN_ID", "CALLSHEET_SCHEDULE", "CALLSHEET_SLOT", "CALLSHEET_ATTEMPT"),
    }
    assert environment["MINE"] == "é"
    assert environment["LANG"] == "C"
    assert environment["CALLSHEET_RUN_ID"] == str(RUN_ID)
    assert environment["CALLSHEET_SLOT"] == "2026-03-01T06:30:00Z"


@pytest.mark.parametrize("name", ["a.b", "a b", "", "a=b", "1a"])
def test_a_variable_that_a_shell_would_lose_is_refused(run, name):
    with pytest.raises(ValueError, match="env"):
        call(["true"], env={name: "x"})


def test_the_working_folder(run, tmp_path):
    call(["pwd"], cwd=str(tmp_path))
    assert output(run).strip() == str(tmp_path)


def test_a_working_folder_that_is_missing_is_named(run, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        call(["pwd"], cwd=str(tmp_path / "nowhere"))


def test_stdin_is_given_and_closed(run):
    call(["cat"], stdin="grüezi")
    assert output(run) == "grüezi"


def test_without_stdin_there_is_nothing_to_read(run):
    call(["cat"])
    assert output(run) == ""


def test_more_stdin_than_a_pipe_holds(run):
    call(["wc", "-c"], stdin="x" * 3_000_000)
    assert output(run).strip() == "3000000"


def test_a_program_that_does_not_read_its_stdin(run):
    call(["true"], stdin="x" * 3_000_000)


def test_shell(run):
    shell("echo $((6 * 7)) | cat")
    assert output(run) == "42\n"


@pytest.mark.parametrize(("argv", "shell"), [("echo", False), (["echo"], True), ([], False), ([""], False)])
def test_argv_that_does_not_fit_is_refused(run, argv, shell):
    with pytest.raises((TypeError, ValueError), match="argv"):
        call(argv, shell=shell)


# How it ends


@pytest.mark.parametrize("code", [1, 3, 127, 130, 255])
def test_another_exit_code_is_an_error_that_names_it(run, code):
    with pytest.raises(UnexpectedExit, match=f"sh ended with exit code {code}$"):
        sh(f"echo why; exit {code}")
    assert output(run) == "why\n"


def test_exit_codes_that_count_as_success(run):
    assert sh("exit 3", ok_exit_codes=[0, 3])["exit_code"] == 3
    with pytest.raises(UnexpectedExit, match="exit code 0"):
        sh("exit 0", ok_exit_codes=[3])


def test_a_signal_is_named(run):
    with pytest.raises(UnexpectedExit, match="SIGKILL"):
        sh("kill -KILL $$")


def test_a_program_that_is_missing_is_named(run):
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        call(["no-such-program"])


def test_a_program_that_closes_its_output_is_waited_for(run, tmp_path):
    sh(f"exec >&- 2>&-; sleep 0.3; echo x > {tmp_path}/end")
    assert (tmp_path / "end").exists()


def test_a_daemon_that_keeps_the_pipe_neither_holds_the_run_nor_outlives_it(run, tmp_path):
    started = time.monotonic()
    sh(f"(trap '' TERM HUP; echo early; sleep 60) & echo $! > {tmp_path}/pid; echo done")
    assert time.monotonic() - started < 3
    eventually(lambda: not lives(pid_in(tmp_path / "pid")))
    assert sorted(output(run).split()) == ["done", "early"]


def test_a_daemon_in_a_session_of_its_own_does_not_hold_the_run(run, tmp_path):
    started = time.monotonic()
    sh(f"setsid sh -c 'echo $$ > {tmp_path}/pid; while :; do echo x; done' & echo done")
    assert time.monotonic() - started < 5
    os.kill(pid_in(tmp_path / "pid"), signal.SIGKILL)
    assert "done" in output(run)


def test_50_megabytes_of_output_take_little_memory(run):
    tracemalloc.start()
    try:
        sh("head -c 50000000 /dev/zero | tr '\\0' x")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert run.output.text()[1]
    assert "49934464 bytes dropped" in output(run)


# What is allowed


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


def test_a_path_in_the_arguments_does_not_choose_the_program(run, allow, tools):
    evil = tools.parent / "evil"
    evil.mkdir()
    (evil / "tool").write_text("#!/bin/sh\necho evil\n")
    (evil / "tool").chmod(0o755)
    allow(programs=["tool"])
    call(["tool"], env={"PATH": str(evil)})
    assert output(run) == "tool\n"


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


# Interrupts


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


# The end of the worker

WORKER = """
import sys
from pathlib import Path
from tests.actors import conftest
from actors.child_process import run_to_end
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
