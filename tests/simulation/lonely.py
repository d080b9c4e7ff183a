"""A simulated reader with nobody but a stand-in for broker and Home Assistant, for its own tests.

The connection is perfect and takes no time; `python -m tests.simulation.lonely` tells what an
enrollment costs.
"""

from __future__ import annotations

import asyncio
import json
import time
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
from tests.simulation.loop import run
from tests.simulation.reader import SimulatedReader, Touch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from emulator import Profile

T, U = "9f2c01ab44d0e1f7", "1b7d4e90c2a3f586"
ANNA, BEN = Finger("anna"), Finger("ben")
FINAL = ("completed", "failed", "cancelled")


class _Connection:
    """The reader's writing half, and a broker that answers each packet at once."""

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


class House:
    """The reader, all it was heard to say and all that is true of it, in one list."""

    def __init__(self, seed: int, model: str | Profile = "R307") -> None:
        self.rng = Random(seed)  # noqa: S311 - it has to be the same each time
        self.trace: list[tuple[float, str, Any]] = []
        """When, what (a topic, or a word for what was told), and the content."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._connection: _Connection | None = None
        self.reader = SimulatedReader(
            "front_door",
            "a1b2c3d4e5f6",
            rng=self.rng,
            open_connection=self._open,
            told=self,
            model=model,
        )

    async def _open(self, host: str, port: int) -> tuple[Any, Any]:
        assert (host, port) == ("broker", 1883)
        self._connection = _Connection(
            lambda topic, data: self._note(topic, json.loads(data)),
            lambda: self._note("aborted", None),
        )
        return self._connection.reader, self._connection

    def _note(self, what: str, content: Any) -> None:
        self.trace.append((self._loop.time(), what, content))
        self._changed.set()

    # What the reader tells.

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        self._note("snapshot", snapshot)

    def touched(self, touch: Touch) -> None:
        self._note("touch", touch)

    def committed(self, slot: int, template_id: str) -> None:
        self._note("committed", (slot, template_id))

    def accepted(self) -> None:
        self._note("accepted", None)

    def emptying(self, slot: int, template_id: str | None) -> None:
        self._note("emptying", (slot, template_id))

    def emptied(self, slot: int, template_id: str | None) -> None:
        self._note("emptied", (slot, template_id))

    def power(self, *, on: bool) -> None:
        self._note("power", on)

    def stopped(self, error: Exception | None) -> None:
        self._note("stopped", error)

    def printed(self, line: str) -> None:
        self._note("printed", line)

    # What a test asks for.

    def of(self, what: str, since: int = 0) -> list[Any]:
        return [content for _, word, content in self.trace[since:] if word == what]

    async def wait(self, what: str, fits: Callable[[Any], bool], since: int = 0) -> Any:
        """Wait until something was heard since a place in the trace; give its content."""
        async with asyncio.timeout(1000):
            while not (found := [one for one in self.of(what, since) if fits(one)]):
                self._changed.clear()
                await self._changed.wait()
        return found[0]

    def say(self, topic: str, **message: Any) -> str:
        """Say something as Home Assistant; give the request id."""
        request = self.rng.randbytes(8).hex()
        payload = json.dumps({"v": 1, "request": request, **message}).encode()
        assert self._connection is not None
        self._connection.reader.feed_data(publish(topic, payload))
        return request

    async def ask(self, topic: str, **message: Any) -> Any:
        request = self.say(topic, **message)
        return await self.wait("command/response", lambda one: bool(one["request"] == request))

    async def turn_on(self) -> None:
        """Give power, and wait until the sensor was found and a session stands."""
        since = len(self.trace)
        self.reader.power_on()
        await self.wait("enroll/response", lambda _: True, since)

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
        """Put a finger on until it is to be lifted, and again, until the enrollment ends."""
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


def perform(scene: Callable[[House], Awaitable[None]], seed: int = 0, **more: Any) -> House:
    """Play a scene with a reader that has power and a session; give what is left of it."""

    async def main() -> House:
        house = House(seed, **more)
        await house.turn_on()
        await scene(house)
        return house

    with consoles():
        return run(main())


async def enroll(house: House, finger: Finger = ANNA, template_id: str = T) -> dict[str, Any]:
    assert (await house.start(template_id))["ok"]
    return await house.scan(finger)


async def enroll_until_the_cut(house: House) -> None:
    """Enroll while somebody takes the power, and give it again after a while."""
    since = len(house.trace)
    enrolling = asyncio.ensure_future(enroll(house))
    await house.wait("power", lambda on: not on, since)
    enrolling.cancel()
    await asyncio.sleep(5)
    await house.turn_on()


async def _enrollment(seed: int) -> None:
    house = House(seed)
    await house.turn_on()
    assert (await house.start("a" * 16))["ok"]
    assert (await house.scan(Finger("anna")))["stage"] == "completed"


def main(runs: int = 300) -> None:
    """Measure."""
    began = time.process_time()
    with consoles():
        for seed in range(runs):
            run(_enrollment(seed))
    spent = (time.process_time() - began) / runs
    print(f"{spent * 1000:.2f} ms for one enrollment with the reader's start")  # noqa: T201


if __name__ == "__main__":
    main()
