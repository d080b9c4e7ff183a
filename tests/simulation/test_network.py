"""The network model: bytes take time and keep their order, and connections fail in every way."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.simulation.loop import as_test, run
from tests.simulation.network import Block, Network, Notice
from tests.simulation.tcp import WINDOW, End

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Server:
    """The broker's side of all connections, with when it heard what."""

    def __init__(self, network: Network) -> None:
        self.ends: list[End] = []
        self.heard: list[tuple[float, bytes | str]] = []
        network.listen(self._accept)

    def _accept(self, end: End) -> None:
        self.ends.append(end)
        end.take = self._note
        end.ended = lambda reset: self._note("reset" if reset else "end")

    def _note(self, what: bytes | str) -> None:
        self.heard.append((asyncio.get_running_loop().time(), what))

    @property
    def words(self) -> list[bytes | str]:
        return [what for _, what in self.heard]


def simulate(
    test: Callable[[Network, Server], Awaitable[None]],
    *,
    seed: int = 1,
    latency: tuple[float, float] = (0.001, 0.008),
) -> Server:
    async def main() -> Server:
        network = Network(Random(seed), latency=latency)  # noqa: S311 - the same each time
        server = Server(network)
        await test(network, server)
        return server

    return run(main())


def simulated() -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    return as_test(simulate, given=2)


def test_bytes_take_their_time_and_arrive_in_order() -> None:
    async def test(network: Network, server: Server) -> None:
        _, writer = await network.open("reader")
        for number in range(50):
            writer.write(bytes((number,)))
            await asyncio.sleep(0.001)
        await asyncio.sleep(1)
        assert server.words == [bytes((number,)) for number in range(50)]

    times = [at for at, _ in simulate(test, latency=(0.01, 0.1)).heard]
    assert times[0] >= 0.02  # to connect, and to arrive
    assert len(set(times)) > 5


def test_the_same_seed_gives_the_same_times_and_another_one_does_not() -> None:
    async def test(network: Network, server: Server) -> None:
        _, writer = await network.open("reader")
        for _ in range(20):
            writer.write(b"x")
            await asyncio.sleep(0.01)

    assert simulate(test).heard == simulate(test).heard
    assert simulate(test).heard != simulate(test, seed=2).heard


@simulated()
async def test_what_the_broker_says_is_read_until_it_ends_the_connection(
    network: Network, server: Server
) -> None:
    reader, writer = await network.open("reader")
    server.ends[0].send(b"hello")
    server.ends[0].close()
    assert await reader.read(2) == b"he"
    assert await reader.read(100) == b"llo"
    assert await reader.read(100) == b""
    writer.write(b"to nobody")
    with pytest.raises(ConnectionResetError):
        await writer.drain()
    await asyncio.sleep(1)
    assert server.words == []


@simulated()
async def test_a_closed_connection_delivers_what_was_written_before(
    network: Network, server: Server
) -> None:
    _, writer = await network.open("reader")
    writer.write(b"bye")
    writer.close()
    await writer.wait_closed()
    writer.write(b"too late")
    await asyncio.sleep(1)
    assert server.words == [b"bye", "end"]


def test_an_aborted_connection_delivers_what_was_written_before_or_not() -> None:
    async def test(network: Network, server: Server) -> None:
        _, writer = await network.open("reader")
        writer.write(b"bye")
        writer.transport.abort()
        await asyncio.sleep(1)

    heard = {tuple(simulate(test, seed=seed).words) for seed in range(20)}
    assert heard == {(b"bye", "reset"), ("reset",)}


@pytest.mark.parametrize(
    ("notice", "broker_hears"),
    [
        (Notice.BOTH, ["reset"]),
        (Notice.BROKER, ["reset"]),
        (Notice.CLIENT, []),
        (Notice.NOBODY, []),
    ],
)
@simulated()
async def test_a_cut_loses_what_is_under_way_and_is_noticed_by_the_sides_that_should(
    network: Network, server: Server, notice: Notice, broker_hears: list[str]
) -> None:
    reader, writer = await network.open("reader")
    other, _ = await network.open("ha")
    writer.write(b"lost")
    server.ends[0].send(b"lost")
    network.cut("reader", notice)
    reading = asyncio.create_task(reader.read(10))
    await asyncio.sleep(1)
    writer.write(b"into the void")
    server.ends[0].send(b"into the void")
    await asyncio.sleep(100)
    assert server.words == broker_hears
    if Notice.CLIENT in notice:
        with pytest.raises(ConnectionResetError):
            await reading
        with pytest.raises(ConnectionResetError):
            await writer.drain()
    else:
        assert not reading.done()
        await writer.drain()
    server.ends[1].send(b"the other party's connection is open")
    assert await other.read(3) == b"the"


@simulated()
async def test_a_cut_by_whoever_receives_loses_what_came_at_the_same_moment(
    network: Network, server: Server
) -> None:
    _, writer = await network.open("reader")
    network.stall("reader", 1)
    for number in range(3):
        writer.write(bytes((number,)))
    take = server.ends[0].take

    def take_and_cut(data: bytes) -> None:
        take(data)
        network.cut("reader", Notice.NOBODY)

    server.ends[0].take = take_and_cut
    await asyncio.sleep(10)
    assert server.words == [b"\0"]


@simulated()
async def test_a_stall_holds_bytes_both_ways_and_then_delivers_them_in_order(
    network: Network, server: Server
) -> None:
    reader, writer = await network.open("reader")
    writer.write(b"1")
    server.ends[0].send(b"a")
    network.stall("reader", 20)
    writer.write(b"2")
    server.ends[0].send(b"b")
    await asyncio.sleep(19)
    assert server.words == []
    writer.write(b"3")
    assert await reader.read(1) == b"a"
    assert 20 <= network.loop.time() < 20.1
    await asyncio.sleep(1)
    assert server.words == [b"1", b"2", b"3"]
    assert await reader.read(1) == b"b"
    writer.write(b"4")
    await asyncio.sleep(0.01)
    assert server.words[-1] == b"4"


@simulated()
async def test_a_longer_stall_holds_what_a_shorter_one_held(
    network: Network, server: Server
) -> None:
    _, writer = await network.open("reader")
    network.stall("reader", 5)
    writer.write(b"x")
    await asyncio.sleep(1)
    network.stall("reader", 9)
    network.stall("reader", 2)
    await asyncio.sleep(8.9)
    assert server.words == []
    await asyncio.sleep(0.2)
    assert server.words == [b"x"]


@simulated()
async def test_drain_waits_while_more_is_under_way_than_there_is_room_for(
    network: Network, server: Server
) -> None:
    _, writer = await network.open("reader")
    network.stall("reader", 30)
    writer.write(bytes(WINDOW))
    await writer.drain()
    assert network.loop.time() < 1
    writer.write(b"x")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(writer.drain(), 10)
    await writer.drain()
    assert 30 <= network.loop.time() < 31
    network.stall("reader", 30)
    writer.write(bytes(WINDOW + 1))
    network.loop.call_later(1, network.cut, "reader")
    with pytest.raises(ConnectionResetError):
        await writer.drain()
    assert network.loop.time() < 33


@simulated()
async def test_a_blocked_party_is_refused_and_its_old_connection_stays_open(
    network: Network, server: Server
) -> None:
    _, writer = await network.open("reader")
    network.block("reader")
    with pytest.raises(ConnectionRefusedError):
        await network.open("reader")
    writer.write(b"still here")
    await network.open("ha")
    network.unblock("reader")
    await network.open("reader")
    assert server.words == [b"still here"]


@simulated()
async def test_a_party_hangs_until_it_is_unblocked_or_gives_up(
    network: Network, server: Server
) -> None:
    network.block("reader", Block.HANGS)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(network.open("reader"), 10)
    network.loop.call_later(5, network.unblock, "reader")
    await asyncio.wait_for(network.open("reader"), 10)
    assert 15 <= network.loop.time() < 15.1
    assert len(server.ends) == 1


@simulated()
async def test_a_party_that_hangs_is_refused_once_it_can_be(
    network: Network, server: Server
) -> None:
    network.block("reader", Block.HANGS)
    network.loop.call_later(5, network.block, "reader", Block.REFUSED)
    with pytest.raises(ConnectionRefusedError):
        await network.open("reader")
    network.block("reader", Block.HANGS)
    network.loop.call_later(5, network.unblock, "reader")
    await network.open("reader")
    assert 10 <= network.loop.time() < 10.1


@simulated()
async def test_nobody_listening_is_a_refusal_and_a_stall_delays_the_connection(
    network: Network, server: Server
) -> None:
    network.stall("reader", 3)
    await network.open("reader")
    assert 3 <= network.loop.time() < 3.1
    network.listen(None)
    with pytest.raises(ConnectionRefusedError):
        await network.open("reader")
