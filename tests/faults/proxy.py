"""A proxy that cuts, delays and resets lines between a client and a server of the tests.

It listens on TCP and passes bytes on, to TCP or to a unix socket, until it is told to misbehave. The words
are toxiproxy's: latency, reset_peer, limit_data, down. A thread with an event loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.fixtures.ports import held_port, number

BLOCK_BYTES = 64 << 10


class Proxy:
    """`target`: a (host, port) or the path of a socket. Good until told otherwise. A context manager."""

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._held = held_port()  # while it is down, nobody else is given its port
        self.port = number(self._held)
        self.accepted = 0
        self.latency_seconds = 0.0  # of each block, in each direction
        self.limit_data: int | None = None  # bytes a connection may send to the server before it is cut
        self.resets = False  # cut lines end with a reset instead of an orderly end

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._on_loop(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()
        self._held.close()

    def down(self) -> None:
        """Refuse new connections and reset those that are open."""
        self._on_loop(self._shut())

    def up(self) -> None:
        self._on_loop(self._listen())

    def reset_peer(self) -> None:
        """Reset every open connection, now; new ones are welcome."""
        self._on_loop(self._cut_all(hard=True))

    def hang(self) -> None:
        """Keep lines open and pass nothing on until `resume`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def resume(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    def _on_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _listen(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut_all(hard=True)

    async def _close(self) -> None:
        await self._shut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _cut_all(self, *, hard: bool) -> None:
        for line in list(self._lines):
            _cut(line, hard=hard)

    async def _accept(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        self._lines.add(client_out)
        try:
            server_in, server_out = await self._connect()
        except OSError:
            _cut(client_out, hard=True)
            self._lines.discard(client_out)
            return
        self._lines.add(server_out)
        try:
            await asyncio.gather(
                self._pass(client_in, server_out, [client_out, server_out], limited=True),
                self._pass(server_in, client_out, [client_out, server_out], limited=False),
            )
        finally:
            for line in (client_out, server_out):
                self._lines.discard(line)
                line.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(str(self._target))
        return await asyncio.open_connection(*self._target)

    async def _pass(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        both: list[asyncio.StreamWriter],
        *,
        limited: bool,
    ) -> None:
        passed = 0
        with contextlib.suppress(ConnectionError, OSError):
            while block := await source.read(BLOCK_BYTES):
                await self._open.wait()
                if self.latency_seconds:
                    await asyncio.sleep(self.latency_seconds)
                if limited and self.limit_data is not None and passed + len(block) > self.limit_data:
                    sink.write(block[: max(self.limit_data - passed, 0)])
                    await sink.drain()
                    for line in both:
                        _cut(line, hard=self.resets)
                    return
                sink.write(block)
                await sink.drain()
                passed += len(block)
        with contextlib.suppress(ConnectionError, OSError):
            sink.close()


def _cut(line: asyncio.StreamWriter, *, hard: bool) -> None:
    raw = line.get_extra_info("socket")
    if hard and raw is not None:
        with contextlib.suppress(OSError):  # a unix socket knows no lingering
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.transport.abort()
