"""A TCP proxy between a client and its broker, which can hold bytes or reset connections."""

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from demo.programs import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_CHUNK = 65536
_WITHIN = 30
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER, on, with 0 s: close sends RST instead of FIN."""


class Proxy:
    """Forwards TCP connections to a port of this machine."""

    def __init__(self, to: int) -> None:
        """Forward to a port; nothing is open yet."""
        self.port = free_port()
        self.to = to
        """Where connections go from now on."""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._marker: bytes | None = None
        self._changed = asyncio.Condition()
        self.accepted = 0
        """How many connections there were."""
        self._ends: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all connections."""
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def pause(self) -> None:
        """Hold all bytes, both ways, and the ends of connections; do not serve new ones."""
        self._flowing.clear()

    def pause_before(self, marker: bytes) -> None:
        """Pause as soon as a client sends these bytes, and hold them as well."""
        self._marker = marker

    async def until_accepted(self, count: int) -> None:
        """Wait until there were so many connections."""
        async with asyncio.timeout(_WITHIN), self._changed:
            await self._changed.wait_for(lambda: self.accepted >= count)

    @property
    def flows(self) -> bool:
        """Whether nothing is held, and no pause is planned."""
        return self._flowing.is_set() and self._marker is None

    def resume(self) -> None:
        """Forward all held bytes in order, and hold nothing any more."""
        self._marker = None
        self._flowing.set()

    def drop(self) -> None:
        """Reset all connections; what was held in them is lost."""
        for end in tuple(self._ends):
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self._ends.add(writer)
        async with self._changed:
            self.accepted += 1
            self._changed.notify_all()
        try:
            await self._flowing.wait()
            with suppress(OSError):
                await self._carry(reader, writer)
        finally:
            writer.close()
            self._ends.discard(writer)
            self._connections.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        self._ends.add(far_writer)
        ways = [
            asyncio.create_task(self._pump(reader, far_writer)),
            asyncio.create_task(self._pump(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()
            self._ends.discard(far_writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            if self._marker is not None and self._marker in data:
                self._marker = None
                self.pause()
            await self._flowing.wait()
            sink.write(data)
            await sink.drain()
        await self._flowing.wait()


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of a house."""

    home_assistant: Proxy
    reader: Proxy

    @property
    def flow(self) -> bool:
        """Whether both forward without holding."""
        return self.home_assistant.flows and self.reader.flows

    def resume(self) -> None:
        """Resume both."""
        self.home_assistant.resume()
        self.reader.resume()


@asynccontextmanager
async def open_proxies(to: int) -> AsyncGenerator[Proxies]:
    """Open a proxy to the broker's port for Home Assistant, and one for the reader."""
    async with Proxy(to) as home_assistant, Proxy(to) as reader:
        yield Proxies(home_assistant, reader)
