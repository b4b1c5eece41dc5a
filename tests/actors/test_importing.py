"""Importing is free: nothing is read, reached, configured or ended by it, and a broker that is set already stays."""

import os
import subprocess
import sys

import pytest

from tests.end_to_end.deployment import ROOT

IMPORTS = [
    "from actors.context import current_run",
    "from actors import testing",
    "import actors.http_request",
    "import actors.prune_history, actors.verify_slots, actors.notify",
    "import actors.run_process, actors.log_message",
]

WATCH = """
import logging, sys
touched = []
def watch(event, arguments):
    if event.startswith("socket.connect") or (event == "open" and str(arguments[0]).endswith("callsheet.toml")):
        touched.append((event, arguments))
sys.addaudithook(watch)
"""

NOTHING_HAPPENED = """
import config.settings, dramatiq.broker, structlog, threading
assert touched == [], touched
assert config.settings._in_force is None
assert logging.getLogger().handlers == []
assert not structlog.is_configured()
assert threading.active_count() == 1
assert type(dramatiq.broker.global_broker).__name__ == "RabbitBroker"
"""


def python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the code where there is no setting but those given."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("line", IMPORTS)
def test_importing_is_free(line: str) -> None:
    ended = python(f"{WATCH}\n{line}\n{NOTHING_HAPPENED}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_is_free_where_the_settings_have_problems() -> None:
    ended = python("import actors.http_request", DATABASE_URL="mysql://x", CALLSHEET_NONSENSE="1")
    assert (ended.returncode, ended.stderr) == (0, "")


BROKERS = [
    "from dramatiq.brokers.stub import StubBroker; mine = StubBroker()",
    "from dramatiq.brokers.rabbitmq import RabbitmqBroker; mine = RabbitmqBroker(url='amqp://nowhere.invalid')",
]


@pytest.mark.parametrize("line", BROKERS, ids=["stub", "rabbitmq"])
def test_a_broker_that_was_set_before_stays(line: str) -> None:
    code = f"""
import dramatiq
{line}
dramatiq.set_broker(mine)
before = list(mine.middleware)
from actors.context import current_run
import actors.log_message
assert dramatiq.get_broker() is mine
assert mine.middleware == before
assert actors.log_message.log_message.broker is mine
"""
    ended = python(code)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_message_without_a_broker_to_send_it_to_says_what_is_missing() -> None:
    ended = python("from actors.log_message import log_message; log_message.send('x')")
    assert ended.returncode == 1
    assert (
        ended.stderr.splitlines()[-1] == "config.settings.SettingsError: amqp.url: must be set, for example by AMQP_URL"
    )
