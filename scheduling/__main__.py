"""`python -m scheduling`: the scheduling process. Any number of them may run."""

import signal
import time
from collections.abc import Callable

from config.collector import at_rest, settle

with at_rest():
    import sqlalchemy as sa
    import structlog

    from config.credentials import hide_process
    from config.database import make_engine
    from config.logging import configure_logging
    from config.sessions import when_lost
    from config.settings import Settings, settings_or_exit
    from config.telemetry import switch
    from migrations.pending import wait_until_migrated
    from models.sql.locks import PATIENCE_MILLISECONDS
    from scheduling.dead_letters.counting import Counting
    from scheduling.dead_letters.rabbitmq import RabbitCounter
    from scheduling.loop import run_until_stopped
    from scheduling.planners import PLANNERS
    from scheduling.publishers.exchange import EventExchange
    from scheduling.publishers.rabbitmq import RabbitPublisher
    from scheduling.relay import Relay
    from scheduling.tick import Ticker
    from scheduling.wakeups import Wakeups

CONNECTIONS = 2
"""To PostgreSQL: to plan, and to publish beside it. Another listens."""

AT_TIMES = PLANNERS
"""More while those are in use: for the planners beside the first, where much is due, and for upkeep."""


def main() -> None:
    """Run until TERM or INT: finish the round under way, then stop."""
    hide_process()
    settings = settings_or_exit("database.url", "amqp.url")
    configure_logging(settings.log)
    stopping = False

    def stop(_signum: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    engine = make_engine(
        settings.database,
        pool_size=CONNECTIONS,
        overflow=AT_TIMES,
        application="scheduling",
        ping=False,
        plan_once=True,
        patience_milliseconds=PATIENCE_MILLISECONDS,
    )

    def rest(seconds: float) -> bool:
        time.sleep(seconds)
        return stopping

    switch.start("callsheet-scheduling")
    if wait_until_migrated(engine, rest, "scheduling"):
        _schedule(settings, engine, lambda: stopping)
    engine.dispose()
    switch.stop()


def _schedule(settings: Settings, engine: sa.Engine, stopping: Callable[[], bool]) -> None:
    publisher = RabbitPublisher(settings.amqp)
    publisher.start()
    wakeups = Wakeups(settings.database)
    when_lost(engine, wakeups.renew)
    ticker = Ticker(engine, publisher, settings)
    exchange = EventExchange(settings.amqp)
    exchange.start()
    relay = Relay(engine, settings, exchange)
    relay.start()
    counting = Counting(engine, RabbitCounter(settings.amqp))
    counting.start()
    settle()
    structlog.get_logger("scheduling").info("start")
    run_until_stopped(ticker.tick, wakeups.wait, stopping)
    ticker.close()
    counting.close()
    relay.close()
    exchange.close()
    publisher.close()
    wakeups.close()


if __name__ == "__main__":
    main()
