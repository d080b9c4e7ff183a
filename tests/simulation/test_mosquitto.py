"""The model of a broker, with its default behavior, does what Mosquitto does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from demo.brokers import Broker, BrokerKind
from demo.programs import free_port
from tests.simulation.broker_bench import BrokerBench, RawClient, simulate
from tests.simulation.packets import Connack, Message, Publish, Signal, Suback, Subscribe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.simulation.broker_bench import Open

WILL = Message("t/status", b"gone", 1, retain=True)


async def observe(open_: Open, stop: Callable[[], None]) -> dict[str, object]:
    """Do the same things with any broker, and return what each client saw."""
    everything = await RawClient.connect(open_, "everything")
    await everything.subscribe(("t/#", 1))
    seen = {"retained": await _retained(open_), "takeover": await _takeover(open_)}
    await _end(open_, everything)
    seen["session"] = await _session(open_, everything)
    await everything.up_to_date()
    await RawClient.connect(open_, "last", will=WILL)
    stop()
    await everything.end()
    return seen | {"everything": everything.messages}


async def _retained(open_: Open) -> object:
    """Observe retained messages: their order, and their deletion."""
    one = await RawClient.connect(open_, "one")
    one.publish("t/a", b"1", 1, retain=True)
    one.publish("t/a", b"2", 1, retain=True)
    one.publish("t/b", b"3", retain=True)
    await one.up_to_date()
    late = await RawClient.connect(open_, "late")
    late.say(Subscribe(1, (("t/a", 0), ("t/b", 1))))
    await late.up_to_date()
    order = [type(packet) for packet in late.heard if isinstance(packet, Suback | Publish)]
    one.publish("t/a", b"", 1, retain=True)
    await one.up_to_date()
    await late.subscribe(("t/a", 1), ("t/b", 1))
    await late.up_to_date()
    return late.messages, order


async def _takeover(open_: Open) -> object:
    """Observe a client that ends an older connection with the same id."""
    first = await RawClient.connect(open_, "same", will=WILL)
    await first.subscribe(("t/x", 1))
    second = await RawClient.connect(open_, "same")
    await first.end()
    second.publish("t/x", b"to nobody", 1)
    await second.up_to_date()
    return first.messages, second.messages


async def _end(open_: Open, everything: RawClient) -> None:
    """End connections in every way, with and without a will."""
    polite = await RawClient.connect(open_, "polite", will=WILL)
    polite.say(Signal.DISCONNECT)
    await polite.end()
    for name in ("reset", "closed"):
        rude = await RawClient.connect(open_, name, will=WILL)
        if name == "reset":
            rude.vanish()
        else:
            rude.close()
        # The next message to `everything`: no other client publishes meanwhile.
        await everything.up_to("t/status gone q1")


async def _session(open_: Open, everything: RawClient) -> object:
    """Observe what a session keeps."""
    kept = await RawClient.connect(open_, "kept", clean=False)
    await kept.subscribe(("t/k", 1))
    kept.say(Signal.DISCONNECT)
    await kept.end()
    for qos in (0, 1):
        everything.publish("t/k", b"at qos %d" % qos, qos)
    await everything.up_to_date()
    again = await RawClient.connect(open_, "kept", clean=False)
    await again.up_to_date()
    again.say(Signal.DISCONNECT)
    await again.end()
    third = await RawClient.connect(open_, "kept", clean=False)
    await third.up_to_date()
    clean = await RawClient.connect(open_, "kept")
    await clean.up_to_date()
    present = [
        packet.session_present
        for one in (kept, again, third, clean)
        for packet in one.heard
        if isinstance(packet, Connack)
    ]
    return again.messages, third.messages, clean.messages, present


async def _observe_mosquitto(folder: Path) -> dict[str, object]:
    port = free_port()
    broker = Broker(BrokerKind.MOSQUITTO, port, folder)

    async def open_(_: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)

    await broker.async_start()
    try:
        return await observe(open_, broker.stop)
    finally:
        broker.kill()


@pytest.mark.timeout(20)
def test_the_same_script_shows_the_same_on_mosquitto_and_on_the_model(tmp_path: Path) -> None:
    simulated: list[dict[str, object]] = []

    async def test(bench: BrokerBench) -> None:
        simulated.append(await observe(bench.network.open, bench.broker.stop))

    simulate(test)
    assert asyncio.run(_observe_mosquitto(tmp_path)) == simulated[0]
