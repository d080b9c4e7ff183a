"""The model of Home Assistant's MQTT client connects, subscribes and publishes as that does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.simulation.client import HaClient, NotConnectedError
from tests.simulation.habits import BrokerHabits
from tests.simulation.network import Block, Notice
from tests.simulation.packets import Message
from tests.simulation.rig import Rig, simulate

if TYPE_CHECKING:
    from tests.simulation.probe import Probe


class House:
    """Home Assistant's client, and all that it told."""

    def __init__(self, rig: Rig, *topics: str, client_id: str = "ha-1") -> None:
        self._rig = rig
        self.told: list[str] = []
        self.times: list[float] = []
        self._news = asyncio.Event()
        self.client = HaClient(
            rig.network,
            "ha",
            client_id,
            on_message=self._on_message,
            on_connection=lambda connected: self._note("connected" if connected else "lost"),
            on_subscribed=lambda: self._note("subscribed"),
        )
        for topic in topics:
            self.client.subscribe(topic, 1)
        self.client.start()

    async def until(self, what: str) -> None:
        """Wait until something was told once more."""
        at = len(self.told)
        while what not in self.told[at:]:
            self._news.clear()
            await self._news.wait()

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self._note(f"{topic} {payload.decode()}{' retained' * retained}")

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.times.append(self._rig.now)
        self._news.set()


async def other(rig: Rig) -> Probe:
    """Connect a client that hears everything, but not again what is retained."""
    one = await rig.connect("other")
    await one.subscribe(("#", 1))
    return one


# --- connecting and subscribing ---------------------------------------------------------


def test_it_tells_of_the_connection_before_anything_is_subscribed_to() -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        one.publish("a", b"x", 1, retain=True)
        await one.up_to_date()
        began = rig.now
        house = House(rig, "a", "b")
        assert not house.client.connected
        await house.until("subscribed")
        assert house.client.connected
        await asyncio.sleep(1)
        assert house.told[0] == "connected"
        orders.add(tuple(house.told[1:]))
        # The first time it waits for more wishes, for half a second.
        assert house.times[0] - began < 0.1
        assert 0.5 < house.times[1] - house.times[0] < 0.6

    orders: set[tuple[str, ...]] = set()
    for seed in range(20):
        simulate(test, seed=seed)
    assert orders == {("a x retained", "subscribed"), ("subscribed", "a x retained")}


def test_subscribing_waits_until_nobody_wants_more() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig)
        await house.until("connected")
        for number in range(5):
            house.client.subscribe(f"{number}")
            await asyncio.sleep(0.3)
        await house.until("subscribed")
        asked = [line for line in rig.trace if "> Subscribe" in line]
        assert len(asked) == 1
        assert float(asked[0].split()[0]) > house.times[0] + 1.2 + 0.5
        await asyncio.sleep(10)
        asked_at = rig.now
        house.client.subscribe("later")
        await house.until("subscribed")
        assert 0.1 < rig.now - asked_at < 0.15  # it has settled

    simulate(test)


def test_each_wildcard_is_asked_for_by_itself_and_all_plain_topics_at_once() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig, "b", "a", "c/+", "#")
        await house.until("subscribed")
        asked = [line.split("filters=")[1] for line in rig.trace if "> Subscribe" in line]
        assert asked == ["(('#', 1),))", "(('c/+', 1),))", "(('a', 1), ('b', 1)))"]
        assert house.told == ["connected", "subscribed"]
        one = await other(rig)
        one.publish("a", b"x")
        await house.until("a x")
        await asyncio.sleep(1)
        assert house.told[2:] == ["a x", "a x"]  # once for each subscription

    simulate(test)


def test_a_subscription_that_nobody_acknowledges_counts_as_done_after_ten_seconds() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig, "a")
        await house.until("connected")
        rig.broker.stall(100)
        await house.until("subscribed")
        assert rig.now - house.times[0] == pytest.approx(10.5)

    simulate(test)


def test_a_lost_connection_is_tried_again_after_ten_seconds_and_subscribed_anew() -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        one.publish("a", b"1", 1, retain=True)
        house = House(rig, "a")
        await house.until("subscribed")
        rig.network.cut("ha")
        one.publish("a", b"2", 1, retain=True)
        one.publish("a", b"3", 1)
        await house.until("subscribed")
        assert house.told == [
            "connected",
            "a 1 retained",
            "subscribed",
            "lost",
            "connected",
            "a 2 retained",  # again retained, and 3 is lost
            "subscribed",
        ]
        assert 10 < house.times[4] - house.times[3] < 10.1

    simulate(test, habits=BrokerHabits(retained_first=True))


@pytest.mark.parametrize("block", list(Block))
def test_it_goes_on_trying_while_it_cannot_connect(block: Block) -> None:
    async def test(rig: Rig) -> None:
        rig.network.block("ha", block)
        house = House(rig, "a")
        await asyncio.sleep(95)
        assert house.told == []
        rig.network.unblock("ha")
        await house.until("subscribed")
        assert rig.now < 112

    simulate(test)


def test_a_broker_that_does_not_accept_is_tried_again_on_another_connection() -> None:
    async def test(rig: Rig) -> None:
        rig.broker.stall(25)
        house = House(rig, "a")
        await house.until("subscribed")
        assert house.told == ["connected", "subscribed"]
        assert len([line for line in rig.trace if "> Connect(" in line]) == 3

    simulate(test)


def test_a_dead_connection_is_noticed_only_after_two_keepalives() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig, "a")
        await house.until("subscribed")
        cut_at = rig.now
        rig.network.cut("ha", Notice.BROKER)
        await asyncio.sleep(100)
        assert house.client.connected
        house.client.publish("a", b"into the void")
        await house.until("lost")
        assert 119 < rig.now - cut_at < 121
        await house.until("subscribed")

    simulate(test)


def test_a_quiet_connection_is_kept_by_pings() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig, "a")
        await asyncio.sleep(1000)
        assert house.told == ["connected", "subscribed"]
        assert len([line for line in rig.trace if "PINGREQ" in line]) == 16

    simulate(test)


# --- messages ---------------------------------------------------------------------------


def test_subscribing_again_replays_nothing_that_was_replayed_since_the_connection() -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        one.publish("a", b"1", retain=True)
        house = House(rig, "a")
        await house.until("subscribed")
        one.publish("a", b"2", retain=True)
        await house.until("a 2")
        house.client.subscribe("a")
        await house.until("subscribed")
        assert house.told == ["connected", "a 1 retained", "subscribed", "a 2", "subscribed"]
        # Another subscription, as after a reload.
        house.client.unsubscribe("a")
        house.client.subscribe("a", 1)
        await house.until("subscribed")
        assert house.told[-2:] == ["a 2 retained", "subscribed"]
        assert not [line for line in rig.trace if "Unsubscribe" in line]

    simulate(test, habits=BrokerHabits(retained_first=True))


def test_what_is_not_wanted_any_more_does_not_come() -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        house = House(rig, "a")
        await house.until("subscribed")
        house.client.unsubscribe("a")
        one.publish("a", b"still under way")
        await asyncio.sleep(1)
        assert [line for line in rig.trace if "> Unsubscribe" in line]
        one.publish("a", b"x")
        await asyncio.sleep(1)
        assert house.told == ["connected", "subscribed"]

    simulate(test)


def test_the_broker_gets_its_acknowledgement_after_the_callback() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig, "a")
        await house.until("subscribed")
        one = await other(rig)
        one.publish("a", b"x", 1)
        house.client._on_message = lambda *_: rig.network.cut("ha")
        await asyncio.sleep(1)
        assert not [line for line in rig.trace if "ha-1 > Puback" in line]

    simulate(test)


def test_a_publish_without_connection_raises_and_at_qos_1_is_delivered_later() -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        rig.network.block("ha")
        house = House(rig)
        for qos in (0, 1):
            with pytest.raises(NotConnectedError):
                house.client.publish("a", b"at qos %d" % qos, qos)
        await asyncio.sleep(300)
        rig.network.unblock("ha")
        await one.next()
        await asyncio.sleep(100)
        assert one.messages == ["a at qos 1 q1"]

    simulate(test)


def test_what_was_not_acknowledged_is_published_again_after_the_next_connection() -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        house = House(rig)
        await house.until("connected")
        house.client.publish("a", b"0", 1)
        await asyncio.sleep(1)
        rig.broker.stall(1)
        house.client.publish("a", b"1", 1)
        house.client.publish("a", b"2", 0)
        await asyncio.sleep(0.5)
        rig.network.cut("ha", Notice.CLIENT)  # the broker has the bytes, but cannot say so
        await asyncio.sleep(100)
        assert one.messages == ["a 0 q1", "a 1 q1", "a 2 q0", "a 1 q1"]
        assert [line for line in rig.trace if "ha-1 > Publish" in line and "duplicate=True" in line]

    simulate(test)


# --- its end ----------------------------------------------------------------------------


@pytest.mark.parametrize("kill", [True, False])
def test_it_ends_with_disconnect_or_like_a_dead_process_and_tells_nothing_more(kill: bool) -> None:
    async def test(rig: Rig) -> None:
        one = await other(rig)
        house = House(rig, "a")
        await house.until("subscribed")
        one.publish("a", b"under way", 1)
        house.client.close(kill=kill)
        with pytest.raises(NotConnectedError):
            house.client.publish("a", b"too late")
        told = list(house.told)
        await asyncio.sleep(1000)
        assert house.told == told == ["connected", "subscribed"]
        assert bool([line for line in rig.trace if "DISCONNECT" in line]) is not kill
        again = House(rig, "a", client_id="ha-2")
        await again.until("subscribed")
        assert again.told == ["connected", "subscribed"]

    simulate(test)


@pytest.mark.parametrize("moment", [0, 0.01, 0.3, 0.51, 12])
def test_it_can_be_closed_at_any_moment(moment: float) -> None:
    async def test(rig: Rig) -> None:
        if moment > 10:
            rig.network.block("ha", Block.HANGS)
        house = House(rig, "a")
        await asyncio.sleep(moment)
        told = list(house.told)
        house.client.close(kill=True)
        house.client.close(kill=False)
        rig.network.unblock("ha")
        await asyncio.sleep(1000)
        assert house.told == told

    simulate(test)


def test_closed_while_it_waits_for_the_broker_it_tells_nothing_more() -> None:
    async def test(rig: Rig) -> None:
        house = House(rig, "a")
        await house.until("connected")
        rig.broker.stall(5)
        await asyncio.sleep(1)
        house.client.close(kill=True)
        await asyncio.sleep(100)
        assert house.told == ["connected"]

    simulate(test)


# --- replay -----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_history_and_another_one_does_not() -> None:
    told: list[list[str]] = []

    async def test(rig: Rig) -> None:
        house = House(rig, "a", "b", "c/#")
        reader = await rig.connect("reader", will=Message("a", b"gone", 1, retain=True))
        for number in range(60):
            reader.publish("a", b"%d" % number, 1, retain=True)
            if house.client.connected:
                house.client.publish("b", b"%d" % number, number % 2)
            await asyncio.sleep(1)
            if number % 20 == 5:
                rig.network.cut("ha", Notice(number // 20))
            if number % 20 == 10:
                rig.network.stall("ha", 4)
        told.append(house.told)

    habits = BrokerHabits(duplicated=0.3, duplicate_late_s=2, ack_late=0.3, ack_late_s=2)
    first = simulate(test, habits=habits)
    assert len(first) > 200
    assert simulate(test, habits=habits) == first
    assert told[0] == told[1]
    assert simulate(test, habits=habits, seed=2) != first
