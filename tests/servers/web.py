"""The web process as a thread of the test's own: there at once, where no test needs it to be a process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.app import make_app
from api.web.server import make_server
from config.database import make_engine
from config.settings import load_settings


@contextmanager
def served(database_url: str, token: str) -> Iterator[str]:
    """The address of a server on a database, with this admin token."""
    environment = {
        "DATABASE_URL": database_url,
        "PORT": "0",
        "CALLSHEET_ADMIN_TOKEN": token,
        "CALLSHEET_HTTP__HOST": "127.0.0.1",
    }
    settings = load_settings(environment)
    engine = make_engine(settings.database, pool_size=settings.database.pool_size, application="api")
    server = make_server(make_app(engine, settings), settings)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(30)
        engine.dispose()
