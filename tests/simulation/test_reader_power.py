"""Power that goes at any moment, and a flash that fails, at a simulated reader."""

from __future__ import annotations

import asyncio

import pytest

from emulator import Command
from tests.simulation.flash import Moment
from tests.simulation.lonely import ANNA, BEN, House, T, U, enroll, enroll_until_the_cut, perform


def stage(house: House) -> tuple[str, str | None]:
    app = house.reader.app
    assert app is not None
    return app.scanner.snapshot["stage"], app.scanner.snapshot["reason"]


def assert_whole(house: House) -> None:
    """All or nothing: the documented state after a power cut in the enrollment of T."""
    reader = house.reader
    if stage(house)[0] == "completed":
        assert (reader.memory, reader.templates) == ({0: T}, {0: "anna"})
    else:
        assert stage(house) in {("failed", "reader_restarted"), ("idle", None)}
        assert (reader.memory, reader.templates) == ({}, {})


@pytest.mark.parametrize("seed", range(80))
def test_power_cut_at_a_random_moment_leaves_all_or_nothing(seed: int) -> None:
    async def scene(house: House) -> None:
        after = house.rng.uniform(0, 10)
        asyncio.get_running_loop().call_later(after, house.reader.power_off)
        await enroll_until_the_cut(house)
        assert_whole(house)
        # And it works on.
        assert (await enroll(house, BEN, U))["stage"] == "completed"

    perform(scene, seed)


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("nth", range(1, 6))
def test_power_cut_around_each_write_leaves_all_or_nothing(nth: int, moment: Moment) -> None:
    async def scene(house: House) -> None:
        house.reader.cut_at_write(nth, moment)
        await enroll_until_the_cut(house)
        assert_whole(house)
        # Acceptance, two captured scans, that Store is next before the second, and the commit.
        is_committed = (nth, moment) == (5, Moment.AFTER)
        assert (stage(house)[0] == "completed") is is_committed

    perform(scene)


def test_power_cut_after_store_leaves_the_template_until_the_next_start() -> None:
    async def scene(house: House) -> None:
        house.reader.cut_after(Command.STORE)
        assert (await house.start(T))["ok"]
        since = len(house.trace)
        scanning = asyncio.ensure_future(house.scan(ANNA))
        await house.wait("power", lambda on: not on, since)
        scanning.cancel()
        assert (house.reader.templates, house.reader.memory) == ({0: "anna"}, {})
        await house.turn_on()
        assert stage(house) == ("failed", "reader_restarted")
        assert house.reader.templates == {}

    perform(scene)


def test_the_nth_command_of_a_kind_is_counted() -> None:
    async def scene(house: House) -> None:
        house.reader.cut_after(Command.IMG_2_TZ, 3)
        await enroll_until_the_cut(house)
        (snapshot,) = [one for one in house.of("snapshot") if one["reason"] == "reader_restarted"]
        assert len(snapshot["captured"]) == 2

    perform(scene)


@pytest.mark.parametrize("seed", range(40))
def test_without_power_nothing_reaches_flash_sensor_broker_or_observer(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(house: House) -> None:
        reader = house.reader
        # A touch that still waits to be written, then an enrollment.
        reader.place(BEN)
        await house.wait("touch", lambda _: True)
        reader.lift()
        await asyncio.sleep(house.rng.choice((0, 1)))
        enrolling = asyncio.ensure_future(enroll(house))
        await asyncio.sleep(house.rng.uniform(0, 10))
        reader.power_off()
        enrolling.cancel()
        before = (len(house.trace), dict(reader.flash.records), list(reader.flash.journal))
        asked: list[bytes] = []
        monkeypatch.setattr(reader.line, "write", asked.append)
        writes = reader.flash.writes
        await asyncio.sleep(100)
        assert before == (len(house.trace), reader.flash.records, reader.flash.journal)
        assert (asked, reader.flash.writes) == ([], writes)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    perform(scene, seed)


def test_a_touch_that_was_not_sent_survives_the_power_and_a_torn_record_does_not() -> None:
    async def scene(house: House) -> None:
        reader = house.reader
        for moment in (Moment.AFTER, Moment.AMID):
            reader.cut_at_write(1, moment)
            since = len(house.trace)
            reader.place(ANNA)
            await house.wait("power", lambda on: not on, since)
            reader.lift()
            await house.turn_on()
        assert [record is None for record in reader.flash.journal][-1]
        assert (await house.ask("command", command="hello"))["result"]["journal"] == 1
        one, two = house.of("touch")
        kept = await house.wait("fingerprint", lambda line: line["at_ms"] is None)
        assert kept["touch"] == one.touch != two.touch

    perform(scene)


def test_a_flash_that_refuses_is_heard_on_the_console_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def scene(house: House) -> None:
        house.reader.flash.refuses = True
        assert (await house.start(T))["error"] == "sensor_error"
        house.reader.flash.refuses = False
        assert (await enroll(house))["stage"] == "completed"
        print("said by the test")  # noqa: T201 - where it goes is the question

    house = perform(scene)
    (line,) = house.of("printed")
    assert line.startswith("scanner: no enrollment, the flash refuses")
    assert capsys.readouterr().out == "said by the test\n"


def test_a_flash_that_cannot_be_read_has_the_firmware_start_again_and_again() -> None:
    async def scene(house: House) -> None:
        await enroll(house)
        house.reader.power_off()
        house.reader.flash.unreadable = True
        house.reader.power_on()
        await asyncio.sleep(20)
        assert house.reader.app is None
        house.reader.flash.unreadable = False
        await asyncio.sleep(20)
        assert stage(house)[0] == "completed"

    errors = perform(scene).of("stopped")
    assert len(errors) == 4
    assert all(isinstance(error, OSError) for error in errors)


def test_erased_flash_makes_the_reader_forget_and_mark_the_sensor_anew() -> None:
    async def scene(house: House) -> None:
        await enroll(house)
        house.reader.power_off()
        house.reader.erase_flash()
        await house.turn_on()
        assert house.of("templates")[-1]["count"] == 1
        assert house.reader.memory == {}
        assert stage(house)[0] == "idle"

    perform(scene)
