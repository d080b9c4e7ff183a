"""A running installation, and short words for what the tests do with it."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from demo.person import Person
from demo.stage import Stage
from emulator.fingers import Finger
from emulator.wire import Code, Command

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
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


@dataclass
class Bench:
    """One Home Assistant with one reader, a client that watches, and a tap on the wire."""

    stage: Stage
    reader: VirtualReader
    client: Client
    wire: Wire
    device_id: str
    events: list[dict[str, Any]] = field(default_factory=list)
    """What came on Home Assistant's event bus from this integration."""
    ran: list[str] = field(default_factory=list)
    """Which automations ran, in order."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def person(self) -> Person:
        """Somebody who does what the dashboard says."""
        return Person(self.client, self.reader.line, ENROLLMENT)

    def new_finger(self) -> Finger:
        """Return a finger that no sensor has seen."""
        return Finger(f"finger {next(self._numbers)}")

    async def action(self, action: str, **data: Any) -> Any:
        """Call one of our actions for the reader; return its response."""
        response = action != "cancel_enrollment"
        return await self.client.async_action(
            f"biometric_enroll.{action}", response=response, device_id=self.device_id, **data
        )

    async def enroll(self, name: str, *fingers: Finger, **data: Any) -> dict[str, Any]:
        """Enroll as a person would, and return what the waiting action answers."""
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
        """Follow Home Assistant, which has just started, with a new client."""
        self.client = await self.stage.home_assistant.async_connect()
        await self.client.async_subscribe(
            {"type": "subscribe_events", "event_type": "biometric_enroll_event"},
            lambda event: self.events.append(event["data"]),
        )
        await self.client.async_subscribe(
            {"type": "subscribe_events", "event_type": "automation_ran"},
            lambda event: self.ran.append(event["data"]["which"]),
        )
        # Automations listen only from then on.
        await self.stage.home_assistant.async_started(self.client)

    async def touch(self, finger: Finger) -> None:
        """Touch the sensor, and lift the finger when the reader has told of it."""
        line, touches = self.reader.line, self.wire.count("fingerprint")
        # Until the reader has seen the empty sensor, this would be the touch before.
        await asyncio.to_thread(
            line.wait_for_command, Command.GEN_IMG, code=Code.NO_FINGER, since=line.command_count
        )
        line.place(finger)
        await self.wire.until(lambda wire: wire.count("fingerprint") > touches)
        line.lift()

    async def reload(self) -> None:
        """Reload the reader's config entry: subscribe anew, and get what is retained."""
        entries = await self.client.async_command(
            type="config_entries/get", domain="biometric_enroll"
        )
        await self.client.async_action(
            "homeassistant.reload_config_entry", entry_id=entries[0]["entry_id"]
        )
        await self.until_available()

    async def until_available(self) -> None:
        """Wait until Home Assistant knows that the reader is there."""
        await self.client.async_until_state(CONNECTIVITY, "on")

    def seen(self, entity_id: str, since: int) -> list[str]:
        """Return the states of an entity that the client has seen since a mark, in order."""
        return [
            state.state for _, which, state in self.client.history[since:] if which == entity_id
        ]

    @property
    def mark(self) -> int:
        """What `seen` counts from."""
        return len(self.client.history)


@dataclass
class Message:
    """One message on the wire."""

    topic: str
    """Below the reader's own."""
    payload: dict[str, Any]
    retained: bool


class Wire:
    """An own client of the broker: sees all that passes, and can say what it likes."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Condition()
        self.messages: list[Message] = []
        self._subscribed = asyncio.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("biometric/#")
        self._client.on_subscribe = self._note_subscribed
        self._client.on_message = self._take
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    async def ready(self) -> None:
        async with asyncio.timeout(_WITHIN):
            await self._subscribed.wait()

    def say(self, topic: str, payload: dict[str, Any] | bytes, *, retain: bool = False) -> None:
        """Publish below the reader's topic."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(f"biometric/{READER_ID}/{topic}", data, qos=1, retain=retain)

    async def ask(self, topic: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a request as Home Assistant would, and return the reader's answer."""
        self.say(topic, payload)

        def answer(wire: Wire) -> dict[str, Any] | None:
            answers = wire.of("command/response")
            return next((m for m in answers if m["request"] == payload["request"]), None)

        await self.until(lambda wire: answer(wire) is not None)
        found = answer(self)
        assert found is not None
        return found

    def of(self, topic: str) -> list[dict[str, Any]]:
        """Return the messages of one of the reader's topics that came live."""
        return [m.payload for m in self.messages if m.topic == topic and not m.retained]

    def count(self, topic: str) -> int:
        return len(self.of(topic))

    async def until(self, condition: Callable[[Wire], bool], within: float = _WITHIN) -> None:
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    def _note_subscribed(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._subscribed.set)

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"biometric/{READER_ID}/")
        try:
            payload = json.loads(message.payload)
        except ValueError:
            return
        taken = Message(topic, payload, bool(message.retain))
        asyncio.run_coroutine_threadsafe(self._note(taken), self._loop)

    async def _note(self, message: Message) -> None:
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()


@asynccontextmanager
async def running_bench(
    folder: Path, broker: BrokerKind, automations: list[dict[str, Any]]
) -> AsyncGenerator[Bench]:
    """Start everything: the reader is discovered and confirmed, as a user would."""
    async with Stage(folder, broker=broker) as stage:
        await stage.async_start({"automations": automations})
        wire = Wire(stage.broker.port)
        await wire.ready()
        reader = stage.add_reader(READER_ID)
        async with await stage.home_assistant.async_connect() as client:
            await stage.home_assistant.async_add_discovered_reader(client, READER_ID)
            await client.async_until_state(CONNECTIVITY, "on")
            devices = await client.async_command(type="config/device_registry/list")
        device_id = next(
            d["id"] for d in devices if ["biometric_enroll", reader.device] in d["identifiers"]
        )
        bench = Bench(stage, reader, client, wire, device_id)
        await bench.connect()
        try:
            yield bench
        finally:
            await bench.client.async_close()
            wire.close()
