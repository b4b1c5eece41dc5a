"""`callsheet up`: API, scheduling and a worker in one process. The one place that wires all of callsheet together."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import dramatiq
import sqlalchemy as sa
from pydantic import SecretStr

from actors.worker.claiming.brokers import LocalBroker
from actors.worker.wiring import make_broker
from api.access.sessions import make_link
from api.app import make_app
from api.cli.local.embedded_postgres import EmbeddedPostgres
from api.cli.local.modules import look_in
from api.cli.local.sample import add_sample_schedule
from api.telemetry.export import Export
from api.web.server import make_server
from config.credentials import hide_process
from config.database import make_engine
from config.logging import configure_logging
from config.sections import LOCAL_AMQP_URL, Http
from config.settings import Settings, SettingsError, exit_with, load_settings, use_settings
from config.telemetry import switch
from migrations import upgrade_to_head
from scheduling.dead_letters.counting import Counter, Counting
from scheduling.dead_letters.local import LocalCounter
from scheduling.dead_letters.rabbitmq import RabbitCounter
from scheduling.loop import run_until_stopped
from scheduling.publish import Publisher
from scheduling.publishers.exchange import EventExchange
from scheduling.publishers.local import LocalPublisher
from scheduling.publishers.rabbitmq import RabbitPublisher
from scheduling.relay import Relay
from scheduling.tick import Ticker
from scheduling.wakeups import Wakeups

WORKER_THREADS = 8
LOOPBACK = "127.0.0.1"


def run_everything(data: Path | None, prepare: Callable[[sa.Engine], None] = add_sample_schedule) -> None:
    """Run until Ctrl-C or TERM; then let what runs end or give it back, write all results, and stop the servers.

    `prepare` puts into the migrated database what is to be there before anything runs.
    """
    hide_process()
    signals = _catch_signals()
    folder = (data or default_data_folder()).resolve()
    with ExitStack() as stack:
        stack.enter_context(_only_one(folder))
        settings = _make_settings(folder, stack)
        configure_logging(settings.log)
        switch.start("callsheet", is_local=settings.amqp.is_local)
        stack.callback(switch.stop)
        engine = make_engine(settings.database, pool_size=settings.database.pool_size, application="up")
        stack.callback(engine.dispose)
        upgrade_to_head()
        prepare(engine)
        broker = _start_worker(settings, stack)
        _start_scheduling(settings, engine, broker, stack)
        url = _start_api(settings, engine, stack)
        _greet(url, settings.http.admin_token, _link(url, engine, settings), folder)
        _wait_for_signal(signals)
        print("callsheet is stopping: what runs may end, the rest goes on at the next start.", flush=True)


def default_data_folder(name: str = "callsheet") -> Path:
    """Below what `XDG_DATA_HOME` says, else a folder of the user's; for root one with nothing private above it, as its
    server runs as somebody else."""
    if given := os.environ.get("XDG_DATA_HOME"):
        return Path(given) / name
    return Path("/var/lib") / name if os.geteuid() == 0 else Path.home() / ".local" / "share" / name


def _catch_signals() -> int:
    """Have Ctrl-C and TERM write into a pipe, from now on, for `_wait_for_signal`."""
    reader, writer = os.pipe()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda _signum, _frame: os.write(writer, b"."))
    return reader


def _wait_for_signal(pipe: int) -> None:
    os.read(pipe, 1)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SystemExit(
                f"callsheet is already running with the data in {folder}, {lock.read().strip() or 'somewhere'}.\n"
                f"Another folder is given by --data, CALLSHEET_DATA or XDG_DATA_HOME."
            ) from None
        lock.truncate(0)
        lock.write(f"as process {os.getpid()} in {Path.cwd()}\n")
        lock.flush()
        yield


@contextmanager
def _embedded_postgres(folder: Path) -> Iterator[str]:
    try:
        server = EmbeddedPostgres(folder)
        server.start()
    except RuntimeError as error:
        raise SystemExit(f"{error}\nAnother folder is given by --data, CALLSHEET_DATA or XDG_DATA_HOME.") from None
    try:
        yield server.url
    finally:
        server.stop()


def _admin_token(folder: Path) -> str:
    """The token made at the first start, readable by this user alone."""
    path = folder / "admin-token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def _make_settings(folder: Path, stack: ExitStack) -> Settings:
    """The settings of this process, in which we fill in what the environment leaves open: an address that nobody else
    reaches, a token, a server, and queues inside this process."""
    given = {"CALLSHEET_HTTP__HOST": LOOPBACK, "CALLSHEET_ADMIN_TOKEN": _admin_token(folder)} | dict(os.environ)
    if not given.get("DATABASE_URL"):
        given["DATABASE_URL"] = stack.enter_context(_embedded_postgres(folder / "postgresql"))
    try:
        settings = load_settings(given, require=("database.url",))
    except SettingsError as error:
        exit_with(error)
    if settings.amqp.url is None:
        local = settings.amqp.model_copy(update={"url": SecretStr(LOCAL_AMQP_URL)})
        settings = settings.model_copy(update={"amqp": local})
    use_settings(settings)
    return settings


def _start_worker(settings: Settings, stack: ExitStack) -> dramatiq.Broker:
    if settings.actors.modules:
        look_in([str(Path.cwd())])
    broker = make_broker(settings)
    dramatiq.set_broker(broker)
    broker.emit_after("process_boot")
    worker = dramatiq.Worker(broker, worker_threads=WORKER_THREADS)
    worker.start()
    stack.callback(worker.stop, timeout=int(settings.worker.stop_seconds * 1000))
    return broker


def _start_scheduling(settings: Settings, engine: sa.Engine, broker: dramatiq.Broker, stack: ExitStack) -> None:
    stopping = threading.Event()
    publisher: Publisher
    if settings.amqp.is_local:
        publisher = LocalPublisher(broker)
    else:
        publisher = rabbit = RabbitPublisher(settings.amqp)
        rabbit.start()
        stack.callback(rabbit.close)
    wakeups = Wakeups(settings.database)
    stack.callback(wakeups.close)
    ticker = Ticker(engine, publisher, settings)
    stack.callback(ticker.close)
    exchange = None
    if not settings.amqp.is_local:
        exchange = EventExchange(settings.amqp)
        exchange.start()
        stack.callback(exchange.close)
    relay = Relay(engine, settings, exchange)
    relay.start()
    stack.callback(relay.close)
    counter: Counter = LocalCounter(broker.refused) if isinstance(broker, LocalBroker) else RabbitCounter(settings.amqp)
    counting = Counting(engine, counter)
    counting.start()
    stack.callback(counting.close)
    arguments = (ticker.tick, wakeups.wait, stopping.is_set)
    thread = threading.Thread(target=run_until_stopped, args=arguments, name="scheduling", daemon=True)
    thread.start()
    stack.callback(thread.join, 10)
    stack.callback(stopping.set)


def _start_api(settings: Settings, engine: sa.Engine, stack: ExitStack) -> str:
    try:
        server = make_server(make_app(engine, settings), settings)
    except OSError as error:
        raise SystemExit(_say_busy(settings.http, error)) from None
    export = Export(engine)
    export.start()
    stack.callback(export.close)
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    stack.callback(thread.join, 10)
    stack.callback(server.stop)
    return f"http://{settings.http.host}:{server.port}"


def _say_busy(http: Http, error: OSError) -> str:
    said = f"callsheet can't listen on {http.host}:{http.port}: {error.strerror or error}."
    free = next((port for port in range(http.port + 1, min(http.port + 100, 65536)) if _is_free(http.host, port)), None)
    return said if free is None else f"{said}\nPort {free} is free: PORT={free} callsheet up"


def _is_free(host: str, port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK if host == "0.0.0.0" else host, port), 1).close()  # noqa: S104 - asked
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def _link(url: str, engine: sa.Engine, settings: Settings) -> str:
    """Where the dashboard is; the first who follows it is signed in."""
    if settings.http.admin_token is None:
        return url
    with engine.begin() as connection:
        return f"{url}/sign-in?code={make_link(connection, settings.http.admin_token)}"


def _greet(url: str, token: SecretStr | None, link: str, folder: Path) -> None:
    print(
        f"\ncallsheet is up.\n"
        f"  open   {link}   (signs in once, within 15 minutes)\n"
        f"  API    {url}/v1/schedules   (documentation: {url}/docs)\n"
        f"  token  {token.get_secret_value() if token else 'none'}   (callsheet login {url} asks for it)\n"
        f"  data   {folder}\n"
        f"Stop it with Ctrl-C; a restart goes on where it stopped.\n",
        flush=True,
    )
