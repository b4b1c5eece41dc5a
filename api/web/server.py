"""The HTTP server: waitress, with limits that keep it answering, and an end that drains."""

import time
from typing import Any

import structlog
import waitress
from waitress import wasyncore
from waitress.server import BaseWSGIServer
from waitress.task import ThreadedTaskDispatcher

from api.web.connections import HEAD_BYTES, MAX_REQUEST_BYTES, Channel
from api.web.waits.room import end_waits
from config.sections import Http
from config.settings import Settings

CONNECTION_LIMIT = 500
IDLE_SECONDS = 30
HELD_BYTES = 64 * 1024 * 1024
"""Of answers that wait for their clients, all together."""

WATERMARK_BYTES = 256 * 1024
"""Who writes an answer piece by piece waits, above this, until some of it is taken."""

LANES = {"/health/live": 2, "/health/ready": 2, "/metrics": 1}
"""Paths with threads of their own, and how many: a database that hangs holds those of readiness for a while."""

DRAIN_SECONDS = 10
_POLL_SECONDS = 1
_LOOK_SECONDS = 0.5

log = structlog.get_logger("api")


class Server:
    """A listening server. `run` blocks until `stop`, which any thread or signal handler may call."""

    def __init__(self, app: Any, http: Http) -> None:
        self._map: dict[int, Any] = {}
        self._lanes = _Lanes(http.threads)
        self._stopping = False
        self._closed = False
        self._look_at = 0.0
        waitress.create_server(app, self._map, _dispatcher=self._lanes, **_adjustments(http))
        self._listeners = [each for each in self._map.values() if isinstance(each, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = Channel
        self.port = int(self._listeners[0].effective_port)

    def run(self) -> None:
        """Serve until stopped; then finish the requests under way, for 10 seconds at most."""
        log.info("listen", port=self.port)
        try:
            while not self._stopping:
                self._turn()
            self._drain()
        finally:
            self._close()

    def stop(self) -> None:
        """Begin to drain."""
        self._stopping = True
        end_waits()
        if not self._closed:
            self._listeners[0].pull_trigger()

    def _turn(self) -> None:
        wasyncore.loop(timeout=_POLL_SECONDS, use_poll=True, map=self._map, count=1)
        self._shed()

    def _shed(self) -> None:
        """Close connections whose clients take too long. Where there is no room for more, of connections or of bytes,
        some of those go whose clients asked for nothing for the longest: they must not shut others out."""
        now, is_full = time.monotonic(), len(self._map) >= CONNECTION_LIMIT
        if now < self._look_at and not is_full:
            return
        self._look_at = now + _LOOK_SECONDS
        channels = self._channels()
        for channel in channels:
            if channel.is_late(now):
                channel.drop()
        waiting = [channel for channel in channels if channel.connected and not channel.requests]
        excess = sum(channel.total_outbufs_len for channel in waiting) - HELD_BYTES
        places = CONNECTION_LIMIT // 10 if is_full else 0
        if excess <= 0 and not places:
            return
        waiting.sort(key=lambda channel: channel.asked_at)
        for number, channel in enumerate(waiting):
            if number < places or (excess > 0 and channel.total_outbufs_len):
                excess -= channel.total_outbufs_len
                channel.drop()

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

    def _channels(self) -> list[Channel]:
        return [each for each in list(self._map.values()) if isinstance(each, Channel)]


class _Lanes:
    """Sets of threads, so that health and metrics are answered while all others are busy."""

    def __init__(self, threads: int) -> None:
        self._own = {path: _threads(count) for path, count in LANES.items()}
        self._others = _threads(threads)

    def add_task(self, channel: Channel) -> None:
        path = str(getattr(channel.requests[0], "path", ""))
        self._own.get(path, self._others).add_task(channel)

    def shutdown(self) -> None:
        for lane in (*self._own.values(), self._others):
            lane.shutdown(timeout=_POLL_SECONDS)


def make_server(app: Any, settings: Settings) -> Server:
    """A server for the app that listens from now on, and serves once it is run."""
    return Server(app, settings.http)


def _threads(count: int) -> ThreadedTaskDispatcher:
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(count)
    return dispatcher


def _is_busy(channel: Channel) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)


def _adjustments(http: Http) -> dict[str, Any]:
    values: dict[str, Any] = {
        "host": http.host,
        "port": http.port,
        "connection_limit": CONNECTION_LIMIT,
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": IDLE_SECONDS // 3,
        "max_request_header_size": HEAD_BYTES,
        "max_request_body_size": MAX_REQUEST_BYTES,
        "outbuf_high_watermark": WATERMARK_BYTES,
        "asyncore_use_poll": True,
        "ident": None,
        "clear_untrusted_proxy_headers": True,
    }
    if http.trusted_proxy:
        # One hop is the platform's router; what lies before it in X-Forwarded-For anybody may have written.
        headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}
        values |= {"trusted_proxy": "*", "trusted_proxy_count": 1, "trusted_proxy_headers": headers}
    return values
