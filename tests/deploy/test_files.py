"""What the files that deploy callsheet start exists, is given what it needs, and is stopped as it must be."""

import importlib.util
import json
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from dramatiq.cli import make_argument_parser

from actors.worker.keeping.watchdog import LEAVE_SECONDS
from api.cli.tree import COMMANDS, Branch
from api.v1.health import ROUTES
from api.web.server import DRAIN_SECONDS
from config.environment import PLATFORM_NAMES
from config.settings import Settings, load_settings
from tests.deploy.files import DEPLOY, PROCESSES, Process
from tests.docs.pages import name_of, rows_of
from tests.end_to_end.deployment import PROCFILE, ROOT

REQUIRED: dict[str, tuple[str, ...]] = {
    "release": ("database.url",),
    "web": ("database.url", "http.admin_token"),
    "scheduling": ("database.url", "amqp.url"),
    "worker": ("database.url", "amqp.url"),
}
GIVEN = {
    "DATABASE_URL": "postgresql://callsheet:secret@postgres/callsheet",
    "AMQP_URL": "amqp://callsheet:secret@rabbitmq/%2F",
    "CALLSHEET_ADMIN_TOKEN": "t" * 64,
}
"""What people, or their platform, put where a file leaves the value open."""

BY_THE_PLATFORM = ("Procfile", "Dockerfile")
"""Files that give no variables: whoever reads them does."""

COUNTS = ("--processes", "--threads")

each = pytest.mark.parametrize("process", PROCESSES, ids=str)


def settings_of(process: Process) -> Settings:
    environment = {name: value or GIVEN[name] for name, value in process.environment.items()}
    if process.file in BY_THE_PLATFORM:
        environment |= GIVEN
    return load_settings(environment, require=REQUIRED[process.kind])


def without_counts(argv: list[str]) -> list[str]:
    return [word for before, word in zip(["", *argv], argv, strict=False) if before not in COUNTS]


@each
def test_its_command_is_the_procfiles_or_one_of_callsheets(process: Process) -> None:
    if process.argv[0] == "callsheet":
        known = COMMANDS[process.argv[1]]
        assert not isinstance(known, Branch) or process.argv[2] in known.commands
    else:
        assert without_counts(process.argv) == without_counts(PROCFILE[process.kind].split())


@pytest.mark.parametrize("command", PROCFILE.values())
def test_the_procfiles_commands_exist(command: str) -> None:
    program, *arguments = command.split()
    if program == "python":
        assert arguments[0] == "-m"
        assert importlib.util.find_spec(f"{arguments[1]}.__main__")
        return
    assert program in {script.name for script in entry_points(group="console_scripts")}
    if program == "dramatiq":
        assert importlib.util.find_spec(make_argument_parser().parse_args(arguments).broker)


@each
def test_its_variables_are_settings_and_all_it_needs(process: Process) -> None:
    assert {name for name in process.environment if not name.startswith("CALLSHEET_")} <= PLATFORM_NAMES.keys()
    settings_of(process)


def test_the_admin_token_is_for_the_api_alone() -> None:
    """Fly has one set of secrets for all; a worker takes this one out of its environment."""
    others = [process for process in PROCESSES if process.kind in ("scheduling", "worker")]
    assert {each.file for each in others if "CALLSHEET_ADMIN_TOKEN" in each.environment} == {"deploy/fly.toml"}


@pytest.mark.parametrize("process", [each for each in PROCESSES if each.kind == "worker"], ids=str)
def test_a_worker_is_killed_only_once_it_must_be_gone(process: Process) -> None:
    worker = settings_of(process).worker
    drain = make_argument_parser().parse_args(process.argv[1:]).worker_shutdown_timeout / 1000
    assert drain == worker.stop_seconds
    assert process.stop_seconds > worker.stop_seconds - 5 + LEAVE_SECONDS


@pytest.mark.parametrize("process", [each for each in PROCESSES if each.kind in ("web", "scheduling")], ids=str)
def test_requests_and_rounds_under_way_may_end(process: Process) -> None:
    assert process.stop_seconds > DRAIN_SECONDS


@each
def test_its_port_and_its_paths_of_health_are_real(process: Process) -> None:
    assert process.port in (None, settings_of(process).http.port)
    assert {*process.health} <= {route.path for route in ROUTES}


def test_every_platform_that_can_looks_at_the_health_of_the_api() -> None:
    looking = {process.file for process in PROCESSES if process.health}
    assert looking == {"deploy/kubernetes", "deploy/fly.toml", "deploy/render.yaml"}


def test_every_file_starts_all_kinds_of_process() -> None:
    kinds: dict[str, set[str]] = {}
    for process in PROCESSES:
        file = "deploy/systemd" if process.file.startswith("deploy/systemd") else process.file
        kinds.setdefault(file, set()).add(process.kind)
    assert kinds.pop("Dockerfile") == {"web"}
    assert set(map(frozenset, kinds.values())) == {frozenset(REQUIRED)}


def test_app_json_forms_what_the_procfile_runs_and_generates_the_token() -> None:
    app = json.loads((ROOT / "app.json").read_text())
    assert app["formation"].keys() == PROCFILE.keys() - {"release", "postdeploy"}
    assert all(each["quantity"] >= 1 for each in app["formation"].values())
    assert app["env"].keys() == {"CALLSHEET_ADMIN_TOKEN"}
    assert app["env"]["CALLSHEET_ADMIN_TOKEN"]["generator"] == "secret"
    assert {addon.partition(":")[0] for addon in app["addons"]} == {"heroku-postgresql", "cloudamqp"}
    assert PROCFILE["postdeploy"] == PROCFILE["release"]


@pytest.mark.parametrize("page", ["README.md", "docs/deploying.md"])
def test_honcho_is_told_what_goes_on_running(page: str) -> None:
    """As soon as one process has ended, it ends all others: so would the release."""
    told = re.search(r"`honcho start ([^`]+)`", (ROOT / page).read_text())
    assert told is not None
    assert {*told[1].split()} == PROCFILE.keys() - {"release", "postdeploy"}


SAYING_NOTHING = (".env", ".json")
TRIED = DEPLOY / "prometheus"
"""Its files are tried out by Prometheus's own tool."""

FILES = [
    path
    for path in (*DEPLOY.rglob("*.*"), ROOT / "compose.yaml", ROOT / "Dockerfile")
    if path.is_file() and path.suffix not in SAYING_NOTHING and path.parent != TRIED
]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_that_was_never_run_says_so_first(path: Path) -> None:
    assert path.read_text().startswith("# Never ")


def test_the_page_lists_every_file() -> None:
    rows = rows_of((ROOT / "docs" / "deploying.md").read_text())
    listed = {row[0].strip("`") for row in rows if row[0].startswith("`")}
    assert {name_of(path) + "/" * path.is_dir() for path in DEPLOY.iterdir()} <= listed
    assert {"Procfile", "app.json", "compose.yaml", "Dockerfile"} <= listed
