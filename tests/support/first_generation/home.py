"""A reader of the first generation behind the fake broker, and Home Assistant in front of it."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, override

from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_READER_ID,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
    EVENT_BIOMETRIC_ENROLL,
)
from tests.support.first_generation.reader import PREFIX, READER_ID
from tests.support.first_generation.scene import Scene
from tests.support.first_generation.sketch import GOOD, Sketch
from tests.support.home import AnyHome

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import Event, HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.first_generation.reader import Settings

TEMPLATE_ID = "9f2c01ab44d0e1f7"
"""Not known to Home Assistant."""

Message = dict[str, Any]


class FakeFirstGenerationReader(Scene):
    """A first-generation reader that is connected to the fake broker; a test controls its time."""

    def __init__(
        self, broker: FakeBroker, sketch: Sketch, settings: Settings | None = None
    ) -> None:
        """Switch it on; it is connected, and has published its announcement."""
        self.heard: list[tuple[str, Message]] = []
        """Messages that it has received."""
        self.missed: list[tuple[str, Message]] = []
        """Messages to it that were lost."""
        self.silent = False
        """Whether nothing passes between it and the broker."""
        self.loses: Callable[[str, Message], bool] = lambda _suffix, _message: False
        """Returns whether a message from it is lost."""
        self.deaf: Callable[[str, Message], bool] = lambda _suffix, _message: False
        """Returns whether a message to it is lost."""
        self._broker = broker
        self._news = asyncio.Event()
        broker.listen(self._hear)
        super().__init__(sketch, settings)

    @property
    def sketch(self) -> Sketch:
        return self.reader.sketch

    @property
    def scans(self) -> int:
        """How many scans it really takes."""
        return 3 if self.sketch is Sketch.LATER else 2

    # What a test lets it do

    def connect(self) -> None:
        self.silent = False
        self.reader.connected(self.now)

    def reboot(self, *, silent: bool = False) -> None:
        """Interrupt its power briefly; then it is connected again, unless it stays silent."""
        self.reader.reboot(self.now)
        self.silent = silent
        if not silent:
            self.connect()

    def scan(self, finger: str = "anna", times: int = 1, quality: int = GOOD) -> None:
        """Place a finger and lift it: one scan, or one touch."""
        self.touch(*[finger] * times, quality=quality)

    def say_status(self) -> None:
        """Advance the time until its periodic status."""
        self.wait(self.reader.settings.status_period)

    def publish(self, suffix: str, message: Message | bytes, *, retain: bool = False) -> None:
        """Publish any message on its topics."""
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self._broker.publish(PREFIX + suffix, payload, retain=retain)

    def ask(self, suffix: str, **message: Any) -> None:
        """Send it a request, as another system would."""
        self.send(suffix, message)

    # What a test can wait for

    def heard_of(self, suffix: str, **wanted: Any) -> list[Message]:
        """Return the received messages of a topic that have all of these values."""
        return [
            message
            for topic, message in self.heard
            if topic == suffix and wanted.items() <= message.items()
        ]

    async def hears(self, suffix: str, times: int = 1, **wanted: Any) -> None:
        """Wait until so many such messages were received."""
        await self._until(lambda: len(self.heard_of(suffix, **wanted)) >= times)

    async def misses(self, suffix: str, **wanted: Any) -> None:
        """Wait until such a message to it was lost."""
        await self._until(
            lambda: any(
                topic == suffix and wanted.items() <= message.items()
                for topic, message in self.missed
            )
        )

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                self._news.clear()
                await self._news.wait()

    # The network

    @override
    def _say(self, suffix: str, payload: bytes) -> None:
        super()._say(suffix, payload)
        if not self.silent and not self.loses(*self.said[-1]):
            self._broker.publish(PREFIX + suffix, payload)

    def _hear(self, topic: str, payload: str) -> None:
        suffix = topic.removeprefix(PREFIX)
        if suffix not in self.reader.subscriptions:
            return
        self._news.set()
        message = json.loads(payload)
        if self.silent or self.deaf(suffix, message):
            self.missed.append((suffix, message))
            return
        self.heard.append((suffix, message))
        self.reader.take(suffix, payload.encode(), self.now)


def first_generation_entry(reader_id: str = READER_ID, **more: Any) -> MockConfigEntry:
    """Return the config entry of such a reader."""
    data = {
        CONF_READER_ID: reader_id,
        CONF_DEVICE: reader_id,
        CONF_DIALECT: DIALECT_FIRST_GENERATION,
    }
    return MockConfigEntry(
        domain=DOMAIN, title="Front door", unique_id=reader_id, data=data, **more
    )


class FirstGenerationHome(AnyHome):
    """Home Assistant with one such reader, as its users see it."""

    SHOWN_IF_AVAILABLE = (*AnyHome.SHOWN_IF_AVAILABLE, ("button", "cancel_enrollment"))

    def __init__(self, hass: HomeAssistant, reader: FakeFirstGenerationReader) -> None:
        super().__init__(hass, first_generation_entry())
        self.reader = reader
        self.entry.add_to_hass(hass)
        self.reader_events: list[Event[Any]] = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)

    @override
    async def set_up(self) -> None:
        assert await self.start()
        await self.until(lambda: self.available)
        await self.settle()

    # What is shown

    @property
    def outcome(self) -> tuple[str, str | None]:
        return self.stage, self.state("sensor", "enrollment").attributes["reason"]

    @property
    def ended(self) -> bool:
        return self.stage in {"completed", "failed", "cancelled"}

    def told(self) -> list[str]:
        """Return the events of enrollments so far; scans with their number."""
        return [
            f"{event.data['type']} {event.data['step']}"
            if event.data["type"].startswith("scan")
            else event.data["type"]
            for event in self.reader_events
            if "step" in event.data
        ]

    def touches(self) -> list[dict[str, Any]]:
        """Return the data of the events of touches so far."""
        return [dict(event.data) for event in self.reader_events if "confidence" in event.data]

    async def until_ended(self) -> None:
        await self.until(lambda: self.ended)

    # What users do

    async def enrolled(self, finger: str = "anna", name: str = "Anna") -> dict[str, Any]:
        """Enroll a finger."""
        answer = await self.enroll(name=name, scan_timeout=120)
        self.reader.scan(finger, self.reader.scans)
        await self.until_ended()
        await self.settle()
        assert self.stage == "completed"
        return answer

    async def press_cancel(self) -> None:
        button = {"entity_id": self.entity_id("button", "cancel_enrollment")}
        await self.hass.services.async_call("button", "press", button, blocking=True)

    def trust(self) -> None:
        """Let the touches of this reader count as live."""
        self.set_options({"trust_touches": True})
