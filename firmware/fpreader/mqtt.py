"""The transport under mqtt_session.py: one TCP connection after the other, for ever."""

import asyncio

from fpreader.mqtt_session import ANSWER_MS, MqttSessionError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from fpreader.mqtt_session import MqttSession

_READ_BYTES = 512


class Client:
    """Carries bytes between a session and its broker."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands between
        self,
        session: "MqttSession",
        host: str,
        port: int,
        clock: "Callable[[], int]",
        open_connection: "Callable[[str, int], Awaitable[tuple[Any, Any]]]",
        collect: "Callable[[], Any]",
        network: "Callable[[], Awaitable[None]]",
        on_message: "Callable[[str, bytes | None, bool], None]",
        on_ready: "Callable[[], None]",
    ) -> None:
        """Prepare the client.

        `clock`, `open_connection`, `collect` and `network` are those of app.Board; `on_message`
        takes topic, payload and whether it was retained; `on_ready` is told when messages can be
        sent.
        """
        self._session = session
        self._host = host
        self._port = port
        self._clock = clock
        self._open_connection = open_connection
        self._collect = collect
        self._network = network
        self._on_message = on_message
        self._on_ready = on_ready
        self._event = asyncio.Event()
        self._lost: str | None = None
        """Why the session that is running cannot go on."""

    def wake(self) -> None:
        """Have the session asked for output, because something changed."""
        self._event.set()

    async def run(self) -> None:
        """Stay connected, for ever."""
        while True:
            try:
                await self._network()
                await self._run_session()
            except asyncio.TimeoutError:
                print("mqtt: the broker takes nothing")
            except (OSError, MqttSessionError) as error:
                print("mqtt:", error)
            self._session.closed()
            # An attempt that was given up in the middle leaves its socket to the collector.
            self._collect()
            await asyncio.sleep(self._session.retry_ms() / 1000)

    async def _run_session(self) -> None:
        """Run one connection until it is lost; raises what says why."""
        # MicroPython blocks while it looks up a name; with an address there is nothing to wait for.
        opening: Any = self._open_connection(self._host, self._port)
        reader, writer = await asyncio.wait_for(opening, ANSWER_MS / 1000)
        self._lost = None
        self._session.opened(self._clock())
        reading = asyncio.create_task(self._read(reader))
        try:
            while self._lost is None:
                self._event.clear()
                data = self._session.output(self._clock())
                if data:
                    writer.write(data)
                    await asyncio.wait_for(writer.drain(), ANSWER_MS / 1000)
                else:
                    await self._sleep(self._session.wait_ms(self._clock()))
            raise MqttSessionError(self._lost)
        finally:
            reading.cancel()
            await _close(writer)

    async def _sleep(self, ms: int) -> None:
        """Wait until something happens, or so many milliseconds are over."""
        try:
            await asyncio.wait_for(self._event.wait(), ms / 1000)
        except asyncio.TimeoutError:
            pass

    async def _read(self, reader: "Any") -> None:
        """Feed the session until the connection ends."""
        lost = "the broker closed the connection"
        try:
            while data := await reader.read(_READ_BYTES):
                was_ready = self._session.ready
                for message in self._session.received(data, self._clock()):
                    self._on_message(*message)
                if self._session.ready and not was_ready:
                    self._on_ready()
                self._event.set()
        except Exception as error:
            # Not only what is foreseen: a message that hurts must end its session, not the reader.
            lost = str(error) or repr(error)
        self._lost = lost
        self._event.set()


async def _close(writer: "Any") -> None:
    """Close the socket at once; what the broker had not taken is void."""
    if hasattr(writer, "transport"):  # CPython, which would wait for a broker that takes nothing
        writer.transport.abort()
    try:
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass  # it was lost already
