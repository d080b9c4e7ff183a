"""The whole reader: sensor, journal, requests and MQTT on one board."""

import asyncio
import json

from fpreader.boot import Boot
from fpreader.dispatcher import Dispatcher
from fpreader.journal import Journal
from fpreader.mqtt import Client
from fpreader.mqtt_session import STATUS, MqttSession
from fpreader.scanner import Scanner
from fpreader.sensor import Sensor
from fpreader.sensor_connection import SensorConnection

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from fpreader.board import Board
    from fpreader.config import Config
    from fpreader.touch_record import Touch

FIRMWARE = "0.2.0"
#: What this firmware can do that not every reader can (protocol, `status`) …
FEATURES = ("led", "list", "delete", "adopt", "accept_sensor", "settings")
#: … and where the sensor's light has colours.
COLOR_FEATURES = ("led_color",)

SNAPSHOT = "enroll/response"
TEMPLATES = "templates"
TOUCH = "fingerprint"
ANSWER = "command/response"

#: Maximum time to send the answer to `restart`, and the polling interval.
_LEAVE_MS = 2000
_LOOK_MS = 1000


class App:
    """Ties the parts together. `run` ends when the board is to be restarted."""

    def __init__(self, board: "Board", config: "Config") -> None:
        self._board = board
        self._clock = board.clock
        self._wake = asyncio.Event()
        self._restart_at: int | None = None
        self._failure: Exception | None = None
        self._blinking: asyncio.Task[None] | None = None
        connection = SensorConnection(board.stream, config.sensor.address)
        self.scanner = Scanner(board, Sensor(connection), config.sensor, self)
        board.collect()  # the journal takes its room in one piece, and keeps it
        self.boot = Boot(board)
        self.journal = Journal(board.journal_file, board.random, self.boot)
        self.session = MqttSession(
            board,
            config,
            (
                (STATUS, self._status),
                (TEMPLATES, lambda: _message(self.scanner.templates)),
                (SNAPSHOT, lambda: _message(self.scanner.snapshot)),
            ),
        )
        self.dispatcher = Dispatcher(board, self)
        self._client = Client(board, config, self)

    async def run(self) -> None:
        """Work until a restart is asked for. Raises what a part could not survive."""
        parts = (self.scanner.run(), self._client.run())
        # CPython forgets tasks that nobody holds.
        tasks = [asyncio.create_task(self._watch(part)) for part in parts]
        try:
            while self._failure is None and not self._may_restart():
                self._board.feed()
                await self.step()
        finally:
            for task in tasks:
                task.cancel()
            self.scanner.finish_touch()
            self.journal.store_all()
        if self._failure is not None:
            raise self._failure

    async def step(self) -> None:
        """Send the touches that are due, then wait until something happens."""
        self._wake.clear()
        while (touch := self.journal.due(self._clock(), can_send=self.session.ready)) is not None:
            self._send(TOUCH, json.dumps(touch).encode())
        beat_ms = self._board.beat_ms if self._restart_at is None else _LOOK_MS
        wait_ms = self.journal.wait_ms(self._clock())
        wait_ms = beat_ms if wait_ms is None else min(wait_ms, beat_ms)
        try:
            await asyncio.wait_for(self._wake.wait(), wait_ms / 1000)
        except asyncio.TimeoutError:
            pass

    @property
    def identity(self) -> "dict[str, Any]":
        """Who the reader is, as on `status`."""
        model = self.scanner.model
        return {
            "device": self._board.device,
            "firmware": FIRMWARE,
            "board": self._board.name,
            "sensor": model.name,
            "max_scans": model.buffers + 1,
            "features": FEATURES + COLOR_FEATURES if model.colored else FEATURES,
        }

    # --- what others tell -------------------------------------------------------------

    def on_message(self, topic: str, payload: "bytes | None", *, retained: bool) -> None:
        """Take a message of the broker; never raises."""
        if topic != STATUS:
            self.dispatcher.handle(topic, payload, retained=retained)
        elif payload is not None and _says_offline(payload):
            self.session.correct_status(self._clock())
        self.wake()

    def on_snapshot(self) -> None:
        """Publish the snapshot, which has changed."""
        self._changed(SNAPSHOT)
        self.dispatcher.answer_cancels()

    def on_templates(self) -> None:
        """Publish what the sensor holds, which has changed."""
        self._changed(TEMPLATES)

    def on_model(self) -> None:
        """Publish who the reader is: another sensor was found."""
        self._changed(STATUS)

    def on_touch(self, touch: "Touch") -> None:
        """Have a touch delivered."""
        self.journal.add(touch)
        self.wake()

    def wake(self) -> None:
        """Have what is due looked at now."""
        self._wake.set()

    async def network(self) -> None:
        """Return once there is a network, and the sensor was tried.

        Otherwise each start would first report a sensor error.
        """
        await self.scanner.sensor_tried.wait()
        await self._board.network()

    def _changed(self, topic: str) -> None:
        self.session.changed(topic)
        self._client.wake()

    # --- what the dispatcher causes ---------------------------------------------------------

    def answer(self, payload: bytes) -> bool:
        """Send an answer; False when that is not possible now."""
        return self._send(ANSWER, payload)

    def publish_snapshot(self) -> None:
        """Publish the snapshot again."""
        self._changed(SNAPSHOT)

    def identify(self) -> None:
        """Blink the light."""
        self._blinking = asyncio.create_task(self.scanner.identify())

    def restart(self) -> None:
        """End `run` once the answer has left."""
        self._restart_at = self._clock()
        self.wake()

    def diagnostics(self) -> "dict[str, Any]":
        """Give what hello says of the reader's health."""
        return {
            "signal": self._board.signal(),
            "free_memory": self._board.free_memory(),
            "sensor_errors": self.scanner.sensor_errors,
        }

    # --- pieces -----------------------------------------------------------------------

    async def _watch(self, part: "Coroutine[Any, Any, None]") -> None:
        """Run a part; should it fail, so does the whole, because a fresh start is well tested."""
        try:
            await part
        except Exception as error:
            self._failure = error
            self.wake()

    def _may_restart(self) -> bool:
        """Tell whether a restart is asked for, and its answer was sent or has timed out."""
        if self._restart_at is None:
            return False
        return self.session.idle or self._clock() >= self._restart_at + _LEAVE_MS

    def _status(self) -> bytes:
        status = dict(self.identity)
        status["online"] = True
        return _message(status)

    def _send(self, topic: str, payload: bytes) -> bool:
        sent = self.session.publish(topic, payload)
        self._client.wake()
        return sent


def _message(values: "dict[str, Any]") -> bytes:
    message = dict(values)
    message["v"] = 1
    return json.dumps(message).encode()


def _says_offline(payload: bytes) -> bool:
    try:
        status = json.loads(payload.decode())
    except Exception:
        return False
    return isinstance(status, dict) and status.get("online") is False
