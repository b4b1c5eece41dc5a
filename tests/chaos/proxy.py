"""A TCP proxy on loopback that can cut its connections, hold all bytes back, and delay them."""

import asyncio
import threading
from contextlib import suppress
from typing import Self

CHUNK_BYTES = 65536
TICK_SECONDS = 1e-6
"""Timers of the same instant may fire in any order."""


class Proxy:
    """Forwards to a port of this machine. Runs in a thread of its own; all methods may be called from any other."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._delay_seconds = 0.0
        self._links: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset every connection; new ones go through."""
        self._call(self._reset_links)

    def hold(self) -> None:
        """Let nothing through, in silence, neither on old connections nor on new ones."""
        self._call(self._flowing.clear)

    def release(self) -> None:
        """Let through what was held back, as TCP does when packets are no longer lost."""
        self._call(self._flowing.set)

    def delay(self, seconds: float) -> None:
        """Deliver every byte so much later, in each direction; 0 ends it."""
        self._delay_seconds = seconds

    def close(self) -> None:
        """Reset every connection and stop listening."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, function: object, *args: object) -> None:
        self._loop.call_soon_threadsafe(function, *args)

    # What follows runs in the proxy's thread.

    async def _listen(self) -> asyncio.Server:
        self._flowing.set()
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(writer)
        await self._flowing.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            self._drop(writer)
            return
        self._links.add(far_writer)
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        due = 0.0
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._flowing.wait()
                # Never before what came earlier, also when the delay has just become shorter.
                due = max(due + TICK_SECONDS, self._loop.time() + self._delay_seconds)
                self._loop.call_at(due, _write, writer, data)
                await writer.drain()
        await self._flowing.wait()
        self._loop.call_at(due + TICK_SECONDS, self._drop, writer)

    async def _end(self) -> None:
        self._server.close()
        self._reset_links()
        self._flowing.set()
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=1)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._links.discard(writer)
        writer.close()

    def _reset_links(self) -> None:
        for writer in self._links:
            writer.transport.abort()
        self._links.clear()


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)
