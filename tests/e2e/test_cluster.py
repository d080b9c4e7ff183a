"""Two RabbitMQ nodes that are one broker, as on a campus, and a reader on the other one.

RabbitMQ keeps a retained message only on the node at which it was published: after a restart Home
Assistant gets the state only from hello.
"""

import asyncio
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
import pytest
import pytest_asyncio
from paho.mqtt.enums import CallbackAPIVersion

from demo.brokers import BrokerKind
from demo.programs import Program, free_port
from demo.rabbitmq import JOINED, rabbitmq_beside
from tests.e2e.observed_enrollment import begin
from tests.support.finger_placement import ScanStep
from tests.support.house import CONNECTIVITY, ENROLLMENT, PROGRESS, House, until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def second_node(campus: House) -> AsyncGenerator[tuple[Program, int]]:
    """Start a second node, connect the reader to it, and return the node and its port."""
    folder, port = campus.installation.folder / "second-node", free_port()
    folder.mkdir()
    assert campus.installation.broker.env is not None
    command, env = rabbitmq_beside(campus.installation.broker.env, port, folder)
    node = Program(command, folder / "rabbitmq.log", env)
    try:
        await until(lambda: JOINED in node.tail())
        campus.proxies.reader.to = port
        campus.proxies.reader.drop()
        await campus.wire.until(lambda wire: wire.of("status")[-1]["online"] is False)
        await campus.wire.until(lambda wire: wire.of("status")[-1]["online"] is True)
        yield node, port
    finally:
        node.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def campus(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    folder = tmp_path_factory.mktemp("campus")
    async with House.running(folder, BrokerKind.RABBITMQ, with_proxies=True) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def idle(campus: House, second_node: tuple[Program, int]) -> AsyncGenerator[House]:
    async with campus.idle():
        yield campus


async def test_every_scan_comes_live_from_the_other_node(idle: House) -> None:
    observed = await begin(idle)
    await observed.placement.go_on()

    await observed.judge("completed", 3)
    assert not any(event["late"] for event in await observed.told())


async def test_after_an_absence_the_state_is_complete_though_this_node_retains_nothing(
    idle: House, second_node: tuple[Program, int]
) -> None:
    observed = await begin(idle)
    await observed.placement.go_on(ScanStep.LIFT_1)
    await idle.client.async_until_state(PROGRESS, "33")
    idle.proxies.home_assistant.drop()
    await idle.client.async_until_state(CONNECTIVITY, "off")
    await observed.placement.go_on(ScanStep.LIFT_2)
    topic = f"biometric/{idle.reader.reader_id}/enroll/response"
    here, there = [
        await _retained(p, topic) for p in (idle.installation.broker.port, second_node[1])
    ]
    assert observed.template_id not in here
    assert observed.template_id in there

    await idle.client.async_until_state(PROGRESS, "67")
    state = idle.client.states[ENROLLMENT]
    assert (state.attributes["name"], state.attributes["step"]) == (observed.name, 2)
    await observed.placement.go_on()
    await observed.judge("completed", 3)


async def test_a_reader_whose_node_is_killed_continues_by_the_other_one(
    idle: House, second_node: tuple[Program, int]
) -> None:
    observed = await begin(idle)
    await observed.placement.go_on(ScanStep.LIFT_2)
    second_node[0].kill()
    idle.proxies.reader.to = idle.installation.broker.port
    await observed.placement.go_on()

    await observed.judge("completed", 3)


async def _retained(port: int, topic: str) -> str:
    """Return what a broker retains on a topic, or nothing."""
    loop, texts = asyncio.get_running_loop(), list[str]()
    done = asyncio.Event()

    def take(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic == "fence":
            loop.call_soon_threadsafe(done.set)
        else:
            texts.append(message.payload.decode())

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *_: client.subscribe([(topic, 1), ("fence", 1)])
    client.on_subscribe = lambda client, *_: client.publish("fence", b"", 1)
    client.on_message = take
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        async with asyncio.timeout(10):
            await done.wait()
    finally:
        client.disconnect()
        client.loop_stop()
    return "".join(texts)
