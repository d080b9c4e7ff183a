"""A whole reader in one process, with a clock that jumps and ids that can be foretold.

Everything but the TCP transport is the real firmware: what it says here is what it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from fpreader.app import App
from fpreader.board import Board
from fpreader.config import Config, Section
from tests.firmware.portable.broker import BASE, PINGREQ, Broker, publish
from tests.firmware.portable.counting import Counting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from emulator import EmulatedSensor, Finger

#: How often the pretended broker looks for what the reader sends.
_LOOK_S = 0.01
#: Where in a packet to the sensor the instruction code stands.
_CODE_AT = 9


class Wire:
    """The line to the sensor, which takes as long for its answers as a real one."""

    def __init__(self, sensor: EmulatedSensor) -> None:
        self.sensor = sensor
        self._waiting = b""
        self._seconds = 0.0

    def write(self, data: bytes) -> None:
        self._seconds = self.sensor.profile.seconds.get(data[_CODE_AT], 0)
        self._waiting += self.sensor.receive(data)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        seconds, self._seconds = self._seconds, 0
        await asyncio.sleep(seconds if self._waiting else timeout_ms / 1000)
        data, self._waiting = self._waiting[:n], self._waiting[n:]
        return data

    def discard(self) -> None:
        self._waiting = b""

    def set_baud(self, rate: int) -> None:
        """Do nothing: every rate will do."""


class RecordedBoard(Board):
    """A board without hardware; each one starts with an uptime of 0."""

    name = "esp32"
    device = "a1b2c3d4e5f6"

    def __init__(self, folder: Path, wire: Wire, random: Counting) -> None:
        super().__init__(str(folder))
        self.stream = wire
        self.random = random
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self.clock = self._uptime

    def _uptime(self) -> int:
        return round((self._loop.time() - self._start) * 1000)

    def free_memory(self) -> None:
        """Nobody measures it: transcripts are the same each time."""


class TranscriptRecorder:
    """The reader, its broker, and the transcript of what they and Home Assistant say."""

    def __init__(self, folder: Path, sensor: EmulatedSensor) -> None:
        self.transcript: list[dict[str, Any]] = []
        self.sensor = sensor
        self._folder = folder
        self._wire = Wire(sensor)
        self._random = Counting(0xA0)
        self._requests = Counting(0x10)
        self._tasks: list[asyncio.Task[Any]] = []
        self._changed = asyncio.Event()
        self.turn_on()

    def turn_on(self) -> None:
        """Give the reader power and a connection."""
        board = RecordedBoard(self._folder, self._wire, self._random)
        values = {
            "reader_id": "front_door",
            "sensor": self.sensor.profile.name,
            "broker": "x",
            "port": 1,
        }
        self._app = App(board, Config(Section(values)))
        self._broker = Broker(self._app.session)
        self._run(self._app.scanner.run())
        self._run(self._beat())
        self._run(self._carry(board))

    def cut_power(self) -> None:
        """Take the power from reader and sensor; the broker tells the last will."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self.sensor.power_cycle()
        self._note("reader", "status", {"v": 1, "online": False})

    def reconnect(self) -> None:
        """Let the reader lose its connection, and connect again; the last will is not needed."""
        self._app.session.closed()
        self._broker.open()

    def _run(self, part: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(part)
        task.add_done_callback(lambda _: self._changed.set())
        self._tasks.append(task)

    async def _beat(self) -> None:
        while True:
            await self._app.step()

    async def _carry(self, board: RecordedBoard) -> None:
        await self._app.scanner.sensor_tried.wait()
        self._broker.now = board.clock()
        self._broker.open()
        while True:
            self._broker.now = board.clock()
            for topic, payload, _, ident in self._broker.taken():
                self._note("reader", topic, json.loads(payload))
                if ident is not None:
                    self._broker.say(bytes((0x40, 2, ident >> 8, ident & 255)))
                if topic == "status":  # which the reader is subscribed to
                    self._hear(topic, payload)
            for kind, _, _ in self._broker.other:
                if kind == PINGREQ:
                    self._broker.say(b"\xd0\x00")
            self._broker.other.clear()
            await asyncio.sleep(_LOOK_S)

    def _hear(self, topic: str, payload: bytes) -> None:
        for name, data, retained in self._broker.say(publish(topic, payload)):
            self._app.on_message(name, data, retained=retained)

    def _note(self, who: str, topic: str, payload: dict[str, Any]) -> None:
        # Through JSON once more: what is in it must not change behind our back.
        line = {"from": who, "topic": BASE + topic, "payload": payload}
        self.transcript.append(json.loads(json.dumps(line)))
        self._changed.set()

    # --- what people and Home Assistant do ----------------------------------------------

    async def wait(self, topic: str, fits: Callable[[Any], bool], since: int = 0) -> Any:
        """Wait until the reader has said something that fits; give its payload."""
        async with asyncio.timeout(1000):
            while True:
                for line in self.transcript[since:]:
                    ours = line["from"] == "reader" and line["topic"] == BASE + topic
                    if ours and fits(line["payload"]):
                        return line["payload"]
                self._changed.clear()
                await self._changed.wait()
                for task in self._tasks:
                    if task.done():
                        task.result()

    def say(self, topic: str, **message: Any) -> str:
        """Say something as Home Assistant; give the request id."""
        request: str = message.get("request") or self._requests(8).hex()
        payload = {"v": 1, "request": request, **message}
        self._note("ha", topic, payload)
        self._hear(topic, json.dumps(payload).encode())
        return request

    async def ask(self, topic: str, **message: Any) -> Any:
        """Say something and wait for the answer; a repeat also carries its `request`."""
        since = len(self.transcript)
        request = self.say(topic, **message)
        return await self.wait("command/response", lambda one: one["request"] == request, since)

    async def start(self, template_id: str, total: int = 3, scan_timeout_s: int = 30) -> Any:
        """Enroll as Home Assistant does: hello, then start with its nonce."""
        hello = await self.ask("command", command="hello")
        return await self.ask(
            "enroll/request",
            action="start",
            template_id=template_id,
            nonce=hello["result"]["nonce"],
            slot=None,
            total=total,
            scan_timeout_s=scan_timeout_s,
        )

    async def change(self, command: str, **message: Any) -> Any:
        """Ask for a change as Home Assistant does, with the nonce of a hello."""
        hello = await self.ask("command", command="hello")
        nonce = hello["result"]["nonce"]
        return await self.ask("command", command=command, nonce=nonce, **message)

    async def press(self, finger: Finger, stage: str = "lift_finger") -> Any:
        """Put a finger on, and lift it when the reader has come to a stage (or given up)."""
        since = len(self.transcript)
        await asyncio.sleep(1)
        self.sensor.place(finger)
        stages = (stage, "failed", "completed", "cancelled")
        shown = await self.wait("enroll/response", lambda one: one["stage"] in stages, since)
        await asyncio.sleep(0.5)
        self.sensor.lift()
        if shown["stage"] == "lift_finger":
            goes_on = ("place_finger", "failed", "cancelled")
            after = len(self.transcript) - 1
            await self.wait("enroll/response", lambda one: one["stage"] in goes_on, after)
        return shown

    async def close(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
