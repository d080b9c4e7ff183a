"""A first-generation reader on a real broker."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import paho.mqtt.client as paho
import pytest_asyncio
from paho.mqtt.enums import CallbackAPIVersion

from demo.brokers import Broker, BrokerKind
from demo.programs import free_port
from tests.first_generation.reader import PREFIX, Settings
from tests.first_generation.runner import FirstGenerationRunner
from tests.first_generation.scene import TEMPLATE_ID
from tests.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    import pytest

WITHIN = 20


class Message(NamedTuple):
    suffix: str
    payload: dict[str, Any]
    qos: int
    retained: bool


class Site:
    """What is at the other end of the broker: it hears all, and asks."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._subscribed = asyncio.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{PREFIX}#", 2)
        self._client.on_subscribe = lambda *_: self._call(self._subscribed.set)
        self._client.on_message = self._hear
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    async def async_subscribed(self) -> None:
        async with asyncio.timeout(WITHIN):
            await self._subscribed.wait()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, suffix: str, **message: Any) -> None:
        self._client.publish(PREFIX + suffix, json.dumps(message))

    async def async_until(self, **wanted: Any) -> Message:
        """Return the next message that has all of these values; drop what comes before."""
        return (await self.async_all_until(**wanted))[-1]

    async def async_all_until(self, **wanted: Any) -> list[Message]:
        """Return all messages up to the next that has all of these values."""
        messages: list[Message] = []
        async with asyncio.timeout(WITHIN):
            while not messages or not wanted.items() <= messages[-1].payload.items():
                messages.append(await self._heard.get())
        return messages

    async def async_ask_until(self, suffix: str, message: dict[str, Any], **wanted: Any) -> Message:
        """Repeat a request until the answer is there: the reader announces itself too early."""
        for _ in range(WITHIN):
            self.say(suffix, **message)
            try:
                async with asyncio.timeout(1):
                    return await self.async_until(**wanted)
            except TimeoutError:
                continue
        raise TimeoutError

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        heard = Message(
            message.topic.removeprefix(PREFIX),
            json.loads(message.payload),
            message.qos,
            message.retain,
        )
        self._call(lambda: self._heard.put_nowait(heard))

    def _call(self, what: Any) -> None:
        self._loop.call_soon_threadsafe(what)


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncGenerator[Broker]:
    broker = Broker(BrokerKind.MOSQUITTO, free_port(), tmp_path)
    await broker.async_start()
    yield broker
    broker.stop()


@pytest_asyncio.fixture
async def site(broker: Broker) -> AsyncGenerator[Site]:
    site = Site(broker.port)
    await site.async_subscribed()
    yield site
    site.close()


@pytest_asyncio.fixture(params=list(Sketch))
async def runner(
    request: pytest.FixtureRequest, broker: Broker, site: Site
) -> AsyncGenerator[FirstGenerationRunner]:
    runner = FirstGenerationRunner(broker.port, request.param, Settings(status_period=0.2))
    runner.start()
    yield runner
    runner.stop()


async def test_it_announces_itself_and_enrolls(runner: FirstGenerationRunner, site: Site) -> None:
    announced = await site.async_until(status="online", timestamp=0)
    assert announced[2:] == (0, False)
    await site.async_until(status="online", fingerprints_stored=0)
    await site.async_ask_until("command", {"command": "sensor_info"}, capacity=127)
    site.say("enroll/request", action="start", slot=5, template_id=TEMPLATE_ID)
    await site.async_until(status="started", slot=5)
    await site.async_until(status="waiting")
    await site.async_until(status="waiting")
    last = 3 if runner.reader.sketch is Sketch.LATER else 2
    for step in range(1, last + 1):
        runner.place("anna")
        captured = await site.async_until(status="progress", step=step)
        assert (captured.qos, captured.retained) == (0, False)
        runner.lift()
    if last == 3:
        await site.async_until(status="ready_for_confirmation")
        site.say("enroll/request", action="confirm")
    await site.async_until(status="success", slot=5, template_id=TEMPLATE_ID)
    site.say("enroll/completion", status="enrollment_saved", template_id=TEMPLATE_ID)
    site.say("detect/request", action="enable", mode="attendance")
    await site.async_ask_until("command", {"command": "sensor_info"}, stored=1)
    runner.touch("anna")
    await site.async_until(fingerprint_id=5)


async def test_a_killed_reader_says_no_more_and_starts_anew(
    runner: FirstGenerationRunner, site: Site
) -> None:
    await site.async_until(status="online", timestamp=0)
    await site.async_ask_until(
        "enroll/request",
        {"action": "start", "slot": 5, "template_id": TEMPLATE_ID},
        status="started",
    )
    runner.kill()
    runner.touch("anna")
    runner.start()
    lost = await site.async_all_until(status="online", timestamp=0)
    assert "progress" not in {message.payload.get("status") for message in lost}
    status = await site.async_until(status="online", fingerprints_stored=0)
    assert status.payload["enrollment_in_progress"] is False


async def test_it_comes_back_after_the_broker_did(
    runner: FirstGenerationRunner, site: Site, broker: Broker
) -> None:
    await site.async_until(status="online", timestamp=0)
    broker.kill()
    await broker.async_start()
    await site.async_until(status="online", fingerprints_stored=0)
    await site.async_ask_until("command", {"command": "sensor_info"}, capacity=127)
