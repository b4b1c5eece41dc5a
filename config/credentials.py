"""callsheet's own credentials: kept from whoever can read what it writes, or looks at its processes.

A process that is not dumpable leaves no core, and nobody of its user can read its memory or the environment it was
started with; root can.
"""

import ctypes
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from config.secrets import SHORTEST
from config.sections import Amqp, Database, Http
from config.smtp import Smtp

_PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Make this process not dumpable, where there is such a thing. A program that it starts is as any other."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def credentials_of(database: Database, amqp: Amqp, http: Http, smtp: Smtp) -> Iterator[str]:
    """What these settings get in with: the passwords of their addresses, as they are and as they stand there, the
    admin token, and the password for email."""
    for url in (database.url, database.listen_url):
        if url is not None:
            yield from _passwords(url, conninfo_to_dict(url.get_secret_value()))
    for address in amqp.addresses if amqp.url is not None else ():
        parts = urlsplit(address)
        others = {"user": parts.username, "host": parts.hostname, "dbname": parts.path.strip("/")}
        yield from _passwords(SecretStr(address), others | {"password": unquote(parts.password or "")})
    if http.admin_token is not None:
        yield http.admin_token.get_secret_value()
    if len(smtp.password) >= SHORTEST:
        yield smtp.password.get_secret_value()


def _passwords(address: SecretStr, given: Mapping[str, Any]) -> Iterator[str]:
    user = unquote(str(given.get("user") or ""))
    names = {str(given.get(key)).lower() for key in ("user", "host", "dbname")}
    stands = urlsplit(address.get_secret_value()).password
    for password in {str(each) for each in (given.get("password"), given.get("sslpassword"), stands) if each}:
        # What is a name besides, such as RabbitMQ's `guest`, is no secret, and would mask half of all text.
        is_name = len(password) < SHORTEST or password.lower() in names
        yield f"{user}:{password}@" if is_name else password
