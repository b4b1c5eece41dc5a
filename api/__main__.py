"""`python -m api`: the web process. Any number of them may run."""

import signal

from config.collector import at_rest

with at_rest():
    from api.app import make_app
    from api.metrics.telling import Telling
    from api.telemetry.export import Export
    from api.web.server import make_server
    from config.credentials import hide_process
    from config.database import make_engine
    from config.logging import configure_logging
    from config.settings import settings_or_exit
    from config.telemetry import switch


def main() -> None:
    """Serve until TERM or INT, then finish the requests under way."""
    hide_process()
    settings = settings_or_exit("database.url", "http.admin_token")
    configure_logging(settings.log)
    switch.start("callsheet-api", is_local=settings.amqp.is_local)
    engine = make_engine(settings.database, pool_size=settings.database.pool_size, application="api")
    server = make_server(make_app(engine, settings), settings)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda _signum, _frame: server.stop())
    telling = Telling(engine)
    telling.start()
    export = Export(engine)
    export.start()
    server.run()
    export.close()
    telling.close()
    engine.dispose()
    switch.stop()


if __name__ == "__main__":
    main()
