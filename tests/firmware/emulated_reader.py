"""The sensor side of the firmware on the emulated sensor, over a real serial line."""

from __future__ import annotations

import asyncio
import os
import termios
from typing import TYPE_CHECKING, Any

from emulator import Code, Command, Finger, SensorLine
from emulator.seen_empty import wait_until_seen_empty
from fpreader import finger_presence
from fpreader.board import Board
from fpreader.config import Section, SensorConfig
from fpreader.scanner import Scanner
from fpreader.sensor import Sensor
from fpreader.sensor_connection import SensorConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fpreader.touch_record import Touch

ID = "a" * 16
ANNA = Finger("anna")
BERT = Finger("bert")
TWIN = Finger("twin", twin="anna")


class Port:
    """The pty as the firmware's stream."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._waiting = b""
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, self._take)

    def write(self, data: bytes) -> None:
        os.write(self._fd, data)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while not self._waiting:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            return b""
        data, self._waiting = self._waiting[:n], self._waiting[n:]
        return data

    def discard(self) -> None:
        self._waiting = b""

    def set_baud(self, rate: int) -> None:
        attributes = termios.tcgetattr(self._fd)
        attributes[4:6] = [getattr(termios, f"B{rate}")] * 2
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _take(self) -> None:
        self._waiting += os.read(self._fd, 4096)
        self._came.set()


class EmulatedReader:
    """One reader's sensor side, running, and what it said."""

    def __init__(self, line: SensorLine, folder: Path, **config: str | int) -> None:
        """`config` is what the reader's configuration says of its sensor."""
        self.line = line
        self.shown: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.touches: list[Touch] = []
        self._said = asyncio.Event()
        self._folder = folder
        self._config = SensorConfig(Section(config))
        self._port: Port | None = None
        self.turn_on()

    def turn_on(self) -> None:
        self._port = Port(self.line.path)
        app: Any = self
        connection = SensorConnection(self._port, self._config.address)
        self.scanner = Scanner(Board(str(self._folder)), Sensor(connection), self._config, app)
        self._task = asyncio.create_task(self.scanner.run())

    async def turn_off(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._port:
            self._port.close()

    async def restart(self) -> None:
        await self.turn_off()
        self.turn_on()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something said makes it true."""
        async with asyncio.timeout(20):
            while not condition():
                assert not self._task.done(), self._task.exception()
                self._said.clear()
                await self._said.wait()

    async def ready(self) -> None:
        await self.until(lambda: self.told and self.told[-1]["sensor_error"] is None)

    async def stage(self, stage: str, step: int) -> None:
        await self.until(
            lambda: any((s["stage"], s["step"]) == (stage, step) for s in self.shown),
        )

    async def scan(self, *fingers: Finger) -> None:
        """Put each finger on when asked to, and take it off when asked to, until it is over."""
        for finger in fingers:
            await self.until(lambda: self.shown[-1]["stage"] not in ("processing", "lift_finger"))
            if not self.scanner.running:
                return
            self.line.place(finger)
            await self.until(lambda: self.shown[-1]["stage"] not in ("place_finger", "processing"))
            self.line.lift()

    async def touch(self, finger: Finger) -> Touch:
        """Put a finger on once the last one was seen to be gone; give what was made of it."""
        self.line.lift()
        await self.seen_empty()
        self.line.place(finger)
        self.touches.clear()
        await self.until(lambda: self.touches)
        self.line.lift()
        return self.touches[0]

    async def seen_empty(self) -> None:
        """Wait until the reader takes no finger for being there."""
        seconds = finger_presence.EMPTY_MS / 1000
        await asyncio.to_thread(wait_until_seen_empty, self.line, seconds=seconds)

    async def asked(self, command: Command, code: Code | None) -> None:
        """Wait until the sensor answers a command so, from now on."""
        since = self.line.command_count
        await asyncio.to_thread(self.line.wait_for_command, command, code=code, since=since)

    async def ended(self) -> dict[str, Any]:
        await self.until(lambda: not self.scanner.running)
        return self.shown[-1]

    async def enroll(self, *fingers: Finger, template_id: str = ID, total: int = 3) -> Any:
        """Run a whole enrollment; give its final snapshot."""
        self.shown.clear()
        while (refusal := self.scanner.start(template_id, None, total, 10)[1]) is not None:
            # The sensor is being started again after what came before.
            assert refusal == "sensor_error"
            await self.asked(Command.GEN_IMG, None)
        await self.scan(*fingers)
        return await self.ended()

    def templates(self) -> dict[int, bytes]:
        with self.line.hold() as emulated:
            return dict(emulated.templates)

    # What the scanner tells the app.

    def on_snapshot(self) -> None:
        self._hear(self.shown, self.scanner.snapshot)

    def on_templates(self) -> None:
        self._hear(self.told, self.scanner.templates)

    def on_model(self) -> None:
        self._said.set()

    def on_touch(self, touch: Touch) -> None:
        self._hear(self.touches, touch)

    def _hear(self, heard: list[Any], what: Any) -> None:
        heard.append(what)
        self._said.set()
