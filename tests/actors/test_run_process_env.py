"""Variables of a program's environment that would make it run other code than the setting allows."""

import json
import os
import sys
from pathlib import Path

import pytest

from actors.run_process import CommandNotAllowed
from tests.actors.programs import call, output, sh, shell

STEERING = [
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH"),
    *("PATH", "HOME", "BASH_ENV", "ENV", "BASH_FUNC_ls%%", "PS4", "SHELLOPTS", "BASHOPTS", "PROMPT_COMMAND", "IFS"),
    *("ZDOTDIR", "SHELL", "CDPATH", "XDG_CONFIG_HOME", "fish_function_path"),
    *("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PYTHONUSERBASE", "PYTHONBREAKPOINT"),
    *("PERL5OPT", "PERL5LIB", "PERL5DB", "PERLLIB", "RUBYOPT", "RUBYLIB", "GEM_PATH", "NODE_OPTIONS", "NODE_PATH"),
    *("npm_config_script_shell", "NPM_CONFIG_PREFIX", "PHPRC", "LUA_INIT", "LUA_PATH_5_4", "R_PROFILE_USER"),
    *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "CLASSPATH", "MAVEN_OPTS", "AWKPATH"),
    *("DOTNET_STARTUP_HOOKS", "CORECLR_PROFILER_PATH", "ERL_FLAGS", "JULIA_LOAD_PATH", "OPENSSL_CONF", "MAKEFLAGS"),
    *("GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH", "PAGER", "MANPAGER", "EDITOR"),
    *("VISUAL", "BROWSER", "LESSOPEN", "LESS", "RSYNC_RSH", "RSYNC_CONNECT_PROG", "CVS_RSH", "SVN_SSH", "SSH_ASKPASS"),
    *("SUDO_ASKPASS", "TAR_OPTIONS", "WGETRC", "PSQLRC", "GNUPGHOME", "VIMINIT", "KUBECONFIG", "AWS_CONFIG_FILE"),
    *("CALLSHEET_CONFIG", "CALLSHEET_ACTORS__MODULES", "CARGO_HOME", "RUSTC_WRAPPER", "GOFLAGS", "PIP_INDEX_URL"),
]
PLAIN = [
    *("A", "TZ", "LANG", "LC_ALL", "TMPDIR", "TERM", "USER", "KEY", "TOKEN", "DATABASE_URL", "DATA_PATH", "PYTHIA"),
    *("PGPASSWORD", "RSYNC_PASSWORD", "AWS_ACCESS_KEY_ID", "NODE_ENV", "http_proxy", "SSH_AUTH_SOCK"),
    *(
        "CALLSHEET_RUN_ID",
        "CALLSHEET_SECRET_X",
        "ld_preload",
        "path",
        "Ld_Preload",
        "ENVIRONMENT",
        "OLDPATH",
        "GITHUB_TOKEN",
        "PS5",
    ),
    *("PARALLELISM", "PATHS"),
]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What a program that starts leaves behind."""
    return tmp_path / "started"


@pytest.mark.parametrize("name", STEERING)
def test_what_makes_a_program_run_other_code_is_refused_before_anything_starts(run, allow, marker, name):
    allow(programs=["/bin/sh", f"touch {marker}"])
    for start in (lambda **env: sh(f"touch {marker}", **env), lambda **env: call(f"touch {marker}", True, **env)):
        with pytest.raises(CommandNotAllowed) as caught:
            start(env={"FINE": "x", name: "x"})
        assert name in str(caught.value)
        assert "run_process.allow_env" in str(caught.value)
        assert "FINE" not in str(caught.value)
    assert not marker.exists()


@pytest.mark.parametrize("name", PLAIN)
def test_other_variables_may_be_set(run, allow, name):
    allow(programs=[sys.executable])
    call([sys.executable, "-c", f"import os; print(os.environ[{name!r}], end='')"], env={name: "x"})
    assert output(run) == "x"


@pytest.mark.parametrize("patterns", [["PYTHONUNBUFFERED", "PAGER"], ["P*"], ["*"]])
def test_a_pattern_of_the_setting_allows_them(run, allow, patterns):
    allow(programs=["/bin/sh"], env=patterns)
    sh("echo $PYTHONUNBUFFERED $PAGER", env={"PYTHONUNBUFFERED": "1", "PAGER": "cat"})
    assert output(run) == "1 cat\n"


def test_a_pattern_allows_no_others(run, allow):
    allow(programs=["/bin/sh"], env=["PYTHON*", "pager"])
    with pytest.raises(CommandNotAllowed, match="PAGER, LD_PRELOAD"):
        sh("true", env={"PYTHONPATH": "x", "PAGER": "cat", "LD_PRELOAD": "x"})


def test_who_may_start_anything_may_set_anything(run, allow):
    allow(programs=["*"])
    sh("echo $PAGER", env={"PAGER": "cat", "BASH_ENV": "/dev/null"})
    shell("echo too")
    assert output(run) == "cat\ntoo\n"


@pytest.mark.parametrize("programs", [["tool"], ["*"]])
def test_a_program_is_found_in_the_workers_path_whatever_its_own_is(run, allow, tmp_path, monkeypatch, programs):
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text(f"#!/bin/sh\necho {name} $PATH\n")
        (tmp_path / name / "tool").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/ours:{os.environ['PATH']}")
    allow(programs=programs, env=["PATH"])
    call(["tool"], env={"PATH": f"{tmp_path}/theirs"})
    assert output(run) == f"ours {tmp_path}/theirs\n"


@pytest.mark.parametrize("part", ["", ".", "bin"])
def test_a_relative_part_of_the_workers_path_does_not_find_what_is_in_the_runs_folder(
    run, allow, tmp_path, monkeypatch, part
):
    (tmp_path / "bin").mkdir()
    for folder in (tmp_path, tmp_path / "bin"):
        (folder / "ls").write_text("#!/bin/sh\necho evil\n")
        (folder / "ls").chmod(0o755)
    monkeypatch.setenv("PATH", f"{part}:{os.environ['PATH']}")
    allow(programs=["ls / >/dev/null", sys.executable])
    call("ls / >/dev/null", True, cwd=str(tmp_path))
    call([sys.executable, "-c", "import json, os; print(json.dumps(os.environ['PATH'].split(':')))"], cwd=str(tmp_path))
    assert all(os.path.isabs(each) for each in json.loads(output(run)))
