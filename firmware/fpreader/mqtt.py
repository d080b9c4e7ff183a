"""The transport under mqtt_session.py: one TCP connection after the other, for ever."""

import asyncio
import errno

from fpreader.mqtt_session import ANSWER_MS, CLOSED_AT_ONCE, MqttSessionError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from fpreader.app import App
    from fpreader.board import Board
    from fpreader.config import Config

_READ_BYTES = 512
#: How a connection fails that the other side has closed. MicroPython has no name for EPIPE (32).
_CLOSED = (errno.ECONNRESET, errno.ECONNABORTED, 32)


class Client:
    """Carries bytes between a session and its broker."""

    def __init__(self, board: "Board", config: "Config", app: "App") -> None:
        """Prepare the client for the session of the app, which gets every message."""
        self._board = board
        self._config = config
        self._app = app
        self._session = app.session
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
                await self._app.network()
                await self._run_session()
            except asyncio.TimeoutError:
                print("mqtt: the broker takes nothing")
            except (OSError, MqttSessionError) as error:
                print("mqtt:", self._explain(error))
            self._session.closed()
            # An attempt that was given up in the middle leaves its socket to the collector.
            self._board.collect()
            await asyncio.sleep(self._session.retry_ms() / 1000)

    async def _run_session(self) -> None:
        """Run one connection until it is lost; raises what says why."""
        # MicroPython blocks while it looks up a name; with an address there is nothing to wait for.
        opening: Any = self._board.open_connection(self._config.host, self._config.port)
        reader, writer = await asyncio.wait_for(opening, ANSWER_MS / 1000)
        self._lost = None
        self._session.opened(self._board.clock())
        reading = asyncio.create_task(self._read(reader))
        try:
            while self._lost is None:
                self._event.clear()
                data = self._session.output(self._board.clock())
                if data:
                    writer.write(data)
                    await asyncio.wait_for(writer.drain(), ANSWER_MS / 1000)
                else:
                    await self._sleep(self._session.wait_ms(self._board.clock()))
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
        error: Exception | None = None
        try:
            while data := await reader.read(_READ_BYTES):
                was_ready = self._session.ready
                messages = self._session.received(data, self._board.clock())
                for topic, payload, retained in messages:
                    self._app.on_message(topic, payload, retained=retained)
                if self._session.ready and not was_ready:
                    self._app.wake()
                self._event.set()
        except Exception as caught:
            # Not only what is foreseen: a message that hurts must end its session, not the reader.
            error = caught
        self._lost = self._explain(error)
        self._event.set()

    def _explain(self, error: "Exception | None") -> str:
        """Say why a connection was lost; None: the broker has ended it."""
        if error is not None and not (isinstance(error, OSError) and error.errno in _CLOSED):
            return str(error) or repr(error)
        if self._session.unanswered:
            return CLOSED_AT_ONCE
        return "the broker closed the connection"


async def _close(writer: "Any") -> None:
    """Close the socket at once; what the broker had not taken is void."""
    if hasattr(writer, "transport"):  # CPython, which would wait for a broker that takes nothing
        writer.transport.abort()
    try:
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass  # it was lost already
