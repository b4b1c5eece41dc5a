"""The HTTP server: waitress, with limits that keep it answering, and an end that drains."""

import time
from typing import Any

import structlog
import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ThreadedTaskDispatcher

from config.sections import Http
from config.settings import Settings

CONNECTION_LIMIT = 500
IDLE_SECONDS = 30
MAX_REQUEST_BYTES = 2 * 1024 * 1024
"""Above our own limit, so that a body moderately too large is read and gets a proper answer, not a reset."""

HEALTH_THREADS = 2
DRAIN_SECONDS = 10
_POLL_SECONDS = 1

log = structlog.get_logger("api")


class Server:
    """A listening server. `run` blocks until `stop`, which any thread or signal handler may call."""

    def __init__(self, app: Any, http: Http) -> None:
        self._map: dict[int, Any] = {}
        self._lanes = _Lanes(http.threads)
        self._stopping = False
        self._closed = False
        waitress.create_server(app, self._map, _dispatcher=self._lanes, **_adjustments(http))
        self._listeners = [each for each in self._map.values() if isinstance(each, BaseWSGIServer)]
        self.port = int(self._listeners[0].effective_port)

    def run(self) -> None:
        """Serve until stopped; then finish the requests under way, for 10 seconds at most."""
        log.info("listen", port=self.port)
        try:
            while not self._stopping:
                self._turn()
                self._shed()
            self._drain()
        finally:
            self._close()

    def stop(self) -> None:
        """Begin to drain."""
        self._stopping = True
        if not self._closed:
            self._listeners[0].pull_trigger()

    def _turn(self) -> None:
        wasyncore.loop(timeout=_POLL_SECONDS, use_poll=True, map=self._map, count=1)

    def _shed(self) -> None:
        """At the limit of connections the quietest idle ones go: half-open clients must not shut others out."""
        if len(self._map) < CONNECTION_LIMIT:
            return
        idle = [channel for channel in self._channels() if not _is_busy(channel)]
        idle.sort(key=lambda channel: channel.last_activity)
        for channel in idle[: CONNECTION_LIMIT // 10]:
            channel.handle_close()

    def _drain(self) -> None:
        for listener in self._listeners:
            # Not its own close: that would take the trigger away, by which threads report their answers.
            wasyncore.dispatcher.close(listener)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            for channel in self._channels():
                if not _is_busy(channel):
                    channel.handle_close()
            if not self._channels():
                return
            self._turn()
        log.warning("drain", requests=len(self._channels()))

    def _close(self) -> None:
        self._closed = True
        self._lanes.shutdown()
        for listener in self._listeners:
            listener.close()
        wasyncore.close_all(self._map, ignore_all=True)

    def _channels(self) -> list[HTTPChannel]:
        return [each for each in self._map.values() if isinstance(each, HTTPChannel)]


class _Lanes:
    """Two sets of threads, so that health is answered while all others are busy."""

    def __init__(self, threads: int) -> None:
        self._health = ThreadedTaskDispatcher()
        self._health.set_thread_count(HEALTH_THREADS)
        self._others = ThreadedTaskDispatcher()
        self._others.set_thread_count(threads)

    def add_task(self, channel: HTTPChannel) -> None:
        path = str(getattr(channel.requests[0], "path", ""))
        (self._health if path.startswith("/health/") else self._others).add_task(channel)

    def shutdown(self) -> None:
        for lane in (self._health, self._others):
            lane.shutdown(timeout=_POLL_SECONDS)


def make_server(app: Any, settings: Settings) -> Server:
    """A server for the app that listens from now on, and serves once it is run."""
    return Server(app, settings.http)


def _is_busy(channel: HTTPChannel) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)


def _adjustments(http: Http) -> dict[str, Any]:
    values: dict[str, Any] = {
        "host": http.host,
        "port": http.port,
        "connection_limit": CONNECTION_LIMIT,
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": IDLE_SECONDS // 3,
        "max_request_body_size": MAX_REQUEST_BYTES,
        "asyncore_use_poll": True,
        "ident": None,
        "clear_untrusted_proxy_headers": True,
    }
    if http.trusted_proxy:
        # One hop is the platform's router; what lies before it in X-Forwarded-For anybody may have written.
        headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}
        values |= {"trusted_proxy": "*", "trusted_proxy_count": 1, "trusted_proxy_headers": headers}
    return values
