"""Names of callsheet's packages that somebody's repository has too: said at the start of a worker, with ways round."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.own_repository import OwnDeployment, copy_template, environment, run

SERVERS = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "AMQP_URL": "amqp://127.0.0.1:1"}

THEIRS = "VALUE = 'theirs'\n"
ISOLATED = """
import dramatiq

from actors.context import current_run


@dramatiq.actor(isolation="process")
def apart() -> str:
    return str(current_run().run_id)
"""
REPORT = "import config, models\nprint(config.VALUE, models.VALUE)\n"


def module(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        made = folder / f"{name}.py"
        made.write_text(THEIRS)
        return made

    return make


def package(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).mkdir()
        return module("__init__")(folder / name)

    return make


CLASHES = [
    ("config", module("config")),
    ("models", package("models")),
    ("api", package("api")),
    ("actors", module("actors")),
    ("scheduling", package("scheduling")),
    ("migrations", package("migrations")),
]


@pytest.mark.parametrize(("name", "make"), CLASHES, ids=[name for name, _ in CLASHES])
def test_a_name_of_theirs_is_said_in_a_sentence(tmp_path: Path, name: str, make: Callable[[Path], Path]) -> None:
    repository = copy_template(tmp_path)
    made = make(repository)
    ended = run(["callsheet", "worker", "shop.tasks"], repository, **SERVERS)
    assert (ended.returncode, ended.stdout) == (78, "")
    [line] = ended.stderr.splitlines()
    assert f"`{name}` is also {made}:" in line
    assert f"callsheet worker --without {name} " in line


def test_all_that_clash_are_in_the_one_sentence_wherever_they_are(tmp_path: Path) -> None:
    repository = copy_template(tmp_path)
    config = module("config")(repository)
    for folder in ("library", "installed", "installed/other-1.0.dist-info"):
        (tmp_path / folder).mkdir()
    models = package("models")(tmp_path / "library")
    (tmp_path / "installed" / "other-1.0.dist-info" / "METADATA").write_text("Name: other\nVersion: 1.0\n")
    (tmp_path / "installed" / "other-1.0.dist-info" / "top_level.txt").write_text("api\n")
    path = f"{tmp_path / 'library'}:{tmp_path / 'installed'}"
    settings = {"CALLSHEET_ACTORS__MODULES": '["shop.tasks"]', "PYTHONPATH": path}
    ended = run(["callsheet", "worker"], repository, **SERVERS, **settings)
    assert ended.returncode == 78
    [line] = ended.stderr.splitlines()
    said = f"`api` is also the installed package other, `config` is also {config}, `models` is also {models}:"
    assert said in line
    assert "--without api --without config --without models" in line


def test_who_puts_the_working_directory_first_is_told_too(tmp_path: Path) -> None:
    """Dramatiq's own command, and somebody's tests."""
    repository = copy_template(tmp_path)
    models = package("models")(repository)
    ended = run(
        ["python", "-m", "dramatiq", "actors", "shop.tasks", "--processes", "1", "--skip-logging"],
        repository,
        **SERVERS,
    )
    assert ended.returncode == 78
    assert f"`models` is {models}:" in ended.stderr
    assert "Traceback" not in ended.stderr
    ended = run(["python", "-m", "pytest"], repository)
    assert f"`models` is {models}:" in ended.stdout


@pytest.mark.parametrize("command", [["callsheet"], ["python", "-m", "callsheet"]], ids=" ".join)
def test_what_imports_nothing_of_theirs_minds_no_name(tmp_path: Path, command: list[str]) -> None:
    repository = copy_template(tmp_path)
    for _, make in CLASHES:
        make(repository)
    for args in (["openapi"], ["config"], ["runs", "list", "--help"]):
        ended = run([*command, *args], repository, PYTHONPATH=str(repository))
        assert ended.returncode == 0, ended.stderr
    ended = run([*command, "web"], repository, PYTHONPATH=str(repository))
    assert (ended.returncode, "database.url" in ended.stderr) == (78, True)


def test_the_ways_round_lead_to_runs(tmp_path: Path, database_url: str, amqp_url: str) -> None:
    """In one folder with a `config` and `models` of its own, which is on PYTHONPATH too."""
    repository = copy_template(tmp_path)
    module("config")(repository)
    package("models")(repository)
    (repository / "shop" / "apart.py").write_text(ISOLATED)
    (repository / "report.py").write_text(REPORT)
    with OwnDeployment(repository, database_url, amqp_url) as own:
        own.environment["PYTHONPATH"] = str(repository)
        without = (
            "callsheet worker --without config --without models shop.tasks shop.apart -- --processes 1 --use-spawn"
        )
        own.start("web", "scheduling").start("worker", command=without).ready()
        own.create("reminders", actor="send_reminders")
        assert own.finished(own.trigger("reminders"))["result"] == 1
        own.create("apart", actor="apart")
        run_id = own.trigger("apart")
        assert own.finished(run_id)["result"] == run_id

        shutil.copy(repository / "Procfile", tmp_path)
        own.checkouts["worker.2"] = tmp_path
        by_path = f"callsheet worker shop.tasks -- --processes 1 --path {moved(repository, tmp_path / 'src')}"
        del own.environment["PYTHONPATH"]
        assert own.stop("worker") == 0
        own.start("worker.2", command=by_path)
        assert own.finished(own.trigger("reminders"))["result"] == 1
        assert own.stop("worker.2") == 0

        own.start("worker", command="callsheet worker")
        argv = [str(environment() / "bin" / "python"), "-m", "report"]
        own.create("report", actor="run_process", args={"argv": argv, "cwd": str(repository)})
        ended = own.finished(own.trigger("report"))
        assert (ended["state"], ended["output"]) == ("succeeded", "theirs theirs\n")


def moved(repository: Path, folder: Path) -> Path:
    """A folder with nothing but their package."""
    folder.mkdir()
    (folder / "shop").symlink_to(repository / "shop")
    return folder
