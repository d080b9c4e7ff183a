"""The model of a broker does what MQTT says, and shows each behavior that real brokers have."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.broker_behavior import BrokerBehavior, TakeoverWill
from tests.simulation.broker_bench import BrokerBench, simulate, simulated
from tests.simulation.network import Notice
from tests.simulation.packets import (
    Connack,
    Message,
    Puback,
    Publish,
    Signal,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)

WILL = Message("status", b"gone", 1, retain=True)


# --- subscriptions and retained messages ------------------------------------------------


@simulated()
async def test_a_message_comes_to_those_who_want_it_at_the_lower_quality_of_service(
    bench: BrokerBench,
) -> None:
    one = await bench.connect("one")
    await one.subscribe(("a/b", 0), ("c/+", 1))
    other = await bench.connect("other")
    other.publish("a/b", b"1", 1)
    other.publish("c/d", b"2", 1)
    other.publish("c/d", b"3", 0)
    other.publish("c/d/e", b"4", 1)
    await asyncio.sleep(1)
    assert one.messages == ["a/b 1 q0", "c/d 2 q1", "c/d 3 q0"]
    assert [packet for packet in other.heard if isinstance(packet, Puback)] == [
        Puback(1),
        Puback(2),
        Puback(3),
    ]


@simulated()
async def test_a_retained_message_is_flagged_only_where_it_is_replayed(bench: BrokerBench) -> None:
    early = await bench.listener("watcher")
    early.publish("a", b"old", 1, retain=True)
    early.publish("a", b"new", 1, retain=True)
    await early.up_to_date()
    late = await bench.connect("late")
    await late.subscribe(("a", 1))
    await late.subscribe(("a", 0))
    await late.up_to_date()
    assert early.messages == ["a old q1", "a new q1"]
    assert late.messages == ["a new q1 retained", "a new q0 retained"]


@simulated()
async def test_an_empty_payload_deletes_a_retained_message(bench: BrokerBench) -> None:
    early = await bench.listener("watcher")
    early.publish("a", b"x", retain=True)
    early.publish("a", b"", retain=True)
    await early.up_to_date()
    assert early.messages == ["a x q0", "a  q0"]
    assert (await bench.listener("late")).messages == []
    assert bench.broker.retained == {}


@pytest.mark.parametrize("first", [True, False])
def test_retained_messages_come_before_the_suback_or_after_it(first: bool) -> None:
    async def test(bench: BrokerBench) -> None:
        one = await bench.connect("one")
        one.publish("a", b"x", retain=True)
        one.say(Subscribe(1, (("a", 0),)))
        await asyncio.sleep(1)
        kinds = [type(packet) for packet in one.heard[1:]]
        assert kinds == ([Publish, Suback] if first else [Suback, Publish])

    simulate(test, behavior=BrokerBehavior(retained_first=first))


@simulated()
async def test_no_message_comes_after_unsubscribing(bench: BrokerBench) -> None:
    one = await bench.connect("one")
    await one.subscribe(("a", 1), ("b", 1), ("c", 1))
    other = await bench.connect("other")
    other.publish("a", b"1")
    await one.next()
    one.say(Unsubscribe(7, ("a", "b")))
    assert await one.next() == Unsuback(7)
    for topic in ("a", "b", "c"):
        other.publish(topic, b"2")
    await asyncio.sleep(1)
    assert one.messages == ["a 1 q0", "c 2 q0"]


# --- sessions ---------------------------------------------------------------------------


@simulated()
async def test_a_clean_session_misses_what_is_sent_meanwhile(bench: BrokerBench) -> None:
    one = await bench.connect("one")
    await one.subscribe(("#", 1))
    one.vanish()
    await asyncio.sleep(1)
    (await bench.connect("other")).publish("a", b"x", 1)
    await asyncio.sleep(1)
    back = await bench.connect("one")
    assert back.heard == [Connack(session_present=False)]
    (await bench.connect("other")).publish("a", b"y", 1)
    await back.up_to_date()
    assert back.messages == []
    back.vanish()
    await asyncio.sleep(1)
    last = await bench.connect("one", clean=False)
    assert last.heard == [Connack(session_present=False)]


@simulated()
async def test_a_persistent_session_keeps_subscriptions_and_what_came_at_qos_1(
    bench: BrokerBench,
) -> None:
    one = await bench.connect("one", clean=False)
    await one.subscribe(("#", 1))
    one.vanish()
    await asyncio.sleep(1)
    other = await bench.connect("other")
    other.publish("a", b"0", 0)
    other.publish("a", b"1", 1)
    await asyncio.sleep(1)
    back = await bench.connect("one", clean=False)
    assert back.heard[0] == Connack(session_present=True)
    other.publish("a", b"2", 0)
    await asyncio.sleep(1)
    assert back.messages == ["a 1 q1", "a 2 q0"]
    back.vanish()
    await asyncio.sleep(1)
    assert (await bench.connect("one")).heard == [Connack(session_present=False)]


@simulated()
async def test_what_was_not_acknowledged_is_delivered_again_as_a_duplicate(
    bench: BrokerBench,
) -> None:
    one = await bench.connect("one", clean=False)
    await one.subscribe(("#", 1))
    other = await bench.connect("other")
    other.publish("a", b"1", 1)
    other.publish("a", b"2", 1)
    await one.next()
    await one.next()
    one.acknowledge(one.heard[2])
    await one.up_to_date()
    one.vanish()
    await asyncio.sleep(1)
    back = await bench.connect("one", clean=False)
    await back.up_to_date()
    assert back.messages == ["a 2 q1 duplicate"]


# --- QoS 1 -------------------------------------------------------------------------------


@simulated(behavior=BrokerBehavior(duplicated=0.5, duplicate_late_s=5))
async def test_some_messages_come_twice_also_behind_newer_ones(bench: BrokerBench) -> None:
    one = await bench.listener("watcher")
    for number in range(40):
        one.publish("a", b"%d" % number, 1)
        one.publish("b", b"%d" % number, 0)
        await asyncio.sleep(0.1)
    await asyncio.sleep(10)
    twice = [text for text in one.messages if text.endswith("duplicate")]
    assert 5 < len(twice) < 35
    assert all(text.startswith("a") for text in twice)
    assert len(one.messages) == 80 + len(twice)
    one_twice = twice[0].split()[1]
    at = one.messages.index(twice[0])
    assert f"a {int(one_twice) + 1} q1" in one.messages[:at]


@simulated(behavior=BrokerBehavior(ack_late=0.5, ack_late_s=12))
async def test_some_acknowledgements_come_late_but_all_in_order(bench: BrokerBench) -> None:
    one = await bench.connect("one")
    heard_at = []
    for number in range(10):
        one.publish("a", b"%d" % number, 1)
    for number in range(10):
        assert await one.next() == Puback(number + 1)
        heard_at.append(bench.now)
    assert 8 < heard_at[-1] < 13
    assert len(set(heard_at)) > 1


# --- the last will -----------------------------------------------------------------------


@simulated()
async def test_a_will_comes_when_the_connection_is_lost_but_not_after_disconnect(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("watcher")
    polite = await bench.connect("polite", will=WILL)
    polite.say(Signal.DISCONNECT)
    await polite.end()
    await asyncio.sleep(1)
    assert one.messages == []
    rude = await bench.connect("rude", will=WILL)
    rude.vanish()
    await one.next()
    ended = await bench.connect("ended", will=WILL)
    ended.close()
    await one.next()
    assert one.messages == ["status gone q1", "status gone q1"]
    assert bench.broker.retained == {"status": b"gone"}


@simulated()
async def test_a_silent_client_is_dropped_after_one_and_a_half_times_its_keepalive(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("watcher")
    silent = await bench.connect("silent", keepalive_s=10, will=WILL)
    await asyncio.sleep(10)
    await silent.up_to_date()
    spoke_at = bench.now
    bench.network.cut("silent", Notice.NOBODY)
    await one.next()
    assert 14.9 < bench.now - spoke_at < 15.1
    assert one.messages == ["status gone q1"]


@simulated(behavior=BrokerBehavior(enforces_keepalive=False))
async def test_some_brokers_keep_a_silent_client_for_ever(bench: BrokerBench) -> None:
    one = await bench.listener("watcher")
    await bench.connect("silent", keepalive_s=10, will=WILL)
    bench.network.cut("silent", Notice.NOBODY)
    await asyncio.sleep(10_000)
    assert one.messages == []


@pytest.mark.parametrize(
    ("behavior", "heard"),
    [
        (TakeoverWill.NEVER, ["status here q0"]),
        (TakeoverWill.BEFORE, ["status gone q1", "status here q0"]),
        (TakeoverWill.AFTER, ["status here q0", "status gone q1"]),
    ],
)
def test_a_connection_with_the_same_client_id_ends_the_old_one(
    behavior: TakeoverWill, heard: list[str]
) -> None:
    async def test(bench: BrokerBench) -> None:
        one = await bench.listener("watcher")
        replaced = await bench.connect("reader", will=WILL)
        bench.network.cut("reader", Notice.CLIENT)
        await replaced.end()
        again = await bench.connect("reader", will=WILL)
        again.publish("status", b"here", retain=True)
        await asyncio.sleep(10)
        await again.up_to_date()
        assert one.messages == heard

    simulate(test, behavior=BrokerBehavior(takeover_will=behavior))


@simulated()
async def test_the_older_connection_hears_of_the_takeover(bench: BrokerBench) -> None:
    old = await bench.connect("reader")
    new = await bench.connect("reader")
    await old.end()
    await new.up_to_date()


def test_a_will_may_be_late_or_never_come() -> None:
    async def come(bench: BrokerBench) -> None:
        one = await bench.listener("watcher")
        for _ in range(20):
            (await bench.connect("reader", will=WILL)).vanish()
            await asyncio.sleep(0.1)
        seen = len(one.messages)
        assert seen < 10
        await asyncio.sleep(10)
        assert 5 < len(one.messages) < 15

    simulate(come, behavior=BrokerBehavior(will_lost=0.5, will_late_s=9))
