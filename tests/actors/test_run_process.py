import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from actors.run_process import UnexpectedExit
from tests.actors.conftest import RUN_ID
from tests.actors.programs import call, lives, output, pid_in, sh, shell
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _all_is_allowed(allow):
    allow(programs=["*"])


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


def test_2_gigabytes_of_output_take_little_memory(run):
    """In the memory of the whole process, which is asked while they come in."""
    process, write = psutil.Process(), run.output.write
    before = peak = process.memory_info().rss

    def measured(data):
        nonlocal peak
        write(data)
        if random.random() < 0.01:
            peak = max(peak, process.memory_info().rss)

    run.output.write = measured
    sh("head -c 2000000000 /dev/zero | tr '\\0' x")
    assert peak - before < 30_000_000
    text, truncated = run.output.text()
    assert truncated
    assert "1999934464 bytes dropped" in text
