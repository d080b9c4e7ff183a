"""The model of Home Assistant's MQTT client gets and publishes messages as that does."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.broker_behavior import BrokerBehavior
from tests.simulation.broker_bench import BrokerBench, RecordedClient, simulate, simulated
from tests.simulation.ha_mqtt_client import NotConnectedError
from tests.simulation.network import Notice
from tests.simulation.packets import Message


@simulated(behavior=BrokerBehavior(retained_first=True))
async def test_subscribing_again_replays_nothing_that_was_replayed_since_the_connection(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("other")
    one.publish("a", b"1", retain=True)
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    one.publish("a", b"2", retain=True)
    await ha.until("a 2")
    ha.client.subscribe("a")
    await ha.until("subscribed")
    assert ha.told == ["connected", "a 1 retained", "subscribed", "a 2", "subscribed"]
    # Another subscription, as after a reload.
    ha.client.unsubscribe("a")
    ha.client.subscribe("a", 1)
    await ha.until("subscribed")
    assert ha.told[-2:] == ["a 2 retained", "subscribed"]
    assert not bench.heard("Unsubscribe")


@simulated()
async def test_no_message_comes_after_unsubscribing(bench: BrokerBench) -> None:
    one = await bench.listener("other")
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    ha.client.unsubscribe("a")
    one.publish("a", b"still under way")
    await asyncio.sleep(1)
    assert bench.heard("> Unsubscribe")
    one.publish("a", b"x")
    await asyncio.sleep(1)
    assert ha.told == ["connected", "subscribed"]


@simulated()
async def test_the_broker_gets_its_acknowledgement_after_the_callback(bench: BrokerBench) -> None:
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    one = await bench.listener("other")
    one.publish("a", b"x", 1)
    ha.client._on_message = lambda *_: bench.network.cut("ha")
    await asyncio.sleep(1)
    assert not bench.heard("ha-1 > Puback")


@simulated()
async def test_a_publish_without_connection_raises_and_at_qos_1_is_delivered_later(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("other")
    bench.network.block("ha")
    ha = RecordedClient(bench)
    for qos in (0, 1):
        with pytest.raises(NotConnectedError):
            ha.client.publish("a", b"at qos %d" % qos, qos)
    await asyncio.sleep(300)
    bench.network.unblock("ha")
    await one.next()
    await asyncio.sleep(100)
    assert one.messages == ["a at qos 1 q1"]


@simulated()
async def test_what_was_not_acknowledged_is_published_again_after_the_next_connection(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("other")
    ha = RecordedClient(bench)
    await ha.until("connected")
    ha.client.publish("a", b"0", 1)
    await asyncio.sleep(1)
    bench.broker.stall(1)
    ha.client.publish("a", b"1", 1)
    ha.client.publish("a", b"2", 0)
    await asyncio.sleep(0.5)
    bench.network.cut("ha", Notice.CLIENT)  # the broker has the bytes, but cannot say so
    await asyncio.sleep(100)
    assert one.messages == ["a 0 q1", "a 1 q1", "a 2 q0", "a 1 q1"]
    assert bench.heard("ha-1 > Publish", "duplicate=True")


# --- replay -----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_history_and_another_one_does_not() -> None:
    told: list[list[str]] = []

    async def test(bench: BrokerBench) -> None:
        ha = RecordedClient(bench, "a", "b", "c/#")
        reader = await bench.connect("reader", will=Message("a", b"gone", 1, retain=True))
        for number in range(60):
            reader.publish("a", b"%d" % number, 1, retain=True)
            if ha.client.connected:
                ha.client.publish("b", b"%d" % number, number % 2)
            await asyncio.sleep(1)
            if number % 20 == 5:
                bench.network.cut("ha", Notice(number // 20))
            if number % 20 == 10:
                bench.network.stall("ha", 4)
        told.append(ha.told)

    behavior = BrokerBehavior(duplicated=0.3, duplicate_late_s=2, ack_late=0.3, ack_late_s=2)
    first = simulate(test, behavior=behavior)
    assert len(first) > 200
    assert simulate(test, behavior=behavior) == first
    assert told[0] == told[1]
    assert simulate(test, behavior=behavior, seed=2) != first
