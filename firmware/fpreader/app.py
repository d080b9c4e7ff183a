"""The whole reader: sensor, journal, requests and MQTT on one board."""

import asyncio
import json

from fpreader.dispatcher import Dispatcher
from fpreader.journal import Journal
from fpreader.light import has_color
from fpreader.memory import Memory
from fpreader.mqtt import Client
from fpreader.mqtt_session import MqttSession
from fpreader.scanner import Scanner
from fpreader.sensor import Sensor

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, Protocol

    from fpreader import journal, memory
    from fpreader.config import Config
    from fpreader.sensor import Stream

    class Board(Protocol):
        """What one kind of hardware provides: everything by which the reader touches the world."""

        @property
        def name(self) -> str:
            """Word for `board` on `status`."""

        @property
        def device(self) -> str:
            """Hardware id."""

        @property
        def records(self) -> memory.Records:
            """Where the memory is kept in flash."""

        @property
        def journal_file(self) -> journal.Records:
            """Where the journal is kept in flash."""

        @property
        def stream(self) -> Stream:
            """The line to the sensor."""

        @property
        def beat_ms(self) -> int:
            """Most milliseconds between two feeds of the watchdog."""

        @property
        def random(self) -> Callable[[int], bytes]:
            """Give so many random bytes."""

        @property
        def collect(self) -> Callable[[], Any]:
            """Make room on the heap, in large pieces."""

        @property
        def sleep(self) -> Callable[[float], Awaitable[Any]]:
            """Let seconds go by in which the sensor is left alone."""

        @property
        def open_connection(self) -> Callable[[str, int], Awaitable[tuple[Any, Any]]]:
            """Connect to a host and a port: the streams of asyncio, to read and to write."""

        def clock(self) -> int:
            """Give the uptime in milliseconds, which never wraps."""

        def feed(self) -> None:
            """Tell the watchdog that the program lives."""

        def network(self) -> Awaitable[None]:
            """Return once there is a network."""

        def signal(self) -> int | None:
            """Give the strength of the radio signal in dBm; None where there is none."""

        def free_memory(self) -> int | None:
            """Give the bytes that are free, once what nobody needs is gone; None: nobody knows."""


FIRMWARE = "0.2.0"
#: What this firmware can do that not every reader can (protocol, `status`) …
FEATURES = ("led", "list", "delete", "adopt", "accept_sensor", "settings")
#: … and where the sensor's light has colours.
COLOR_FEATURES = ("led_color",)

SNAPSHOT = "enroll/response"
TEMPLATES = "templates"
STATUS = "status"
TOUCH = "fingerprint"
ANSWER = "command/response"

#: How long the answer to `restart` may take to leave, and how often that is looked at.
_LEAVE_MS = 2000
_LOOK_MS = 1000


class App:
    """Ties the parts together. `run` ends when the board is to be restarted."""

    def __init__(self, board: "Board", config: "Config") -> None:
        self._board = board
        self._clock = board.clock
        colored = has_color(config.buffers)
        self._identity = {
            "device": board.device,
            "firmware": FIRMWARE,
            "board": board.name,
            "sensor": config.sensor,
            "max_scans": config.buffers + 1,
            "features": FEATURES + COLOR_FEATURES if colored else FEATURES,
        }
        self._wake = asyncio.Event()
        self._restart_at: int | None = None
        self._failure: Exception | None = None
        self._blinking: asyncio.Task[None] | None = None
        self.scanner = Scanner(
            Sensor(board.stream),
            Memory(board.records),
            board.clock,
            board.sleep,
            board.random,
            buffers=config.buffers,
            on_snapshot=self._on_snapshot,
            on_templates=lambda: self._changed(TEMPLATES),
            on_touch=self._on_touch,
        )
        board.collect()  # the journal takes its room in one piece, and keeps it
        self.journal = Journal(board.journal_file, board.random)
        self.session = MqttSession(
            "biometric/" + config.reader_id + "/",
            board.device,
            config.user,
            config.password,
            b'{"v":1,"online":false}',
            (
                (STATUS, self._status),
                (TEMPLATES, lambda: _message(self.scanner.templates)),
                (SNAPSHOT, lambda: _message(self.scanner.snapshot)),
            ),
            board.random,
        )
        self.dispatcher = Dispatcher(
            self._identity, self.scanner, self.journal, self, board.clock, board.random
        )
        self._client = Client(
            self.session,
            config.host,
            config.port,
            board.clock,
            board.open_connection,
            board.collect,
            self._network,
            self.on_message,
            self._wake.set,
        )

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

    # --- what others tell -------------------------------------------------------------

    def on_message(self, topic: str, payload: "bytes | None", retained: bool) -> None:  # noqa: FBT001
        """Take a message of the broker; never raises."""
        if topic != STATUS:
            self.dispatcher.handle(topic, payload, retained=retained)
        elif payload is not None and _says_offline(payload):
            self.session.correct_status(self._clock())
        self._wake.set()

    def _on_snapshot(self) -> None:
        self._changed(SNAPSHOT)
        self.dispatcher.answer_cancels()

    def _on_touch(  # noqa: PLR0913, PLR0917 - what a touch is
        self,
        result: str,
        at_ms: int,
        slot: "int | None",
        template_id: "str | None",
        confidence: "int | None",
        reason: "str | None",
    ) -> None:
        self.journal.touched(result, at_ms, slot, template_id, confidence, reason)
        self._wake.set()

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
        self._wake.set()

    def diagnostics(self) -> "dict[str, Any]":
        """Tell how the reader is doing."""
        return {
            "signal": self._board.signal(),
            "free_memory": self._board.free_memory(),
            "sensor_errors": self.scanner.sensor_errors,
        }

    async def _network(self) -> None:
        """Return once there is a network, and the sensor was tried.

        Or each start of the reader would tell first that its sensor does not work.
        """
        await self.scanner.sensor_tried.wait()
        await self._board.network()

    # --- pieces -----------------------------------------------------------------------

    async def _watch(self, part: "Coroutine[Any, Any, None]") -> None:
        """Run a part; should it fail, so does the whole, because a fresh start is well tested."""
        try:
            await part
        except Exception as error:
            self._failure = error
            self._wake.set()

    def _may_restart(self) -> bool:
        """Tell whether a restart is asked for, and its answer has left or has had its time."""
        if self._restart_at is None:
            return False
        return self.session.idle or self._clock() >= self._restart_at + _LEAVE_MS

    def _status(self) -> bytes:
        status = dict(self._identity)
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
