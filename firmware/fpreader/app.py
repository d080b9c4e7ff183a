"""The whole reader: sensor, journal, requests and MQTT on one board."""

import asyncio
import gc
import json

from fpreader.config import BUFFERS
from fpreader.desk import Desk
from fpreader.journal import Journal
from fpreader.journal_file import JournalFile
from fpreader.link import Link
from fpreader.memory import Memory
from fpreader.mqtt import Client
from fpreader.scanner import Scanner
from fpreader.sensor import Sensor
from fpreader.storage import Storage

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from typing import Any, Protocol

    from fpreader.config import Config
    from fpreader.sensor import Stream

    class Board(Protocol):
        """What one kind of hardware provides."""

        @property
        def name(self) -> str:
            """Word for `board` on `status`."""

        @property
        def device(self) -> str:
            """Hardware id."""

        @property
        def folder(self) -> str:
            """Where flash can be written."""

        @property
        def stream(self) -> Stream:
            """The line to the sensor."""

        def clock(self) -> int:
            """Give the uptime in milliseconds, which never wraps."""

        def feed(self) -> None:
            """Tell the watchdog that the program lives; asked about once a second."""

        def network(self) -> Awaitable[None]:
            """Return once there is a network."""


FIRMWARE = "0.1.0"

SNAPSHOT = "enroll/response"
TEMPLATES = "templates"
STATUS = "status"
TOUCH = "fingerprint"
ANSWER = "command/response"

#: Longest pause of the main loop, and so between two feeds of the watchdog.
_BEAT_MS = 1000
#: How long the answer to `restart` may take to leave.
_LEAVE_MS = 2000


class App:
    """Ties the parts together. `run` ends when the board is to be restarted."""

    def __init__(self, board: "Board", config: "Config") -> None:
        self._board = board
        self._clock = board.clock
        self._identity = {
            "device": board.device,
            "firmware": FIRMWARE,
            "board": board.name,
            "sensor": config.sensor,
            "max_scans": BUFFERS[config.sensor] + 1,
            "features": ["led"],
        }
        self._wake = asyncio.Event()
        self._restart_at: int | None = None
        self._failure: Exception | None = None
        self._blinking: asyncio.Task[None] | None = None
        self.scanner = Scanner(
            Sensor(board.stream),
            Memory(Storage(board.folder)),
            board.clock,
            buffers=BUFFERS[config.sensor],
            on_snapshot=self._on_snapshot,
            on_templates=lambda: self._changed(TEMPLATES),
            on_touch=self._on_touch,
        )
        gc.collect()  # the journal takes its room in one piece, and keeps it
        self.journal = Journal(JournalFile(board.folder + "/journal"))
        self.link = Link(
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
        )
        self.desk = Desk(self._identity, self.scanner, self.journal, self, board.clock)
        self._client = Client(
            self.link,
            config.host,
            config.port,
            board.clock,
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
            self.journal.keep_all()
        if self._failure is not None:
            raise self._failure

    async def step(self) -> None:
        """Send the touches that are due, then wait until something happens."""
        self._wake.clear()
        while (touch := self.journal.due(self._clock(), can_send=self.link.ready)) is not None:
            self._send(TOUCH, json.dumps(touch).encode())
        wait_ms = self.journal.wait_ms(self._clock())
        wait_ms = _BEAT_MS if wait_ms is None else min(wait_ms, _BEAT_MS)
        try:
            await asyncio.wait_for(self._wake.wait(), wait_ms / 1000)
        except asyncio.TimeoutError:
            pass

    # --- what others tell -------------------------------------------------------------

    def on_message(self, topic: str, payload: "bytes | None", retained: bool) -> None:  # noqa: FBT001
        """Take a message of the broker; never raises."""
        if topic != STATUS:
            self.desk.take(topic, payload, retained=retained)
        elif payload is not None and _says_offline(payload):
            self.link.correct_status(self._clock())
        self._wake.set()

    def _on_snapshot(self) -> None:
        self._changed(SNAPSHOT)
        self.desk.settle()

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
        self.link.changed(topic)
        self._client.wake()

    # --- what the desk causes ---------------------------------------------------------

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

    async def _network(self) -> None:
        """Return once there is a network, and the sensor was tried.

        Or each start of the reader would tell first that its sensor does not work.
        """
        await self.scanner.tried.wait()
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
        return self.link.idle or self._clock() >= self._restart_at + _LEAVE_MS

    def _status(self) -> bytes:
        status = dict(self._identity)
        status["online"] = True
        return _message(status)

    def _send(self, topic: str, payload: bytes) -> bool:
        sent = self.link.publish(topic, payload)
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
