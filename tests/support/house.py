"""A house: Home Assistant, broker and reader as real processes, with short methods for tests."""

import asyncio
import itertools
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from demo.home_assistant import NEWEST
from demo.installation import Installation
from demo.person import Person
from emulator.fingers import Finger
from emulator.seen_empty import wait_until_seen_empty
from emulator.wire import Code, Command
from tests.support.proxy import Proxies, open_proxies
from tests.support.wire_tap import WireTap

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from demo.brokers import BrokerKind
    from demo.client import Client
    from demo.reader import VirtualReader

READER_ID = "front_door"
ENROLLMENT = f"sensor.{READER_ID}_enrollment"
PROGRESS = f"sensor.{READER_ID}_enrollment_progress"
LAST_IDENTIFIED = f"sensor.{READER_ID}_last_identified"
STORED = f"sensor.{READER_ID}_stored_fingerprints"
TOUCH = f"event.{READER_ID}_touch"
LATE_TOUCH = f"event.{READER_ID}_late_touch"
ENROLLING = f"binary_sensor.{READER_ID}_enrolling"
CONNECTIVITY = f"binary_sensor.{READER_ID}_connectivity"

_WITHIN = 30
_LONGEST_ABSENCE = 75
"""Seconds; after a long outage, a reader reconnects once a minute."""


@dataclass
class House:
    """One Home Assistant with one reader, a client of its WebSocket API, and a `WireTap`."""

    installation: Installation
    reader: VirtualReader
    client: Client
    wire: WireTap
    _proxies: Proxies | None
    device_id: str = ""
    """Of the reader, in Home Assistant's device registry."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """The integration's events on Home Assistant's event bus."""
    ran: list[str] = field(default_factory=list)
    """Which automations ran, in order."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        folder: Path,
        broker: BrokerKind,
        automations: Sequence[dict[str, Any]] = (),
        *,
        with_proxies: bool = False,
        environment: Path = NEWEST,
    ) -> AsyncGenerator[Self]:
        """Start everything, and add the reader as a user would.

        With `with_proxies`, Home Assistant and the reader each reach the broker through a `Proxy`.
        `environment` is the Python environment that Home Assistant is installed in.
        """
        async with AsyncExitStack() as ends:
            installation = await ends.enter_async_context(
                Installation(folder, broker=broker, environment=environment)
            )
            direct = installation.broker.port
            proxies = await ends.enter_async_context(open_proxies(direct)) if with_proxies else None
            await installation.async_start(
                # Commit immediately, so that a kill loses no row.
                {"automations": list(automations), "recorder": {"commit_interval": 0}},
                port=proxies.home_assistant.port if proxies else direct,
            )
            wire = ends.enter_context(closing(WireTap(direct, READER_ID)))
            await wire.ready()
            reader = installation.add_reader(
                READER_ID, port=proxies.reader.port if proxies else direct
            )
            async with await installation.home_assistant.async_connect() as client:
                await _add_reader(installation, client)
                await client.async_until_state(CONNECTIVITY, "on")
            self = cls(installation, reader, client, wire, proxies)
            await self.connect()
            try:
                yield self
            finally:
                await self.client.async_close()

    @property
    def proxies(self) -> Proxies:
        """The proxies of a house that was started with them."""
        assert self._proxies is not None
        return self._proxies

    @asynccontextmanager
    async def idle(self) -> AsyncGenerator[None]:
        """Begin with everything available, no enrollment running, and no events recorded.

        Whatever the test before has left behind is repaired: it must not fail other tests.
        """
        self.reader.sensor_line.lift()
        if self._is_broken:
            await self._mend()
        await self.until_available(_LONGEST_ABSENCE)
        if self.client.states[ENROLLING].state == "on":
            await self.action("cancel_enrollment")
        await self.settled()
        self.events.clear()
        self.ran.clear()
        yield

    @property
    def _is_broken(self) -> bool:
        return not (
            self.installation.broker.running
            and self.installation.home_assistant.program.running
            and self.client.connected
            and self.reader.program.running
            and (self._proxies is None or self._proxies.flow)
        )

    async def _mend(self) -> None:
        """Start ended processes again, resume the proxies, and restart the reader."""
        broker, home_assistant = self.installation.broker, self.installation.home_assistant
        if self._proxies is not None:
            self._proxies.resume()
        if not broker.running:
            subscriptions = self.wire.subscriptions
            await broker.async_start()
            await self.wire.until(lambda wire: wire.subscriptions > subscriptions)
        if not home_assistant.program.running:
            await home_assistant.async_start()
        if not self.client.connected:
            await self.client.async_close()
            await self.connect()
        # It may try to reconnect only once a minute by now, and may still run an enrollment of an
        # earlier test.
        self.reader.kill()
        await self.client.async_until(
            lambda states: CONNECTIVITY in states and states[CONNECTIVITY].state != "on", within=60
        )
        self.reader.start()
        await self.until_available()
        await self.client.async_until_state(ENROLLING, "off")

    @property
    def person(self) -> Person:
        """A person who does what the enrollment sensor asks for."""
        return Person(self.client, self.reader.sensor_line, ENROLLMENT)

    def new_finger(self) -> Finger:
        """Return a finger that was not used before."""
        return Finger(f"finger {next(self._numbers)}")

    async def action(self, action: str, **data: Any) -> Any:
        """Call one of our actions for the reader; return its response."""
        response = action != "cancel_enrollment"
        return await self.client.async_action(
            f"biometric_enroll.{action}", response=response, device_id=self.device_id, **data
        )

    async def enroll(self, name: str, *fingers: Finger, **data: Any) -> dict[str, Any]:
        """Enroll as a person would, and return the response of the action."""
        person = asyncio.create_task(self.person.async_enroll(*fingers))
        answer: dict[str, Any] = await self.action(
            "enroll_fingerprint", name=name, wait=True, **data
        )
        await person
        return answer

    async def names(self) -> list[str]:
        """Return the names that the reader's fingerprints have."""
        answer = await self.action("get_fingerprints")
        return [fingerprint["name"] for fingerprint in answer["fingerprints"]]

    async def connect(self) -> None:
        """Connect a new client to Home Assistant, which has just started."""
        self.client = await self.installation.home_assistant.async_connect()
        await self.client.async_subscribe(
            {"type": "subscribe_events", "event_type": "biometric_enroll_event"},
            lambda event: self.events.append(event["data"]),
        )
        await self.client.async_subscribe(
            {"type": "subscribe_events", "event_type": "automation_ran"},
            lambda event: self.ran.append(event["data"]["which"]),
        )
        self.device_id = await self.device_id_of(self.reader)
        # Automations listen only from then on.
        await self.installation.home_assistant.async_started(self.client)

    async def device_id_of(self, reader: VirtualReader) -> str:
        """Return a reader's id in Home Assistant's device registry."""
        devices = await self.client.async_command(type="config/device_registry/list")
        found: str = next(
            device["id"]
            for device in devices
            if ["biometric_enroll", reader.device] in device["identifiers"]
        )
        return found

    async def touch(self, finger: Finger) -> None:
        """Touch the sensor, and lift the finger when the reader has published the touch."""
        touches = self.wire.count("fingerprint")
        await self.touch_unheard(finger)
        await self.wire.until(lambda wire: wire.count("fingerprint") > touches)

    async def touch_unheard(self, finger: Finger) -> None:
        """Touch the sensor, and lift the finger when the reader has identified it."""
        line = self.reader.sensor_line
        # Until the reader has seen the sensor empty, this would belong to the touch before.
        await asyncio.to_thread(wait_until_seen_empty, line)
        line.place(finger)
        # At the second poll it has handled the first.
        for _ in range(2):
            await self._sensor_answered(Command.GEN_IMG, Code.OK)
        line.lift()

    async def _sensor_answered(self, command: Command, code: Code) -> None:
        line = self.reader.sensor_line
        await asyncio.to_thread(
            line.wait_for_command, command, 30, code=code, since=line.command_count
        )

    async def reload(self) -> None:
        """Reload the reader's config entry: it subscribes again, and gets retained messages."""
        entries = await self.client.async_command(
            type="config_entries/get", domain="biometric_enroll"
        )
        await self.client.async_action(
            "homeassistant.reload_config_entry", entry_id=entries[0]["entry_id"]
        )
        await self.until_available()

    async def until_available(self, within: float = _WITHIN) -> None:
        """Wait until Home Assistant shows the reader as available."""
        await self.client.async_until_state(CONNECTIVITY, "on", within)

    async def settled(self) -> None:
        """Wait until the reader is available, and this client has received all that happened."""
        await self.until_available()
        # An answer comes after all that happened before.
        await self.client.async_command(type="get_config")

    def seen(self, entity_id: str, since: int) -> list[str]:
        """Return the states of an entity since a `position`, in the order in which they came."""
        return [
            state.state for _, which, state in self.client.history[since:] if which == entity_id
        ]

    async def until_shown(self, entity_id: str, since: int) -> None:
        """Wait until any state of an entity has come since a `position`."""
        await self.client.async_until(lambda _: self.seen(entity_id, since) != [])

    @property
    def position(self) -> int:
        """The current position in the history of states, for `seen` and `until_shown`."""
        return len(self.client.history)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition on files of another process by polling."""
    async with asyncio.timeout(_WITHIN):
        while not condition():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def _add_reader(installation: Installation, client: Client) -> None:
    if installation.broker.kind.discovers:
        await installation.home_assistant.async_add_discovered_reader(client, READER_ID)
    else:
        added = await installation.home_assistant.async_add_reader(READER_ID)
        assert added["type"] == "create_entry", added
