"""A simulated reader behaves as a real one: it enrolls, identifies and restarts."""

from __future__ import annotations

import asyncio

import pytest

from emulator import R503, Command, EmulatedSensor, Fault
from tests.simulation.reader_bench import (
    ANNA,
    BEN,
    FINAL,
    ReaderBench,
    T,
    U,
    enroll,
    enroll_until_the_cut,
    simulate,
    simulated,
)


def test_it_enrolls_and_commits_before_completed_is_published() -> None:
    async def test(bench: ReaderBench) -> None:
        assert (await enroll(bench))["captured"] == [{"attempts": 1}] * 3

    bench = simulate(test)
    assert bench.reader.memory == {0: T}
    assert bench.reader.templates == {0: "anna"}
    words = [
        (what, content["stage"] if isinstance(content, dict) else content)
        for _, what, content in bench.trace
        if what in {"committed", "snapshot", "enroll/response"}
    ]
    assert words[-3:] == [
        ("committed", (0, T)),
        ("snapshot", "completed"),
        ("enroll/response", "completed"),
    ]


def test_a_touch_is_reported_with_the_finger_that_was_there() -> None:
    async def test(bench: ReaderBench) -> None:
        await enroll(bench)
        for finger in (ANNA, BEN):
            await asyncio.sleep(2)
            bench.reader.place(finger)
            await asyncio.sleep(2)
            bench.reader.lift()
        await asyncio.sleep(1)

    bench = simulate(test)
    one, two = bench.of("touch")
    assert (one.result, one.slot, one.template_id, one.finger) == ("identified", 0, T, "anna")
    assert (two.result, two.template_id, two.finger) == ("not_identified", None, "ben")
    assert [line["touch"] for line in bench.of("fingerprint")[:2]] == [one.touch, two.touch]


def test_the_same_seed_gives_the_same_trace_and_another_one_another() -> None:
    async def test(bench: ReaderBench) -> None:
        bench.reader.fault(Fault.BAD_CHECKSUM, after=30)
        bench.reader.sensor_line.cut_after(Command.STORE)
        await enroll_until_the_cut(bench)
        await enroll(bench, BEN, U)

    assert simulate(test, 1).trace == simulate(test, 1).trace != simulate(test, 2).trace


def test_the_firmware_restarts_on_request_and_its_uptime_begins_at_zero() -> None:
    async def test(bench: ReaderBench) -> None:
        await asyncio.sleep(100)
        hello = (await bench.ask("command", command="hello"))["result"]
        assert hello["uptime_ms"] == 100_000
        since = len(bench.trace)
        await bench.ask("command", command="restart", nonce=hello["nonce"])
        await bench.wait("enroll/response", since=since)
        hello = (await bench.ask("command", command="hello"))["result"]
        assert hello["uptime_ms"] < 1000
        assert bench.of("aborted") == []  # a reset closes no connection
        bench.reader.drift = 1.05
        bench.reader.power_off()
        await bench.turn_on()
        await asyncio.sleep(100)
        hello = (await bench.ask("command", command="hello"))["result"]
        assert hello["uptime_ms"] == 105_000

    bench = simulate(test)
    assert bench.of("stopped") == [None]
    assert bench.of("power") == [True, False, True]


@simulated()
async def test_a_silent_sensor_is_reported_and_comes_back(bench: ReaderBench) -> None:
    since = len(bench.trace)
    bench.reader.sensor_line.silence(60)
    await bench.wait("templates", lambda one: one["sensor_error"] == "not_responding", since)
    await bench.wait("templates", lambda one: one["sensor_error"] is None, since)
    assert 60 < asyncio.get_running_loop().time() < 70


@simulated()
async def test_another_sensor_is_noticed_and_so_is_the_old_one(bench: ReaderBench) -> None:
    await enroll(bench)
    await asyncio.sleep(2)
    ours = bench.reader.swap_sensor()
    assert bench.reader.own_sensor is ours
    since = len(bench.trace)
    bench.reader.place(ANNA)
    await bench.wait("templates", lambda one: one["sensor_changed"], since)
    bench.reader.lift()
    bench.reader.swap_sensor(ours)
    since = len(bench.trace)
    await asyncio.sleep(2)
    bench.reader.place(ANNA)
    await bench.wait("templates", lambda one: not one["sensor_changed"], since)
    await asyncio.sleep(2)
    bench.reader.lift()
    await asyncio.sleep(2)
    bench.reader.place(ANNA)
    last = await bench.wait("touch", lambda touch: touch.template_id == T)
    assert last.result == "identified"


@simulated()
async def test_a_sensor_of_a_reader_without_memory_stays_its_own_when_it_is_taken_out_again(
    bench: ReaderBench,
) -> None:
    bench.reader.power_off()
    bench.reader.flash.erase()
    first = bench.reader.swap_sensor()
    bench.reader.power_on()
    await bench.wait("templates", lambda one: one["count"] == 0, len(bench.trace))
    second = bench.reader.swap_sensor(first)
    assert bench.reader.own_sensor is second


@simulated()
async def test_the_templates_of_a_foreign_sensor_can_be_read(bench: ReaderBench) -> None:
    other = EmulatedSensor(bench.reader.sensor.profile)
    bench.reader.swap_sensor(other)
    assert bench.reader.sensor is other
    assert bench.reader.templates == {}


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("after", [0, 5, 10, 15, 20])
@simulated()
async def test_an_enrollment_ends_whatever_single_fault_the_serial_line_has(
    bench: ReaderBench, fault: Fault, after: int
) -> None:
    bench.reader.fault(fault, after=after)
    snapshot = await enroll(bench)
    completed = snapshot["stage"] == "completed"
    # A mismatch is what a sensor makes of scans that it lost with its power.
    assert completed or snapshot["reason"] in {"sensor_error", "mismatch"}
    assert bench.reader.templates == ({0: "anna"} if completed else {})


@simulated()
async def test_a_delayed_answer_is_late_but_not_lost(bench: ReaderBench) -> None:
    bench.reader.sensor_line.delay = 1.5
    bench.reader.place(ANNA)
    at = (await bench.wait("touch")).at
    assert asyncio.get_running_loop().time() - at > 0.5


@simulated()
async def test_an_idle_sensor_is_polled_rarely_and_a_finger_is_noticed_at_once(
    bench: ReaderBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    write = bench.reader.sensor_line.write

    def count(data: bytes) -> None:
        nonlocal asked
        asked += 1
        write(data)

    monkeypatch.setattr(bench.reader.sensor_line, "write", count)
    await asyncio.sleep(3600)
    assert asked <= 61
    placed = asyncio.get_running_loop().time()
    bench.reader.place(ANNA)
    touch = await bench.wait("touch")
    assert touch.at - placed <= 0.5


@simulated()
async def test_a_cancel_is_done_at_once_though_nothing_happens_to_the_sensor(
    bench: ReaderBench,
) -> None:
    assert (await bench.start(T))["ok"]
    await asyncio.sleep(10)
    began = asyncio.get_running_loop().time()
    answer = await bench.ask("enroll/request", action="cancel", template_id=T)
    assert answer["result"]["enrollment"]["stage"] == "cancelled"
    assert asyncio.get_running_loop().time() - began <= 0.5


@simulated()
async def test_a_sensor_that_loses_power_loses_the_answer_it_was_about_to_give(
    bench: ReaderBench,
) -> None:
    await asyncio.sleep(2)
    bench.reader.place(ANNA)
    await asyncio.sleep(0.6)  # the image is taken, and being worked on
    assert bench.reader.sensor_line.last_finger == "anna"
    bench.reader.cycle_sensor()
    # Img2Tz is repeated, and there is no image any more; then the finger is looked at again.
    touch = await bench.wait("touch")
    assert (touch.result, touch.finger) == ("not_identified", "anna")
    assert touch.seen_at - touch.at > 1


@pytest.mark.parametrize("place", [False, True])
@simulated()
async def test_an_enrollment_times_out_at_the_requested_time(
    bench: ReaderBench, place: bool
) -> None:
    assert (await bench.start(T, scan_timeout_s=30))["ok"]
    if place:
        bench.reader.place(ANNA)  # and never lift it
    await bench.wait("snapshot", lambda one: one["reason"] == "timeout")
    at = asyncio.get_running_loop().time()
    began = 0.7 + (1.3 if place else 0)
    assert began + 30 <= at <= began + 31.5


@simulated(model=R503)
async def test_a_sensor_of_six_buffers_takes_seven_scans(bench: ReaderBench) -> None:
    assert (await bench.start(T, total=7))["ok"]
    assert len((await bench.scan(ANNA))["captured"]) == 7


@simulated()
async def test_a_sensor_without_power_for_a_moment_loses_its_scans_but_no_template(
    bench: ReaderBench,
) -> None:
    await enroll(bench)
    assert (await bench.start(U))["ok"]
    since = len(bench.trace)
    bench.reader.place(BEN)
    await bench.wait("snapshot", lambda one: one["stage"] == "lift_finger", since)
    bench.reader.cycle_sensor()
    bench.reader.lift()
    snapshot = await bench.scan(BEN)
    assert snapshot["stage"] in FINAL
    assert bench.reader.templates[0] == "anna"
