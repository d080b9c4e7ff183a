"""A test bench for one simulated reader: a stand-in for broker and Home Assistant.

The connection is perfect and takes no time.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from emulator import Finger
from tests.firmware.portable.broker import (
    BASE,
    CONNECT,
    PINGREQ,
    PUBLISH,
    SUBSCRIBE,
    packet,
    packets,
    publish,
)
from tests.simulation.console import consoles
from tests.simulation.loop import as_test, run
from tests.simulation.reader import SimulatedReader
from tests.simulation.trace import Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from emulator import Profile
    from tests.simulation.reader_firmware import Touch

T, U = "9f2c01ab44d0e1f7", "1b7d4e90c2a3f586"
ANNA, BEN = Finger("anna"), Finger("ben")
FINAL = ("completed", "failed", "cancelled")


class _Connection:
    """The reader's stream writer, and a broker that answers each packet at once."""

    def __init__(self, said: Callable[[str, bytes], None], aborted: Callable[[], None]) -> None:
        self.reader = asyncio.StreamReader()
        self.transport = self
        self._said = said
        self._aborted = aborted

    def write(self, data: bytes) -> None:
        for kind, flags, body in packets(data):
            if kind == CONNECT:
                self.reader.feed_data(b"\x20\x02\x00\x00")
            elif kind == SUBSCRIBE:
                self.reader.feed_data(packet(0x90, body[:2] + b"\x01\x01\x01"))
            elif kind == PINGREQ:
                self.reader.feed_data(b"\xd0\x00")
            elif kind == PUBLISH:
                end = 2 + body[0] * 256 + body[1]
                start = end + 2 if flags & 6 else end
                if flags & 6:
                    self.reader.feed_data(packet(0x40, body[end:start]))
                self._said(body[2:end].decode().removeprefix(BASE), body[start:])

    async def drain(self) -> None:
        """Take everything."""

    def abort(self) -> None:
        self._aborted()

    def close(self) -> None:
        """Be closed by `abort`."""

    async def wait_closed(self) -> None:
        """Be closed."""


class ReaderBench(Recorder):
    """One reader; records what it publishes, and the calls of its observer."""

    def __init__(self, seed: int, model: str | Profile = "R307") -> None:
        super().__init__()
        self.rng = Random(seed)  # noqa: S311 - it has to be the same each time
        self._connection: _Connection | None = None
        self.reader = SimulatedReader(
            "front_door",
            "a1b2c3d4e5f6",
            rng=self.rng,
            open_connection=self._open,
            observer=self,
            model=model,
        )

    async def _open(self, host: str, port: int) -> tuple[Any, Any]:
        assert (host, port) == ("broker", 1883)
        self._connection = _Connection(
            lambda topic, data: self.note(topic, json.loads(data)),
            lambda: self.note("aborted"),
        )
        return self._connection.reader, self._connection

    # The observer of the reader.

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        self.note("snapshot", snapshot)

    def touched(self, touch: Touch) -> None:
        self.note("touch", touch)

    def committed(self, slot: int, template_id: str) -> None:
        self.note("committed", (slot, template_id))

    def accepted(self) -> None:
        self.note("accepted")

    def overwritten(self, slot: int) -> None:
        self.note("overwritten", slot)

    def emptying(self, slot: int, template_id: str | None) -> None:
        self.note("emptying", (slot, template_id))

    def kept(self, template_id: str | None) -> None:
        self.note("kept", template_id)

    def emptied(self, slot: int, template_id: str | None) -> None:
        self.note("emptied", (slot, template_id))

    def power(self, *, on: bool) -> None:
        self.note("power", on)

    def stopped(self, error: Exception | None) -> None:
        self.note("stopped", error)

    def printed(self, line: str) -> None:
        self.note("printed", line)

    # Actions of a test.

    def say(self, topic: str, **message: Any) -> str:
        """Publish a request as Home Assistant; return its id."""
        request = self.rng.randbytes(8).hex()
        payload = json.dumps({"v": 1, "request": request, **message}).encode()
        assert self._connection is not None
        self._connection.reader.feed_data(publish(topic, payload))
        return request

    async def ask(self, topic: str, **message: Any) -> Any:
        request = self.say(topic, **message)
        return await self.wait("command/response", lambda one: bool(one["request"] == request))

    async def turn_on(self) -> None:
        """Switch on, and wait until the sensor is found and the reader is connected."""
        since = len(self.trace)
        self.reader.power_on()
        await self.wait("enroll/response", since=since)

    async def start(self, template_id: str, scan_timeout_s: int = 30, total: int = 3) -> Any:
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

    async def scan(self, finger: Finger) -> dict[str, Any]:
        """Place and lift a finger as the snapshots ask for, until the enrollment ends."""
        while True:
            since = len(self.trace)
            self.reader.place(finger)
            snapshot = await self._stage("lift_finger", since)
            await asyncio.sleep(0.7)
            since = len(self.trace)
            self.reader.lift()
            if snapshot["stage"] not in FINAL:
                snapshot = await self._stage("place_finger", since)
            if snapshot["stage"] in FINAL:
                return snapshot
            await asyncio.sleep(1.5)

    async def _stage(self, stage: str, since: int) -> dict[str, Any]:
        snapshot: dict[str, Any] = await self.wait(
            "snapshot", lambda one: one["stage"] in {stage, *FINAL}, since
        )
        return snapshot


def simulate(
    test: Callable[[ReaderBench], Awaitable[None]], seed: int = 0, **more: Any
) -> ReaderBench:
    """Run a test with a reader that has power and a session; return the bench."""

    async def main() -> ReaderBench:
        bench = ReaderBench(seed, **more)
        await bench.turn_on()
        await test(bench)
        return bench

    with consoles():
        return run(main())


def simulated(
    **how: Any,
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Run a test on such a bench."""
    return as_test(partial(simulate, **how))


async def enroll(bench: ReaderBench, finger: Finger = ANNA, template_id: str = T) -> dict[str, Any]:
    assert (await bench.start(template_id))["ok"]
    return await bench.scan(finger)


async def enroll_until_the_cut(bench: ReaderBench) -> None:
    """Enroll until the power is cut, and switch it on again after a while."""
    since = len(bench.trace)
    enrolling = asyncio.ensure_future(enroll(bench))
    await bench.wait("power", lambda on: not on, since)
    enrolling.cancel()
    await asyncio.sleep(5)
    await bench.turn_on()
