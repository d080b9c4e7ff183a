"""The model of a broker as a process: killed, stopped, started again, stalled; and replayed."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from random import Random

import pytest

from tests.simulation.broker_behavior import BrokerBehavior, TakeoverWill
from tests.simulation.broker_bench import BrokerBench, simulate, simulated
from tests.simulation.network import Notice
from tests.simulation.packets import Connack, Message

WILL = Message("status", b"gone", 1, retain=True)


# --- the process -------------------------------------------------------------------------


@simulated()
async def test_a_killed_broker_publishes_no_wills_and_restarts_empty(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("watcher")
    reader = await bench.connect("reader", clean=False, will=WILL)
    reader.publish("a", b"x", retain=True)
    await reader.up_to_date()
    await one.up_to_date()
    bench.broker.kill()
    await one.end()
    await reader.end()
    with pytest.raises(ConnectionRefusedError):
        await bench.connect("one")
    bench.broker.start()
    back = await bench.connect("reader", clean=False)
    assert back.heard == [Connack(session_present=False)]
    assert bench.broker.retained == {}
    assert one.messages == ["a x q0"]


@simulated(behavior=BrokerBehavior(autosave_s=60))
async def test_a_killed_broker_comes_back_as_it_was_when_it_saved_last(bench: BrokerBench) -> None:
    reader = await bench.connect("reader", clean=False)
    await reader.subscribe(("a", 1))
    await bench.connect("clean")
    reader.publish("a", b"old", retain=True)
    reader.publish("b", b"deleted later", retain=True)
    await asyncio.sleep(65)
    reader.publish("a", b"new", 1, retain=True)
    reader.publish("b", b"", retain=True)
    await asyncio.sleep(20)
    bench.broker.kill()
    bench.broker.start()
    assert bench.broker.retained == {"a": b"old", "b": b"deleted later"}
    back = await bench.connect("reader", clean=False)
    assert back.heard[0] == Connack(session_present=True)
    clean = await bench.connect("clean", clean=False)
    assert clean.heard == [Connack(session_present=False)]
    # Saved at the next moment, though nothing changes any more.
    back.publish("a", b"newest", retain=True)
    await asyncio.sleep(65)
    bench.broker.kill()
    bench.broker.start()
    assert bench.broker.retained["a"] == b"newest"
    bench.broker.kill()
    bench.broker.start(forget=True)
    assert bench.broker.retained == {}


@simulated(behavior=BrokerBehavior(autosave_s=60))
async def test_a_broker_that_is_stopped_publishes_the_wills_and_saves_them(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("watcher")
    await bench.connect("reader", will=WILL)
    bench.broker.stop()
    await one.end()
    assert one.messages == ["status gone q1"]
    bench.broker.start()
    assert bench.broker.retained == {"status": b"gone"}


@simulated(behavior=BrokerBehavior(will_late_s=50, ack_late=1, ack_late_s=50), seed=3)
async def test_nothing_of_a_run_happens_in_the_next_one(bench: BrokerBench) -> None:
    (await bench.connect("reader", will=WILL)).vanish()
    sender = await bench.connect("sender")
    sender.publish("a", b"x", 1)
    await asyncio.sleep(0.1)
    bench.broker.kill()
    bench.broker.start()
    one = await bench.listener("watcher")
    again = await bench.connect("sender")
    await asyncio.sleep(100)
    assert one.messages == []
    assert again.heard == [Connack(session_present=False)]


@simulated()
async def test_a_stalled_broker_takes_bytes_and_does_its_work_afterwards(
    bench: BrokerBench,
) -> None:
    one = await bench.listener("watcher")
    other = await bench.connect("other", keepalive_s=10)
    bench.broker.stall(20)
    for number in range(3):
        other.publish("a", b"%d" % number, 1)
    late = asyncio.create_task(bench.connect("late"))
    await asyncio.sleep(19)
    assert one.messages == []
    assert not late.done()
    await late
    assert 20 < bench.now < 20.1
    await asyncio.sleep(1)
    assert one.messages == ["a 0 q1", "a 1 q1", "a 2 q1"]
    assert not other.ended  # its bytes were there in time


@simulated()
async def test_a_longer_stall_takes_up_a_shorter_one(bench: BrokerBench) -> None:
    one = await bench.connect("one")
    bench.broker.stall(5)
    await asyncio.sleep(1)
    bench.broker.stall(9)
    bench.broker.stall(2)
    await one.up_to_date()
    assert 10 < bench.now < 10.1


def test_after_a_stall_an_old_connection_may_come_after_the_new_one() -> None:
    async def test(bench: BrokerBench) -> None:
        one = await bench.listener("watcher")
        old = await bench.connect("reader", will=WILL)
        bench.broker.stall(20)
        old.publish("status", b"old", retain=True)
        await asyncio.sleep(10)
        old.close()
        new = asyncio.create_task(bench.connect("reader"))
        await asyncio.sleep(5)
        await new
        (await new).publish("status", b"new", retain=True)
        await asyncio.sleep(10)
        heard.append(tuple(one.messages))

    heard: list[tuple[str, ...]] = []
    for seed in range(10):
        simulate(test, behavior=BrokerBehavior(shuffles=True), seed=seed)
    assert set(heard) == {
        ("status old q0", "status gone q1", "status new q0"),
        # The takeover came first: what the old connection had said is lost.
        ("status gone q1", "status new q0"),
    }
    simulate(test, behavior=BrokerBehavior(shuffles=False))
    assert heard[-1] == ("status old q0", "status gone q1", "status new q0")


@simulated()
async def test_bytes_that_are_not_mqtt_end_the_connection(bench: BrokerBench) -> None:
    one = await bench.listener("watcher")
    for nonsense in (b"\xff" * 9, b"\x10\x02xx", b"\xd0\x00", b"\x30\x02\x00\x09"):
        bad = await bench.connect("bad", will=WILL)
        bad.write(nonsense)
        await bad.end()
    await asyncio.sleep(1)
    assert one.messages == ["status gone q1"] * 4


# --- replay -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_history_and_another_one_does_not() -> None:
    async def test(bench: BrokerBench) -> None:
        one = await bench.listener("watcher")
        for number in range(30):
            reader = await bench.connect("reader", will=WILL)
            reader.publish("status", b"%d" % number, 1, retain=True)
            await asyncio.sleep(0.3)
            if number % 7 == 0:
                bench.broker.stall(3)
            if number % 5 == 0:
                bench.network.cut("reader", Notice.CLIENT)
            if number == 20:
                bench.broker.kill()
                bench.broker.start()
                one = await bench.listener("watcher")
        await asyncio.sleep(10)
        assert one.messages

    behavior = BrokerBehavior(
        takeover_will=TakeoverWill.AFTER,
        will_late_s=2,
        ack_late=0.5,
        ack_late_s=3,
        duplicated=0.5,
        duplicate_late_s=3,
        autosave_s=5,
        shuffles=True,
    )
    first = simulate(test, behavior=behavior)
    assert len(first) > 150
    assert simulate(test, behavior=behavior) == first
    assert simulate(test, behavior=behavior, seed=2) != first


def test_every_kind_of_behavior_is_drawn_and_the_same_for_the_same_seed() -> None:
    def draw() -> list[BrokerBehavior]:
        rng = Random(1)  # noqa: S311 - it has to be the same each time
        return [BrokerBehavior.random(rng) for _ in range(100)]

    drawn = draw()
    assert draw() == drawn
    for behavior in fields(BrokerBehavior):
        assert len({getattr(one, behavior.name) for one in drawn}) > 1, behavior.name
