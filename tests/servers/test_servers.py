import os
import signal
import subprocess
import sys
from pathlib import Path

import pika
import psutil
import psycopg
import pytest

from tests.servers.keeper import Keeper
from tests.servers.places import new_run_folder
from tests.servers.postgres import PostgresServer
from tests.servers.processes import start_program
from tests.servers.rabbitmq import RabbitNode
from tests.servers.vhosts import BATCH, definitions, vhost_name
from tests.waiting import eventually


def send(url: str, queue: str, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True)
        channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True)


def receive(url: str, queue: str) -> bytes | None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        return connection.channel().basic_get(queue, auto_ack=True)[2]


def test_each_test_gets_a_database_of_its_own(database_url: str, empty_database_url: str) -> None:
    assert database_url != empty_database_url
    with psycopg.connect(database_url) as first, psycopg.connect(empty_database_url) as second:
        first.execute("CREATE TABLE things (id int)")
        tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'things'"
        assert first.execute(tables).fetchone() == (1,)
        assert second.execute(tables).fetchone() == (0,)


def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)


def test_a_message_goes_through_a_virtual_host(amqp_url: str) -> None:
    send(amqp_url, "letters", b"hello")
    assert receive(amqp_url, "letters") == b"hello"


def test_another_test_gets_another_virtual_host(amqp_url: str) -> None:
    if "TEST_AMQP_URL" in os.environ:
        assert amqp_url == os.environ["TEST_AMQP_URL"]
        return
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
            channel.queue_declare("letters", passive=True)


def test_a_batch_of_virtual_hosts_follows_the_one_before() -> None:
    names = [vhost["name"] for first in (0, BATCH) for vhost in definitions(first)["vhosts"]]
    assert names == [vhost_name(number) for number in range(2 * BATCH)]


def test_a_rabbitmq_node_of_its_own_keeps_durable_messages_over_stop_and_kill(own_rabbitmq: RabbitNode) -> None:
    send(own_rabbitmq.url, "letters", b"first")
    own_rabbitmq.stop()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        receive(own_rabbitmq.url, "letters")
    own_rabbitmq.start()
    assert receive(own_rabbitmq.url, "letters") == b"first"

    send(own_rabbitmq.url, "letters", b"second")
    own_rabbitmq.kill()
    own_rabbitmq.start()
    assert receive(own_rabbitmq.url, "letters") == b"second"


@pytest.mark.parametrize("own_rabbitmq", [{"config": ["consumer_timeout = 12345"]}], indirect=True)
def test_a_rabbitmq_node_takes_configuration_and_answers_rabbitmqctl(own_rabbitmq: RabbitNode) -> None:
    assert "{consumer_timeout,12345}" in own_rabbitmq.ctl("environment")
    with pytest.raises(RuntimeError, match="no_such_command"):
        own_rabbitmq.ctl("no_such_command")


@pytest.mark.parametrize("own_postgres", [{"fsync": True}], indirect=True)
def test_a_postgres_server_of_its_own_keeps_data_over_restart_and_kill(own_postgres: PostgresServer) -> None:
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE TABLE things (id int)")
        connection.execute("INSERT INTO things VALUES (1)")
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    own_postgres.restart()
    own_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_postgres.url)
    own_postgres.start()
    with psycopg.connect(own_postgres.url) as connection:
        assert connection.execute("SELECT id FROM things").fetchall() == [(1,)]


def test_a_node_that_cannot_start_shows_its_log() -> None:
    node = RabbitNode(config=["no.such.setting = 1"])
    with pytest.raises(RuntimeError, match=r"(?s)ended with code.*no\.such\.setting"), node:
        pass
    assert not node.folder.exists()


def test_the_keeper_ends_what_a_run_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run_folder()
    monkeypatch.setenv("TEST_RUN_FOLDER", str(folder))
    keeper = Keeper(folder)
    server = PostgresServer()
    server.start()
    sleeper = start_sleeper(server.folder)
    child = eventually(lambda: psutil.Process(sleeper.pid).children(), message="no child")[0]
    keeper.end_run()
    assert server._process is not None
    assert server._process.wait(timeout=5) == 0
    assert sleeper.wait(timeout=5) == -signal.SIGKILL
    eventually(
        lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, message="the child did not end"
    )
    assert not folder.exists()


def test_the_keeper_ends_a_run_that_was_killed() -> None:
    folder = new_run_folder()
    (folder / "server").mkdir()
    run = subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(folder)], cwd=Path(__file__).parents[2])
    assert run.wait(timeout=30) == -signal.SIGKILL
    eventually(lambda: not folder.exists(), message="the folder of the killed run is still there")


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from tests.servers.keeper import Keeper
from tests.servers.processes import start_program
folder = Path(sys.argv[1])
keeper = Keeper(folder)
start_program("sleeper", ["sleep", "600"], folder / "server", os.environ)
os.kill(os.getpid(), signal.SIGKILL)
"""


def start_sleeper(folder: Path) -> subprocess.Popen[bytes]:
    return start_program("sleeper", ["sh", "-c", "sleep 600 & wait"], folder, os.environ)
