"""Power that goes at any moment, and a flash that fails, at a simulated reader."""

from __future__ import annotations

import asyncio

import pytest

from emulator import Command
from tests.simulation.flash import CutPoint
from tests.simulation.reader_bench import (
    ANNA,
    BEN,
    ReaderBench,
    T,
    U,
    enroll,
    enroll_until_the_cut,
    simulate,
    simulated,
)


def stage(bench: ReaderBench) -> tuple[str, str | None]:
    app = bench.reader.app
    assert app is not None
    return app.scanner.snapshot["stage"], app.scanner.snapshot["reason"]


def assert_whole(bench: ReaderBench) -> None:
    """All or nothing: the documented state after a power cut in the enrollment of T."""
    reader = bench.reader
    if stage(bench)[0] == "completed":
        assert (reader.memory, reader.templates) == ({0: T}, {0: "anna"})
    else:
        assert stage(bench) in {("failed", "reader_restarted"), ("idle", None)}
        assert (reader.memory, reader.templates) == ({}, {})


@pytest.mark.parametrize("seed", range(80))
def test_power_cut_at_a_random_moment_leaves_all_or_nothing(seed: int) -> None:
    async def test(bench: ReaderBench) -> None:
        after = bench.rng.uniform(0, 10)
        asyncio.get_running_loop().call_later(after, bench.reader.power_off)
        await enroll_until_the_cut(bench)
        assert_whole(bench)
        # And it works on.
        assert (await enroll(bench, BEN, U))["stage"] == "completed"

    simulate(test, seed)


@pytest.mark.parametrize("point", CutPoint)
@pytest.mark.parametrize("nth", range(1, 7))
@simulated()
async def test_power_cut_around_each_write_leaves_all_or_nothing(
    bench: ReaderBench, nth: int, point: CutPoint
) -> None:
    # The first answer counts the boot in flash.
    await bench.ask("command", command="hello")
    bench.reader.flash.cut_at(nth, point)
    await enroll_until_the_cut(bench)
    assert_whole(bench)
    # Acceptance, two captured scans, before the second that Store is next and then how the index
    # table is to be read, and the commit.
    is_committed = (nth, point) == (6, CutPoint.AFTER)
    assert (stage(bench)[0] == "completed") is is_committed


@simulated()
async def test_power_cut_after_store_leaves_the_template_until_the_next_start(
    bench: ReaderBench,
) -> None:
    bench.reader.sensor_line.cut_after(Command.STORE)
    assert (await bench.start(T))["ok"]
    since = len(bench.trace)
    scanning = asyncio.ensure_future(bench.scan(ANNA))
    await bench.wait("power", lambda on: not on, since)
    scanning.cancel()
    assert (bench.reader.templates, bench.reader.memory) == ({0: "anna"}, {})
    await bench.turn_on()
    assert stage(bench) == ("failed", "reader_restarted")
    assert bench.reader.templates == {}


@simulated()
async def test_the_nth_command_of_a_kind_is_counted(bench: ReaderBench) -> None:
    bench.reader.sensor_line.cut_after(Command.IMG_2_TZ, 3)
    await enroll_until_the_cut(bench)
    (snapshot,) = [one for one in bench.of("snapshot") if one["reason"] == "reader_restarted"]
    assert len(snapshot["captured"]) == 2


@pytest.mark.parametrize("seed", range(40))
def test_without_power_nothing_reaches_flash_sensor_broker_or_observer(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(bench: ReaderBench) -> None:
        reader = bench.reader
        # A touch that still waits to be written, then an enrollment.
        reader.place(BEN)
        await bench.wait("touch")
        reader.lift()
        await asyncio.sleep(bench.rng.choice((0, 1)))
        enrolling = asyncio.ensure_future(enroll(bench))
        await asyncio.sleep(bench.rng.uniform(0, 10))
        reader.power_off()
        enrolling.cancel()
        before = (len(bench.trace), dict(reader.flash.records), list(reader.flash.journal))
        asked: list[bytes] = []
        monkeypatch.setattr(reader.sensor_line, "write", asked.append)
        writes = reader.flash.writes
        await asyncio.sleep(100)
        assert before == (len(bench.trace), reader.flash.records, reader.flash.journal)
        assert (asked, reader.flash.writes) == ([], writes)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    simulate(test, seed)


@simulated()
async def test_a_touch_that_was_not_sent_survives_the_power_and_a_torn_record_does_not(
    bench: ReaderBench,
) -> None:
    reader = bench.reader
    for point in (CutPoint.AFTER, CutPoint.DURING):
        # The first answer counts the boot in flash.
        await bench.ask("command", command="hello")
        reader.flash.cut_at(1, point)
        since = len(bench.trace)
        reader.place(ANNA)
        await bench.wait("power", lambda on: not on, since)
        reader.lift()
        await bench.turn_on()
    assert [record is None for record in reader.flash.journal][-1]
    assert (await bench.ask("command", command="hello"))["result"]["journal"] == 1
    one, two = bench.of("touch")
    kept = await bench.wait("fingerprint", lambda line: line["at_ms"] is None)
    assert kept["touch"] == one.touch != two.touch


def test_refused_writes_to_flash_are_reported_on_the_console_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def test(bench: ReaderBench) -> None:
        # The first answer counts the boot in flash.
        await bench.ask("command", command="hello")
        bench.reader.flash.refuses = True
        assert (await bench.start(T))["error"] == "sensor_error"
        bench.reader.flash.refuses = False
        assert (await enroll(bench))["stage"] == "completed"
        print("said by the test")  # noqa: T201 - where it goes is the question

    bench = simulate(test)
    _, line = bench.of("printed")
    assert line.startswith("scanner: no enrollment, the flash refuses")
    assert capsys.readouterr().out == "said by the test\n"


def test_a_flash_that_cannot_be_read_has_the_firmware_start_again_and_again() -> None:
    async def test(bench: ReaderBench) -> None:
        await enroll(bench)
        bench.reader.power_off()
        bench.reader.flash.unreadable = True
        bench.reader.power_on()
        await asyncio.sleep(20)
        assert bench.reader.app is None
        bench.reader.flash.unreadable = False
        await asyncio.sleep(20)
        assert stage(bench)[0] == "completed"

    errors = simulate(test).of("stopped")
    assert len(errors) == 4
    assert all(isinstance(error, OSError) for error in errors)


@simulated()
async def test_erased_flash_makes_the_reader_forget_and_mark_the_sensor_again(
    bench: ReaderBench,
) -> None:
    await enroll(bench)
    bench.reader.power_off()
    bench.reader.flash.erase()
    await bench.turn_on()
    assert bench.of("templates")[-1]["count"] == 1
    assert bench.reader.memory == {}
    assert stage(bench)[0] == "idle"
