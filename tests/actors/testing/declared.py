"""Actors of tests, declared on a broker that none other uses."""

from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker

from actors.worker.middleware.options import Options


def actor(function: Callable[..., Any], **options: Any) -> dramatiq.Actor[..., Any]:
    return dramatiq.actor(broker=StubBroker(middleware=[Options()]), **options)(function)
