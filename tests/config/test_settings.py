"""Settings: order of sources, and all problems at once without a secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.sections import Section
from config.settings import (
    DEFAULT_FILE,
    Settings,
    SettingsError,
    get_settings,
    load_settings,
    settings_or_exit,
    use_settings,
)
from tests.end_to_end.deployment import ROOT

URLS = {"DATABASE_URL": "postgres://u:hidden-1@db/x", "AMQP_URL": "amqp://u:hidden-2@mq/%2F"}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "callsheet.toml"
    file.write_text('[http]\nport = 7000\nthreads = 3\n[run_process]\nallow = ["a"]\n')
    environ = {"CALLSHEET_CONFIG": str(file), "PORT": "7001", "CALLSHEET_RUN_PROCESS__ALLOW": '["b", "c"]'}
    settings = load_settings(environ)
    assert (settings.http.port, settings.http.threads) == (7001, 3)
    assert settings.run_process.allow == ["b", "c"]
    assert settings.scheduling.poll_seconds == 1
    assert load_settings(environ | {"CALLSHEET_HTTP__PORT": "7002"}).http.port == 7002


@pytest.mark.parametrize("name", ["AMQP_URL", "CLOUDAMQP_URL", "RABBITMQ_URL"])
def test_platforms_have_several_names_for_the_broker(name: str) -> None:
    url = load_settings({name: "amqp://h/"}).amqp.url
    assert url is not None
    assert url.get_secret_value() == "amqp://h/"


def test_all_problems_are_listed_at_once_with_names_and_without_values(tmp_path: Path) -> None:
    file = tmp_path / "callsheet.toml"
    file.write_text('[htpp]\nport = 1\n[log]\nlevel = "hidden-3"\n')
    environ = {
        "CALLSHEET_CONFIG": str(file),
        "DATABASE_URL": "mysql://u:hidden-1@h/d",
        "CALLSHEET_ADMIN_TOKEN": "hidden-4",
        "CALLSHEET_WORKER__LEASE_SECONDS": "-1",
        "CALLSHEET_RUN_PROCESS__ALLOW": "hidden-5",
        "CALLSHEET_HTTP_REQUEST__ALLOW_NETWORKS": '["10.0.0.0/8", "hidden-6"]',
        "CALLSHEET_NONSENSE": "x",
        "CALLSHEET_HTTP__PROT": "x",
    }
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, require=("amqp.url",))
    problems = "\n".join(caught.value.problems)
    for name in (
        "htpp",
        "log.level",
        "database.url",
        "http.admin_token",
        "worker.lease_seconds",
        "run_process.allow",
        "http_request.allow_networks",
        "CALLSHEET_NONSENSE",
        "CALLSHEET_HTTP__PROT",
        "amqp.url",
    ):
        assert name in problems
    assert "hidden" not in problems


def test_a_file_that_is_missing_or_malformed_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't read"):
        load_settings({"CALLSHEET_CONFIG": str(tmp_path / "none.toml")})
    (tmp_path / "bad.toml").write_text("= nonsense")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings({"CALLSHEET_CONFIG": str(tmp_path / "bad.toml")})


@pytest.mark.parametrize("name", ["CALLSHEET_SECRET_API_KEY", "CALLSHEET_RUN_ID", "CALLSHEET_SLOT"])
def test_what_tasks_find_in_their_environment_is_no_setting(name: str) -> None:
    assert load_settings({name: "x"}) == load_settings({})


@pytest.mark.parametrize(
    "command",
    [["-m", "api"], ["-m", "scheduling"], ["-m", "dramatiq", "actors", "-p", "1"], ["-m", "alembic", "current"]],
)
def test_every_process_stops_at_once_with_code_78_and_shows_no_secret(command: list[str]) -> None:
    environ = {"PATH": os.environ["PATH"], "CALLSHEET_LOG__LEVEL": "hidden-7", "DATABASE_URL": "mysql://u:hidden-8@h/d"}
    ended = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 78
    assert "log.level" in ended.stderr
    assert "database.url" in ended.stderr
    assert "hidden" not in ended.stdout + ended.stderr


def test_everybody_in_a_process_has_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URLS["DATABASE_URL"])
    use_settings(None)
    settings = settings_or_exit("database.url")
    assert get_settings() is settings_or_exit() is settings
    with pytest.raises(SettingsError, match=r"^amqp.url: must be set, for example by AMQP_URL$"):
        get_settings("amqp.url")
    use_settings(other := load_settings(URLS))
    assert get_settings("amqp.url") is other
    use_settings(None)


def test_the_shipped_file_names_every_setting_with_its_default() -> None:
    text = DEFAULT_FILE.read_text()
    secret = {"url", "listen_url", "admin_token"}
    for section, field in Settings.model_fields.items():
        assert f"[{section}]" in text
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, Section)
        for key in model.model_fields.keys() - secret:
            assert f"# {key} = " in text


def test_the_settings_in_force_are_shown_with_secrets_masked() -> None:
    environ = {"PATH": os.environ["PATH"], **URLS, "CALLSHEET_ADMIN_TOKEN": "hidden-3" * 5}
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", "config"], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert '"window": 1000' in ended.stdout
    assert "hidden" not in ended.stdout


@pytest.mark.parametrize(
    "url", ["callsheet.example.com", "ftp://x", "https://", "https://x?y=1", "javascript:alert(1)"]
)
def test_where_browsers_find_callsheet_is_an_address(url: str) -> None:
    with pytest.raises(SettingsError):
        load_settings({"CALLSHEET_HTTP__PUBLIC_URL": url})
    assert load_settings({"CALLSHEET_HTTP__PUBLIC_URL": "https://x/y/"}).http.public_url == "https://x/y"
