"""Which servers the tests use: those named in the environment, else containers, else private ones on this machine."""

import os
from typing import Literal

from tests.servers import containers

DATABASE_VARIABLE = "TEST_DATABASE_URL"
AMQP_VARIABLE = "TEST_AMQP_URL"

Kind = Literal["given", "container", "private"]


def choose_postgres() -> Kind:
    return _choose(DATABASE_VARIABLE)


def choose_rabbitmq() -> Kind:
    return _choose(AMQP_VARIABLE)


def _choose(variable: str) -> Kind:
    if os.environ.get(variable):
        return "given"
    return "container" if containers.engine_answers() else "private"
