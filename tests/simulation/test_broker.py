"""The model of a broker does what MQTT says, and shows each habit that real brokers have."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.simulation.habits import BrokerHabits, TakeoverWill
from tests.simulation.network import Notice
from tests.simulation.packets import Connack, Message, Puback, Publish, Signal, Suback, Subscribe
from tests.simulation.rig import Rig, simulate

if TYPE_CHECKING:
    from tests.simulation.probe import Probe

WILL = Message("status", b"gone", 1, retain=True)


async def watcher(rig: Rig, name: str = "watcher") -> Probe:
    """Connect a client that hears everything at QoS 1."""
    one = await rig.connect(name)
    await one.subscribe(("#", 1))
    return one


# --- subscriptions and retained messages ------------------------------------------------


def test_a_message_comes_to_those_who_want_it_at_the_lower_quality_of_service() -> None:
    async def test(rig: Rig) -> None:
        one = await rig.connect("one")
        await one.subscribe(("a/b", 0), ("c/+", 1))
        other = await rig.connect("other")
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

    simulate(test)


def test_a_retained_message_is_flagged_only_where_it_is_replayed() -> None:
    async def test(rig: Rig) -> None:
        early = await watcher(rig)
        early.publish("a", b"old", 1, retain=True)
        early.publish("a", b"new", 1, retain=True)
        await early.up_to_date()
        late = await rig.connect("late")
        await late.subscribe(("a", 1))
        await late.subscribe(("a", 0))
        await late.up_to_date()
        assert early.messages == ["a old q1", "a new q1"]
        assert late.messages == ["a new q1 retained", "a new q0 retained"]

    simulate(test)


def test_an_empty_payload_deletes_a_retained_message() -> None:
    async def test(rig: Rig) -> None:
        early = await watcher(rig)
        early.publish("a", b"x", retain=True)
        early.publish("a", b"", retain=True)
        await early.up_to_date()
        assert early.messages == ["a x q0", "a  q0"]
        assert (await watcher(rig, "late")).messages == []
        assert rig.broker.retained == {}

    simulate(test)


@pytest.mark.parametrize("first", [True, False])
def test_retained_messages_come_before_the_suback_or_after_it(first: bool) -> None:
    async def test(rig: Rig) -> None:
        one = await rig.connect("one")
        one.publish("a", b"x", retain=True)
        one.say(Subscribe(1, (("a", 0),)))
        await asyncio.sleep(1)
        kinds = [type(packet) for packet in one.heard[1:]]
        assert kinds == ([Publish, Suback] if first else [Suback, Publish])

    simulate(test, habits=BrokerHabits(retained_first=first))


# --- sessions ---------------------------------------------------------------------------


def test_a_clean_session_misses_what_is_sent_meanwhile() -> None:
    async def test(rig: Rig) -> None:
        one = await rig.connect("one")
        await one.subscribe(("#", 1))
        one.vanish()
        await asyncio.sleep(1)
        (await rig.connect("other")).publish("a", b"x", 1)
        await asyncio.sleep(1)
        back = await rig.connect("one")
        assert back.heard == [Connack(session_present=False)]
        (await rig.connect("other")).publish("a", b"y", 1)
        await back.up_to_date()
        assert back.messages == []

    simulate(test)


def test_a_persistent_session_keeps_subscriptions_and_what_came_at_qos_1() -> None:
    async def test(rig: Rig) -> None:
        one = await rig.connect("one", clean=False)
        await one.subscribe(("#", 1))
        one.vanish()
        await asyncio.sleep(1)
        other = await rig.connect("other")
        other.publish("a", b"0", 0)
        other.publish("a", b"1", 1)
        await asyncio.sleep(1)
        back = await rig.connect("one", clean=False)
        assert back.heard[0] == Connack(session_present=True)
        other.publish("a", b"2", 0)
        await asyncio.sleep(1)
        assert back.messages == ["a 1 q1", "a 2 q0"]
        back.vanish()
        await asyncio.sleep(1)
        assert (await rig.connect("one")).heard == [Connack(session_present=False)]

    simulate(test)


def test_what_was_not_acknowledged_is_delivered_again_as_a_duplicate() -> None:
    async def test(rig: Rig) -> None:
        one = await rig.connect("one", clean=False)
        await one.subscribe(("#", 1))
        other = await rig.connect("other")
        other.publish("a", b"1", 1)
        other.publish("a", b"2", 1)
        await one.next()
        await one.next()
        one.acknowledge(one.heard[2])
        await one.up_to_date()
        one.vanish()
        await asyncio.sleep(1)
        back = await rig.connect("one", clean=False)
        await back.up_to_date()
        assert back.messages == ["a 2 q1 duplicate"]

    simulate(test)


# --- QoS 1 -------------------------------------------------------------------------------


def test_some_messages_come_twice_also_behind_newer_ones() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
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

    simulate(test, habits=BrokerHabits(duplicated=0.5, duplicate_late_s=5))


def test_some_acknowledgements_come_late_but_all_in_order() -> None:
    async def test(rig: Rig) -> None:
        one = await rig.connect("one")
        heard_at = []
        for number in range(10):
            one.publish("a", b"%d" % number, 1)
        for number in range(10):
            assert await one.next() == Puback(number + 1)
            heard_at.append(rig.now)
        assert 8 < heard_at[-1] < 13
        assert len(set(heard_at)) > 2

    simulate(test, habits=BrokerHabits(ack_late=0.5, ack_late_s=12))


# --- the last will -----------------------------------------------------------------------


def test_a_will_comes_when_the_connection_is_lost_but_not_after_disconnect() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        polite = await rig.connect("polite", will=WILL)
        polite.say(Signal.DISCONNECT)
        await polite.end()
        assert one.messages == []
        rude = await rig.connect("rude", will=WILL)
        rude.vanish()
        await one.next()
        ended = await rig.connect("ended", will=WILL)
        ended._writer.close()
        await one.next()
        assert one.messages == ["status gone q1", "status gone q1"]
        assert rig.broker.retained == {"status": b"gone"}

    simulate(test)


def test_a_silent_client_is_dropped_after_one_and_a_half_times_its_keepalive() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        silent = await rig.connect("silent", keepalive_s=10, will=WILL)
        await asyncio.sleep(10)
        await silent.up_to_date()
        spoke_at = rig.now
        rig.network.cut("silent", Notice.NOBODY)
        await one.next()
        assert 14.9 < rig.now - spoke_at < 15.1
        assert one.messages == ["status gone q1"]

    simulate(test)


def test_some_brokers_keep_a_silent_client_for_ever() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        await rig.connect("silent", keepalive_s=10, will=WILL)
        rig.network.cut("silent", Notice.NOBODY)
        await asyncio.sleep(10_000)
        assert one.messages == []

    simulate(test, habits=BrokerHabits(enforces_keepalive=False))


@pytest.mark.parametrize(
    ("habit", "heard"),
    [
        (TakeoverWill.NEVER, ["status here q0"]),
        (TakeoverWill.BEFORE, ["status gone q1", "status here q0"]),
        (TakeoverWill.AFTER, ["status here q0", "status gone q1"]),
    ],
)
def test_a_connection_with_the_same_client_id_ends_the_old_one(
    habit: TakeoverWill, heard: list[str]
) -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        ghost = await rig.connect("reader", will=WILL)
        rig.network.cut("reader", Notice.CLIENT)
        await ghost.end()
        again = await rig.connect("reader", will=WILL)
        again.publish("status", b"here", retain=True)
        await asyncio.sleep(10)
        await again.up_to_date()
        assert one.messages == heard

    simulate(test, habits=BrokerHabits(takeover_will=habit))


def test_the_older_connection_hears_of_the_takeover() -> None:
    async def test(rig: Rig) -> None:
        old = await rig.connect("reader")
        new = await rig.connect("reader")
        await old.end()
        await new.up_to_date()

    simulate(test)


def test_a_will_may_be_late_or_never_come() -> None:
    async def come(rig: Rig) -> None:
        one = await watcher(rig)
        for _ in range(20):
            (await rig.connect("reader", will=WILL)).vanish()
            await asyncio.sleep(0.1)
        seen = len(one.messages)
        assert seen < 10
        await asyncio.sleep(10)
        assert 5 < len(one.messages) < 15

    simulate(come, habits=BrokerHabits(will_lost=0.5, will_late_s=9))


# --- the process -------------------------------------------------------------------------


def test_a_broker_that_is_killed_says_no_wills_and_comes_back_with_nothing() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        reader = await rig.connect("reader", clean=False, will=WILL)
        reader.publish("a", b"x", retain=True)
        await reader.up_to_date()
        await one.up_to_date()
        rig.broker.kill()
        await one.end()
        await reader.end()
        with pytest.raises(ConnectionRefusedError):
            await rig.connect("one")
        rig.broker.start()
        back = await rig.connect("reader", clean=False)
        assert back.heard == [Connack(session_present=False)]
        assert rig.broker.retained == {}
        assert one.messages == ["a x q0"]

    simulate(test)


def test_a_killed_broker_comes_back_as_it_was_when_it_saved_last() -> None:
    async def test(rig: Rig) -> None:
        reader = await rig.connect("reader", clean=False)
        await reader.subscribe(("a", 1))
        reader.publish("a", b"old", retain=True)
        reader.publish("b", b"deleted later", retain=True)
        await asyncio.sleep(65)
        reader.publish("a", b"new", 1, retain=True)
        reader.publish("b", b"", retain=True)
        await asyncio.sleep(20)
        rig.broker.kill()
        rig.broker.start()
        assert rig.broker.retained == {"a": b"old", "b": b"deleted later"}
        back = await rig.connect("reader", clean=False)
        assert back.heard[0] == Connack(session_present=True)
        # Saved at the next moment, though nothing changes any more.
        back.publish("a", b"newest", retain=True)
        await asyncio.sleep(65)
        rig.broker.kill()
        rig.broker.start()
        assert rig.broker.retained["a"] == b"newest"
        rig.broker.kill()
        rig.broker.start(forget=True)
        assert rig.broker.retained == {}

    simulate(test, habits=BrokerHabits(autosave_s=60))


def test_a_broker_that_is_stopped_publishes_the_wills_and_saves_them() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        await rig.connect("reader", will=WILL)
        rig.broker.stop()
        await one.end()
        assert one.messages == ["status gone q1"]
        rig.broker.start()
        assert rig.broker.retained == {"status": b"gone"}

    simulate(test, habits=BrokerHabits(autosave_s=60))


def test_nothing_of_a_run_happens_in_the_next_one() -> None:
    async def test(rig: Rig) -> None:
        (await rig.connect("reader", will=WILL)).vanish()
        sender = await rig.connect("sender")
        sender.publish("a", b"x", 1)
        await asyncio.sleep(0.1)
        rig.broker.kill()
        rig.broker.start()
        one = await watcher(rig)
        again = await rig.connect("sender")
        await asyncio.sleep(100)
        assert one.messages == []
        assert again.heard == [Connack(session_present=False)]

    simulate(test, habits=BrokerHabits(will_late_s=50, ack_late=1, ack_late_s=50), seed=3)


def test_a_stalled_broker_takes_bytes_and_does_its_work_afterwards() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        other = await rig.connect("other", keepalive_s=10)
        rig.broker.stall(20)
        for number in range(3):
            other.publish("a", b"%d" % number, 1)
        late = asyncio.create_task(rig.connect("late"))
        await asyncio.sleep(19)
        assert one.messages == []
        assert not late.done()
        await late
        assert 20 < rig.now < 20.1
        await asyncio.sleep(1)
        assert one.messages == ["a 0 q1", "a 1 q1", "a 2 q1"]
        assert not other.ended  # its bytes were there in time

    simulate(test)


def test_after_a_stall_an_old_connection_may_come_after_the_new_one() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        old = await rig.connect("reader", will=WILL)
        rig.broker.stall(20)
        old.publish("status", b"old", retain=True)
        await asyncio.sleep(10)
        old._writer.close()
        new = asyncio.create_task(rig.connect("reader"))
        await asyncio.sleep(5)
        await new
        (await new).publish("status", b"new", retain=True)
        await asyncio.sleep(10)
        heard.append(tuple(one.messages))

    heard: list[tuple[str, ...]] = []
    for seed in range(10):
        simulate(test, habits=BrokerHabits(shuffles=True), seed=seed)
    assert set(heard) == {
        ("status old q0", "status gone q1", "status new q0"),
        # The takeover came first: what the old connection had said is lost.
        ("status new q0",),
        ("status old q0", "status new q0"),
    }
    simulate(test, habits=BrokerHabits(shuffles=False))
    assert heard[-1] == ("status old q0", "status gone q1", "status new q0")


def test_bytes_that_are_not_mqtt_end_the_connection() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        for nonsense in (b"\xff" * 9, b"\x10\x02xx", b"\xd0\x00", b"\x30\x02\x00\x09"):
            bad = await rig.connect("bad", will=WILL)
            bad._writer.write(nonsense)
            await bad.end()
        await asyncio.sleep(1)
        assert one.messages == ["status gone q1"] * 4

    simulate(test)


# --- replay -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_history_and_another_one_does_not() -> None:
    async def test(rig: Rig) -> None:
        one = await watcher(rig)
        for number in range(30):
            reader = await rig.connect("reader", will=WILL)
            reader.publish("status", b"%d" % number, 1, retain=True)
            await asyncio.sleep(0.3)
            if number % 7 == 0:
                rig.broker.stall(3)
            if number % 5 == 0:
                rig.network.cut("reader", Notice.CLIENT)
            if number == 20:
                rig.broker.kill()
                rig.broker.start()
                one = await watcher(rig)
        await asyncio.sleep(10)
        assert one.messages

    habits = BrokerHabits(
        takeover_will=TakeoverWill.AFTER,
        will_late_s=2,
        ack_late=0.5,
        ack_late_s=3,
        duplicated=0.5,
        duplicate_late_s=3,
        autosave_s=5,
        shuffles=True,
    )
    first = simulate(test, habits=habits)
    assert len(first) > 150
    assert simulate(test, habits=habits) == first
    assert simulate(test, habits=habits, seed=2) != first


def test_every_habit_is_drawn_and_the_same_for_the_same_seed() -> None:
    def draw() -> list[BrokerHabits]:
        rng = Random(1)  # noqa: S311 - it has to be the same each time
        return [BrokerHabits.random(rng) for _ in range(100)]

    drawn = draw()
    assert draw() == drawn
    for habit in fields(BrokerHabits):
        assert len({getattr(one, habit.name) for one in drawn}) > 1, habit.name
