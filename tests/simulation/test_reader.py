"""A simulated reader is the reader: it enrolls, identifies, restarts, and tells what is true."""

from __future__ import annotations

import asyncio

import pytest

from emulator import R503, Command, EmulatedSensor, Fault
from tests.simulation.lonely import (
    ANNA,
    BEN,
    FINAL,
    House,
    T,
    U,
    enroll,
    enroll_until_the_cut,
    perform,
)


def test_it_enrolls_and_tells_the_commit_before_anybody_hears_completed() -> None:
    async def scene(house: House) -> None:
        assert (await enroll(house))["captured"] == [{"attempts": 1}] * 3

    house = perform(scene)
    assert house.reader.memory == {0: T}
    assert house.reader.templates == {0: "anna"}
    words = [
        (what, content["stage"] if isinstance(content, dict) else content)
        for _, what, content in house.trace
        if what in {"committed", "snapshot", "enroll/response"}
    ]
    assert words[-3:] == [
        ("committed", (0, T)),
        ("snapshot", "completed"),
        ("enroll/response", "completed"),
    ]


def test_a_touch_is_told_with_the_finger_that_was_there() -> None:
    async def scene(house: House) -> None:
        await enroll(house)
        for finger in (ANNA, BEN):
            await asyncio.sleep(2)
            house.reader.place(finger)
            await asyncio.sleep(2)
            house.reader.lift()

    house = perform(scene)
    one, two = house.of("touch")
    assert (one.result, one.slot, one.template_id, one.finger) == ("identified", 0, T, "anna")
    assert (two.result, two.template_id, two.finger) == ("not_identified", None, "ben")
    assert [line["touch"] for line in house.of("fingerprint")[:2]] == [one.touch, two.touch]


def test_the_same_seed_gives_the_same_trace_and_another_one_another() -> None:
    async def scene(house: House) -> None:
        house.reader.fault(Fault.BAD_CHECKSUM, after=30)
        house.reader.cut_after(Command.STORE)
        await enroll_until_the_cut(house)
        await enroll(house, BEN, U)

    assert perform(scene, 1).trace == perform(scene, 1).trace != perform(scene, 2).trace


def test_the_firmware_restarts_when_it_is_asked_to_and_its_uptime_begins_anew() -> None:
    async def scene(house: House) -> None:
        await asyncio.sleep(100)
        hello = (await house.ask("command", command="hello"))["result"]
        assert hello["uptime_ms"] == 100_000
        since = len(house.trace)
        await house.ask("command", command="restart", nonce=hello["nonce"])
        await house.wait("enroll/response", lambda _: True, since)
        hello = (await house.ask("command", command="hello"))["result"]
        assert hello["uptime_ms"] < 1000
        assert house.of("aborted") == []  # a reset closes no connection
        house.reader.drift = 1.05
        house.reader.power_off()
        await house.turn_on()
        await asyncio.sleep(100)
        hello = (await house.ask("command", command="hello"))["result"]
        assert hello["uptime_ms"] == 105_000

    house = perform(scene)
    assert house.of("stopped") == [None]
    assert house.of("power") == [True, False, True]


def test_a_silent_sensor_is_reported_and_comes_back() -> None:
    async def scene(house: House) -> None:
        since = len(house.trace)
        house.reader.line.silence(60)
        await house.wait("templates", lambda one: one["sensor_error"] == "not_responding", since)
        await house.wait("templates", lambda one: one["sensor_error"] is None, since)
        assert 60 < asyncio.get_running_loop().time() < 70

    perform(scene)


def test_another_sensor_is_noticed_and_so_is_the_old_one() -> None:
    async def scene(house: House) -> None:
        await enroll(house)
        await asyncio.sleep(2)
        ours = house.reader.swap_sensor()
        assert house.reader.own_sensor is ours
        since = len(house.trace)
        house.reader.place(ANNA)
        await house.wait("templates", lambda one: one["sensor_changed"], since)
        house.reader.lift()
        house.reader.swap_sensor(ours)
        since = len(house.trace)
        await asyncio.sleep(2)
        house.reader.place(ANNA)
        await house.wait("templates", lambda one: not one["sensor_changed"], since)
        await asyncio.sleep(2)
        house.reader.lift()
        await asyncio.sleep(2)
        house.reader.place(ANNA)
        last = await house.wait("touch", lambda touch: touch.template_id == T)
        assert last.result == "identified"

    perform(scene)


def test_a_sensor_of_a_reader_without_memory_stays_its_own_when_it_is_taken_out_again() -> None:
    async def scene(house: House) -> None:
        house.reader.power_off()
        house.reader.erase_flash()
        first = house.reader.swap_sensor()
        house.reader.power_on()
        await house.wait("templates", lambda one: one["count"] == 0, len(house.trace))
        second = house.reader.swap_sensor(first)
        assert house.reader.own_sensor is second

    perform(scene)


def test_a_foreign_sensor_can_be_looked_into() -> None:
    async def scene(house: House) -> None:
        other = EmulatedSensor(house.reader.sensor.profile)
        house.reader.swap_sensor(other)
        assert house.reader.sensor is other
        assert house.reader.templates == {}

    perform(scene)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("after", [0, 5, 10, 15, 20])
def test_an_enrollment_ends_whatever_one_fault_the_line_has(fault: Fault, after: int) -> None:
    async def scene(house: House) -> None:
        house.reader.fault(fault, after=after)
        snapshot = await enroll(house)
        completed = snapshot["stage"] == "completed"
        # A mismatch is what a sensor makes of scans that it lost with its power.
        assert completed or snapshot["reason"] in {"sensor_error", "mismatch"}
        assert house.reader.templates == ({0: "anna"} if completed else {})

    perform(scene)


def test_an_answer_that_comes_late_is_late_and_not_lost() -> None:
    async def scene(house: House) -> None:
        house.reader.line.delay = 1.5
        house.reader.place(ANNA)
        at = (await house.wait("touch", lambda _: True)).at
        assert asyncio.get_running_loop().time() - at > 0.5

    perform(scene)


def test_a_sensor_to_which_nothing_happens_is_hardly_asked_and_a_finger_is_seen_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(house: House) -> None:
        asked = 0
        write = house.reader.line.write

        def count(data: bytes) -> None:
            nonlocal asked
            asked += 1
            write(data)

        monkeypatch.setattr(house.reader.line, "write", count)
        await asyncio.sleep(3600)
        assert asked <= 61
        placed = asyncio.get_running_loop().time()
        house.reader.place(ANNA)
        touch = await house.wait("touch", lambda _: True)
        assert touch.at - placed <= 0.5

    perform(scene)


def test_a_cancel_is_done_at_once_though_nothing_happens_to_the_sensor() -> None:
    async def scene(house: House) -> None:
        assert (await house.start(T))["ok"]
        await asyncio.sleep(10)
        began = asyncio.get_running_loop().time()
        answer = await house.ask("enroll/request", action="cancel", template_id=T)
        assert answer["result"]["enrollment"]["stage"] == "cancelled"
        assert asyncio.get_running_loop().time() - began <= 0.5

    perform(scene)


def test_a_sensor_that_loses_power_loses_the_answer_it_was_about_to_give() -> None:
    async def scene(house: House) -> None:
        await asyncio.sleep(2)
        house.reader.place(ANNA)
        await asyncio.sleep(0.6)  # the image is taken, and being worked on
        assert house.reader.line.imaged == "anna"
        house.reader.cycle_sensor()
        touch = await house.wait("touch", lambda _: True)
        assert (touch.result, touch.finger) == ("unreadable", "anna")

    perform(scene)


@pytest.mark.parametrize("place", [False, True])
def test_an_enrollment_times_out_when_it_says(*, place: bool) -> None:
    async def scene(house: House) -> None:
        assert (await house.start(T, scan_timeout_s=30))["ok"]
        if place:
            house.reader.place(ANNA)  # and never lift it
        await house.wait("snapshot", lambda one: one["reason"] == "timeout")
        at = asyncio.get_running_loop().time()
        began = 0.7 + (1.3 if place else 0)
        assert began + 30 <= at <= began + 31.5

    perform(scene)


def test_a_sensor_of_six_buffers_takes_seven_scans() -> None:
    async def scene(house: House) -> None:
        assert (await house.start(T, total=7))["ok"]
        assert len((await house.scan(ANNA))["captured"]) == 7

    perform(scene, model=R503)


def test_a_sensor_without_power_for_a_moment_loses_its_scans_but_no_template() -> None:
    async def scene(house: House) -> None:
        await enroll(house)
        assert (await house.start(U))["ok"]
        since = len(house.trace)
        house.reader.place(BEN)
        await house.wait("snapshot", lambda one: one["stage"] == "lift_finger", since)
        house.reader.cycle_sensor()
        house.reader.lift()
        snapshot = await house.scan(BEN)
        assert snapshot["stage"] in FINAL
        assert house.reader.templates[0] == "anna"

    perform(scene)
