"""The model of Home Assistant's MQTT client connects, subscribes and ends as that does."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.broker_behavior import BrokerBehavior
from tests.simulation.broker_bench import BrokerBench, RecordedClient, simulate, simulated
from tests.simulation.ha_mqtt_client import NotConnectedError
from tests.simulation.network import Block, Notice

# --- connecting and subscribing ---------------------------------------------------------


def test_it_reports_the_connection_before_anything_is_subscribed_to() -> None:
    async def test(bench: BrokerBench) -> None:
        one = await bench.listener("other")
        one.publish("a", b"x", 1, retain=True)
        await one.up_to_date()
        began = bench.now
        ha = RecordedClient(bench, "a", "b")
        assert not ha.client.connected
        await ha.until("subscribed")
        assert ha.client.connected
        await asyncio.sleep(1)
        assert ha.told[0] == "connected"
        orders.add(tuple(ha.told[1:]))
        # The first time it waits for more wishes, for half a second.
        assert ha.times[0] - began < 0.1
        assert 0.5 < ha.times[1] - ha.times[0] < 0.6

    orders: set[tuple[str, ...]] = set()
    for seed in range(20):
        simulate(test, seed=seed)
    assert orders == {("a x retained", "subscribed"), ("subscribed", "a x retained")}


@simulated()
async def test_subscribing_waits_until_nobody_wants_more(bench: BrokerBench) -> None:
    ha = RecordedClient(bench)
    await ha.until("connected")
    for number in range(5):
        ha.client.subscribe(f"{number}")
        await asyncio.sleep(0.3)
    await ha.until("subscribed")
    asked = bench.heard("> Subscribe")
    assert len(asked) == 1
    assert float(asked[0].split()[0]) > ha.times[0] + 1.2 + 0.5
    await asyncio.sleep(10)
    asked_at = bench.now
    ha.client.subscribe("later")
    await ha.until("subscribed")
    assert 0.1 < bench.now - asked_at < 0.15  # it has settled


@simulated()
async def test_each_wildcard_is_asked_for_by_itself_and_all_plain_topics_at_once(
    bench: BrokerBench,
) -> None:
    ha = RecordedClient(bench, "b", "a", "c/+", "#")
    await ha.until("subscribed")
    asked = [line.split("filters=")[1] for line in bench.trace if "> Subscribe" in line]
    assert asked == ["(('#', 1),))", "(('c/+', 1),))", "(('a', 1), ('b', 1)))"]
    assert ha.told == ["connected", "subscribed"]
    one = await bench.listener("other")
    one.publish("a", b"x")
    await ha.until("a x")
    await asyncio.sleep(1)
    assert ha.told[2:] == ["a x", "a x"]  # once for each subscription


@simulated()
async def test_a_subscription_that_nobody_acknowledges_counts_as_done_after_ten_seconds(
    bench: BrokerBench,
) -> None:
    ha = RecordedClient(bench, "a")
    await ha.until("connected")
    bench.broker.stall(100)
    await ha.until("subscribed")
    assert bench.now - ha.times[0] == pytest.approx(10.5)


@simulated(behavior=BrokerBehavior(retained_first=True))
async def test_a_lost_connection_is_tried_again_after_ten_seconds_and_subscribed_again(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("other")
    one.publish("a", b"1", 1, retain=True)
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    bench.network.cut("ha")
    one.publish("a", b"2", 1, retain=True)
    one.publish("a", b"3", 1)
    await ha.until("subscribed")
    assert ha.told == [
        "connected",
        "a 1 retained",
        "subscribed",
        "lost",
        "connected",
        "a 2 retained",  # again retained, and 3 is lost
        "subscribed",
    ]
    assert 10 < ha.times[4] - ha.times[3] < 10.1


@pytest.mark.parametrize("block", list(Block))
@simulated()
async def test_it_goes_on_trying_while_it_cannot_connect(bench: BrokerBench, block: Block) -> None:
    bench.network.block("ha", block)
    ha = RecordedClient(bench, "a")
    await asyncio.sleep(95)
    assert ha.told == []
    bench.network.unblock("ha")
    await ha.until("subscribed")
    assert bench.now < 112


@simulated()
async def test_a_broker_that_does_not_accept_is_tried_again_on_another_connection(
    bench: BrokerBench,
) -> None:
    bench.broker.stall(25)
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    assert ha.told == ["connected", "subscribed"]
    assert len(bench.heard("> Connect(")) == 3


@simulated()
async def test_a_dead_connection_is_noticed_only_after_two_keepalives(bench: BrokerBench) -> None:
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    cut_at = bench.now
    bench.network.cut("ha", Notice.BROKER)
    await asyncio.sleep(100)
    assert ha.client.connected
    ha.client.publish("a", b"into the void")
    await ha.until("lost")
    assert 119 < bench.now - cut_at < 121
    await ha.until("subscribed")


@simulated()
async def test_a_quiet_connection_is_kept_by_pings(bench: BrokerBench) -> None:
    ha = RecordedClient(bench, "a")
    await asyncio.sleep(1000)
    assert ha.told == ["connected", "subscribed"]
    assert len(bench.heard("PINGREQ")) == 16


# --- its end ----------------------------------------------------------------------------


@pytest.mark.parametrize("kill", [True, False])
@simulated()
async def test_it_ends_with_disconnect_or_like_a_dead_process_and_calls_no_callback_afterwards(
    bench: BrokerBench, kill: bool
) -> None:
    one = await bench.listener("other")
    ha = RecordedClient(bench, "a")
    await ha.until("subscribed")
    one.publish("a", b"under way", 1)
    ha.client.close(kill=kill)
    with pytest.raises(NotConnectedError):
        ha.client.publish("a", b"too late")
    told = list(ha.told)
    await asyncio.sleep(1000)
    assert ha.told == told == ["connected", "subscribed"]
    assert bool(bench.heard("DISCONNECT")) is not kill
    again = RecordedClient(bench, "a", client_id="ha-2")
    await again.until("subscribed")
    assert again.told == ["connected", "subscribed"]


@pytest.mark.parametrize("moment", [0, 0.01, 0.3, 0.51, 12])
@simulated()
async def test_it_can_be_closed_at_any_moment(bench: BrokerBench, moment: float) -> None:
    if moment > 10:
        bench.network.block("ha", Block.HANGS)
    ha = RecordedClient(bench, "a")
    await asyncio.sleep(moment)
    told = list(ha.told)
    ha.client.close(kill=True)
    ha.client.close(kill=False)
    bench.network.unblock("ha")
    await asyncio.sleep(1000)
    assert ha.told == told


@simulated()
async def test_closed_while_it_waits_for_the_broker_it_calls_no_callback_afterwards(
    bench: BrokerBench,
) -> None:
    ha = RecordedClient(bench, "a")
    await ha.until("connected")
    bench.broker.stall(5)
    await asyncio.sleep(1)
    ha.client.close(kill=True)
    await asyncio.sleep(100)
    assert ha.told == ["connected"]
