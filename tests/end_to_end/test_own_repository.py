"""callsheet in somebody's own repository: from its wheel, with no checkout, as the docs have it."""

import os
import re
import shlex
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.cli.tree import COMMANDS
from tests.end_to_end.deployment import ROOT
from tests.end_to_end.own_repository import TEMPLATE, OwnDeployment, copy_template, environment, run, wheel
from tests.servers import databases, shared, vhosts
from tests.structure.sources import PACKAGES
from tests.waiting import eventually

PAGE = (ROOT / "docs" / "your-repository.md").read_text()


def blocks(heading: str, kind: str = "") -> list[str]:
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", section, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = copy_template(tmp_path_factory.mktemp("own"))
    (made / "config").mkdir()  # of files that are no modules, as many have one
    (made / "config" / "shop.yaml").write_text("name: shop\n")
    return made


@pytest.fixture(scope="module")
def own(repository: Path) -> Iterator[OwnDeployment]:
    """The template, deployed on an empty database. Each process ends at a TERM."""
    node = shared.shared_rabbitmq()
    amqp_url = node["url"] if node["kind"] == "given" else vhosts.take_vhost(node)
    with (
        databases.database(migrated=False) as database_url,
        OwnDeployment(repository, database_url, amqp_url) as deployment,
    ):
        assert deployment.start("release").exited("release", 120) == 0
        yield deployment.start("web", "scheduling", "worker").ready()
        assert [deployment.stop(name) for name in ("worker", "scheduling", "web")] == [0, 0, 0]


def test_all_of_callsheet_is_in_its_wheel() -> None:
    files = {file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file()}
    ours = {file.relative_to(ROOT).as_posix() for file in files if "__pycache__" not in file.parts}
    packed = {name for name in zipfile.ZipFile(wheel()).namelist() if ".dist-info/" not in name}
    assert packed - {name for name in packed if name.startswith("callsheet/")} == ours
    assert "callsheet/__main__.py" in packed


def test_it_is_an_ordinary_installation(repository: Path) -> None:
    found = run(["python", "-c", f"import callsheet, {', '.join(PACKAGES)}; print(callsheet.__file__, api.__file__)"],
                repository)  # fmt: skip
    assert found.stderr == ""
    assert all(Path(file).is_relative_to(environment()) for file in found.stdout.split())


def test_its_own_tests_pass(repository: Path) -> None:
    for argv in (["python", "-m", "pytest", "-q"], ["python", "-m", "pytest", "-q", "tests/test_tasks.py"]):
        ended = run(argv, repository)
        assert "2 passed" in ended.stdout, ended.stdout + ended.stderr


def test_a_schedule_of_theirs_runs_their_actor(own: OwnDeployment, repository: Path) -> None:
    """By the commands of the docs, and over HTTP."""
    lines = "".join(blocks("Try it", "console")).splitlines()
    said = [own.callsheet(*shlex.split(line)[2:], folder=repository) for line in lines]
    assert [each.returncode for each in said] == [0, 0, 0], said
    announced, _, followed = said
    assert "send_reminders" in announced.stdout
    assert "reminded ada\n" in followed.stdout

    ended = own.finished(own.trigger("reminders", args={"days": 1}))
    assert (ended["state"], ended["result"], ended["actor"]) == ("succeeded", 2, "send_reminders")
    assert ended["output"] == "reminded ada\nreminded grace\n"
    assert own.api.get("/docs").status_code == 200
    assert own.api.get("/health/ready").json()["status"] == "ok"


def test_a_hup_starts_a_worker_anew_with_the_same_modules(own: OwnDeployment) -> None:
    before = {each["id"] for each in own.api.get("/v1/workers").json()["items"]}
    own.process("worker").send_signal(signal.SIGHUP)
    eventually(lambda: {each["id"] for each in own.api.get("/v1/workers").json()["items"]} - before, 40)
    own.create("anew", actor="send_reminders")
    assert own.finished(own.trigger("anew"))["state"] == "succeeded"


def test_the_docs_have_the_procfile_and_the_names_of_the_template() -> None:
    assert (TEMPLATE / "Procfile").read_text() in blocks("Processes")
    code = re.findall(r"`[^`]+`|^```.*?^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    named = set(re.findall(r"\bcallsheet (\w+)", "\n".join(code)))
    assert named <= set(COMMANDS)
    assert {"web", "scheduling", "worker", "migrate"} <= named


def test_processes_say_what_they_lack(tmp_path: Path) -> None:
    for name, wanted in (("web", "DATABASE_URL"), ("scheduling", "AMQP_URL"), ("worker", "AMQP_URL")):
        ended = run(["callsheet", name], tmp_path)
        assert ended.returncode == 78
        assert wanted in ended.stderr
        assert "Traceback" not in ended.stderr
    servers = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "AMQP_URL": "amqp://127.0.0.1:1"}
    ended = run(["callsheet", "worker", "--", "--threads", "many"], tmp_path, **servers)
    assert (ended.returncode, "invalid int value" in ended.stderr) == (2, True)
    assert os.listdir(tmp_path) == []


def test_up_runs_their_actors_too(tmp_path: Path, database_url: str) -> None:
    repository = copy_template(tmp_path)
    with OwnDeployment(repository, database_url, "") as own:
        own.environment["CALLSHEET_ACTORS__MODULES"] = '["shop.tasks"]'
        own.start("worker", command="callsheet up --data data")
        eventually(lambda: own.api.get("/health/ready").status_code == 200, 60, ignoring=httpx.HTTPError)
        eventually(lambda: "send_reminders" in own.api.get("/v1/actors").text)
        own.create("reminders", actor="send_reminders")
        assert own.finished(own.trigger("reminders"))["result"] == 1
        (repository / "config.py").touch()
        assert own.stop("worker") == 0
        own.start("worker", command="callsheet up --data data")
        assert own.exited("worker") == 78
        assert "config.py" in own.log_path("worker").read_text()
