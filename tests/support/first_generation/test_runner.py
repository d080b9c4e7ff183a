"""A first-generation reader on a real broker."""

import asyncio
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from demo.brokers import Broker, BrokerKind
from demo.programs import free_port
from tests.support.first_generation.reader import READER_ID, Settings
from tests.support.first_generation.runner import FirstGenerationRunner
from tests.support.first_generation.scene import TEMPLATE_ID
from tests.support.first_generation.sketch import Sketch
from tests.support.wire_tap import WireTap

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    import pytest


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncGenerator[Broker]:
    broker = Broker(BrokerKind.MOSQUITTO, free_port(), tmp_path)
    await broker.async_start()
    yield broker
    broker.stop()


@pytest_asyncio.fixture
async def wire(broker: Broker) -> AsyncGenerator[WireTap]:
    with closing(WireTap(broker.port, READER_ID, qos=2)) as wire:
        await wire.ready()
        yield wire


async def ask(wire: WireTap, topic: str, message: dict[str, Any], **wanted: Any) -> None:
    """Repeat a request until the answer is there: the reader announces itself too early."""
    for _ in range(20):
        wire.say(topic, message)
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await wire.next(**wanted)
                return
    raise TimeoutError


@pytest_asyncio.fixture(params=list(Sketch))
async def runner(
    request: pytest.FixtureRequest, broker: Broker, wire: WireTap
) -> AsyncGenerator[FirstGenerationRunner]:
    runner = FirstGenerationRunner(broker.port, request.param, Settings(status_period=0.2))
    runner.start()
    yield runner
    runner.stop()


async def test_it_announces_itself_and_enrolls(
    runner: FirstGenerationRunner, wire: WireTap
) -> None:
    announced = await wire.next(status="online", timestamp=0)
    assert (announced.qos, announced.retained) == (0, False)
    await wire.next(status="online", fingerprints_stored=0)
    await ask(wire, "command", {"command": "sensor_info"}, capacity=127)
    wire.say("enroll/request", {"action": "start", "slot": 5, "template_id": TEMPLATE_ID})
    await wire.next(status="started", slot=5)
    await wire.next(status="waiting")
    await wire.next(status="waiting")
    last = 3 if runner.reader.sketch is Sketch.LATER else 2
    for step in range(1, last + 1):
        runner.place("anna")
        captured = await wire.next(status="progress", step=step)
        assert (captured.qos, captured.retained) == (0, False)
        runner.lift()
    if last == 3:
        await wire.next(status="ready_for_confirmation")
        wire.say("enroll/request", {"action": "confirm"})
    await wire.next(status="success", slot=5, template_id=TEMPLATE_ID)
    wire.say("enroll/completion", {"status": "enrollment_saved", "template_id": TEMPLATE_ID})
    wire.say("detect/request", {"action": "enable", "mode": "attendance"})
    await ask(wire, "command", {"command": "sensor_info"}, stored=1)
    runner.touch("anna")
    await wire.next(fingerprint_id=5)


async def test_a_killed_reader_is_silent_and_can_be_started_again(
    runner: FirstGenerationRunner, wire: WireTap
) -> None:
    await wire.next(status="online", timestamp=0)
    await ask(
        wire,
        "enroll/request",
        {"action": "start", "slot": 5, "template_id": TEMPLATE_ID},
        status="started",
    )
    runner.kill()
    runner.touch("anna")
    runner.start()
    await wire.next(status="online", timestamp=0)
    assert "progress" not in {message.payload.get("status") for message in wire.messages}
    status = await wire.next(status="online", fingerprints_stored=0)
    assert status.payload["enrollment_in_progress"] is False


async def test_it_comes_back_after_the_broker_did(
    runner: FirstGenerationRunner, wire: WireTap, broker: Broker
) -> None:
    await wire.next(status="online", timestamp=0)
    broker.kill()
    await broker.async_start()
    await wire.next(status="online", fingerprints_stored=0)
    await ask(wire, "command", {"command": "sensor_info"}, capacity=127)
