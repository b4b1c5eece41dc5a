"""callsheet's own credentials: which there are, and that nobody of the same user finds them in a process."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.credentials import credentials_of
from config.environment import drop_setting
from config.secrets import MASK, known_secrets
from config.settings import load_settings, use_settings
from tests.end_to_end.deployment import ROOT

TOKEN = "a-token-of-forty-characters-for-the-admin"


def credentials(**environ: str) -> set[str]:
    settings = load_settings(environ)
    return set(credentials_of(settings.database, settings.amqp, settings.http, settings.smtp))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://u:hunter22@h/d", {"hunter22"}),
        ("postgresql://u:hunter22@h1:1,h2:2/d?target_session_attrs=any", {"hunter22"}),
        ("postgresql://u@h/d?password=hunter22&sslpassword=hunter33", {"hunter22", "hunter33"}),
        ("postgresql://u:h%75nter%2F22@h/d", {"hunter/22", "h%75nter%2F22"}),
        ("postgresql:///d?host=/run/x&user=u", set()),
        ("postgresql://app:app@h/d", {"app:app@"}),
        ("postgresql://app:Store@h/store", {"app:Store@"}),
        ("postgresql://app:abc@h/d", {"app:abc@"}),
    ],
)
def test_the_passwords_of_an_address_of_postgresql(url: str, found: set[str]) -> None:
    assert credentials(DATABASE_URL=url) == found
    assert credentials(CALLSHEET_DATABASE__LISTEN_URL=url) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("amqp://u:hunter22@h/%2F", {"hunter22"}),
        ("amqps://u:hunter%4022@h/v?heartbeat=10", {"hunter@22", "hunter%4022"}),
        ("amqp://guest:guest@h", {"guest:guest@"}),
        ("amqp://u:hunter22@h1;amqp://u:hunter33@h2", {"hunter22", "hunter33"}),
        ("amqp://h", set()),
        ("local://", set()),
    ],
)
def test_the_password_of_an_address_of_rabbitmq(url: str, found: set[str]) -> None:
    assert credentials(AMQP_URL=url) == found


def test_the_password_for_email() -> None:
    server = {"CALLSHEET_SMTP__HOST": "mail", "CALLSHEET_SMTP__SENDER": "c@h", "CALLSHEET_SMTP__USERNAME": "c"}
    assert credentials(**server, CALLSHEET_SMTP__PASSWORD="hunter22") == {"hunter22"}
    assert credentials(**server, CALLSHEET_SMTP__PASSWORD="abc") == set()
    assert credentials() == set()


@pytest.fixture
def in_force() -> Iterator[None]:
    urls = {"DATABASE_URL": "postgresql://u:hunter%2F22@h/d", "AMQP_URL": "amqp://guest:guest@h"}
    use_settings(load_settings({**urls, "CALLSHEET_ADMIN_TOKEN": TOKEN}))
    yield
    use_settings(None)


@pytest.mark.usefixtures("in_force")
def test_they_are_masked_while_their_settings_are_in_force() -> None:
    text = f"postgresql://u:hunter%2F22@h/d hunter/22 amqp://guest:guest@h {TOKEN} a guest"
    assert known_secrets().mask(text) == f"postgresql://u:{MASK}@h/d {MASK} amqp://{MASK}h {MASK} a guest"
    use_settings(None)
    assert known_secrets().mask(text) == text


@pytest.mark.parametrize(
    "name", ["CALLSHEET_ADMIN_TOKEN", "CALLSHEET_HTTP__ADMIN_TOKEN", "CALLSHEET_http__Admin_Token"]
)
def test_a_setting_can_be_taken_out_of_the_environment_by_each_of_its_names(name: str) -> None:
    environ = {name: TOKEN, "CALLSHEET_HTTP__PORT": "1", "CALLSHEET_SECRET_ADMIN_TOKEN": "x", "admin_token": "x"}
    kept = {key: value for key, value in environ.items() if key != name}
    drop_setting(environ, "http", "admin_token")
    assert environ == kept


# As whoever runs the tests, or where that is root, for whom nothing is hidden, as nobody. All is done once before, as
# nobody may not be able to read Python's library.
LOOK = """
import ctypes, multiprocessing, os, subprocess, sys
from pathlib import Path
import psycopg
from actors.outside.child_process import run_to_end
from config.credentials import hide_process

READ = 'for each in environ mem auxv; do head -c 1 "/proc/$0/$each" >/dev/null 2>&1 && echo "$each"; done; exit 0'

def work():
    said = []
    yield run_to_end(["/bin/sh", "-c", READ, str(os.getpid())], {"PATH": os.defpath}, Path("/"), None, said.append)
    yield "environ" in b"".join(said).decode()
    yield len(subprocess.run(["/bin/ls", "/proc/self/fd"], capture_output=True, check=True).stdout.split())
    child = multiprocessing.get_context("fork").Process(target=os.listdir, args=("/proc/self/fd",))
    child.start()
    child.join()
    yield child.exitcode
    yield os.readlink("/proc/self/exe") != ""
    with psycopg.connect(sys.argv[2]) as connection:
        yield connection.execute("SELECT 1").fetchone()

list(work())
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a process is that somebody has started
if sys.argv[1] == "hidden":
    hide_process()
print(list(work()))
"""


@pytest.mark.parametrize(("how", "is_seen"), [("open", True), ("hidden", False)])
def test_a_program_of_the_same_user_sees_nothing_of_a_hidden_process(
    how: str, is_seen: bool, database_url: str
) -> None:
    """What needs to look at its own process works all the same."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": "hidden"}
    command = [sys.executable, "-c", LOOK, how, database_url]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"[0, {is_seen}, 4, 0, True, (1,)]\n"
