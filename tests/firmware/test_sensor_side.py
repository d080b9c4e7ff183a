"""The sensor side of the firmware against the emulated sensor, over a real serial line."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from emulator import (
    LED_OFF,
    R307,
    R503,
    Code,
    Command,
    EmulatedSensor,
    Fault,
    Led,
    Profile,
    Quality,
    SensorLine,
)
from fpreader import enrollment, finger_presence, scanner, sensor, touches
from fpreader.sensor import LED_COLORS
from fpreader.sensor_connection import SensorConnection
from tests.firmware.emulated_reader import ANNA, BERT, ID, TWIN, EmulatedReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrollment, "POLL_MS", 5)
    monkeypatch.setattr(scanner, "POLL_MS", 5)
    monkeypatch.setattr(finger_presence, "EMPTY_MS", 10)
    monkeypatch.setattr(touches, "UNDECIDED_MS", 5)
    monkeypatch.setattr(touches, "LOOK_EVERY_MS", 5)
    monkeypatch.setattr(enrollment, "UNDECIDED_MS", 5)
    monkeypatch.setattr(scanner, "RETRY_MS", 100)


@pytest.fixture
def quick_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make silence certain soon; only where something is silent: a busy machine is slow, too."""
    monkeypatch.setattr(sensor, "SLOW_ANSWER_MS", 500)
    defaults = {**(SensorConnection.send.__kwdefaults__ or {}), "timeout_ms": 300}
    monkeypatch.setattr(SensorConnection.send, "__kwdefaults__", defaults)


@pytest.fixture
def profile() -> Profile:
    return R307


@pytest.fixture
def line(profile: Profile) -> Iterator[SensorLine]:
    with SensorLine(EmulatedSensor(profile)) as running:
        yield running


@pytest.fixture
async def reader(
    line: SensorLine, profile: Profile, tmp_path: Path
) -> AsyncIterator[EmulatedReader]:
    reader = EmulatedReader(line, tmp_path, sensor=profile.name)
    await reader.ready()
    yield reader
    await reader.turn_off()


# --- enrollments -------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "total"), [(R307, 3), (R503, 3), (R503, 5), (R503, 7)])
async def test_a_good_enrollment_makes_a_template_that_is_found(
    reader: EmulatedReader, total: int
) -> None:
    final = await reader.enroll(*[ANNA] * total, total=total)
    assert final["stage"] == "completed"
    assert final["captured"] == [{"attempts": 1}] * total
    assert list(reader.templates()) == [0]
    assert reader.told[-1]["count"] == 1

    touch = await reader.touch(ANNA)
    assert (touch.result, touch.slot, touch.template_id) == ("identified", 0, ID)
    assert (await reader.touch(BERT)).result == "not_identified"


@pytest.mark.parametrize(
    ("quality", "word"),
    [
        (Quality.TOO_MESSY, "too_messy"),
        (Quality.TOO_FEW_FEATURES, "too_few_features"),
        (Quality.NO_IMAGE, "no_image"),
    ],
)
@pytest.mark.parametrize("profile", [R307, R503])
async def test_a_bad_image_repeats_its_scan(
    reader: EmulatedReader, quality: Quality, word: str
) -> None:
    reader.line.script(Quality.OK, quality, Quality.OK, Quality.OK)
    final = await reader.enroll(*[ANNA] * 4)
    assert final["captured"] == [{"attempts": 1}, {"attempts": 2}, {"attempts": 1}]
    assert final["rejected"] == {"count": 1, "last": word}


async def test_a_twin_is_caught_by_the_verifying_scan(reader: EmulatedReader) -> None:
    final = await reader.enroll(ANNA, TWIN, TWIN, TWIN, TWIN)
    assert (final["reason"], len(final["captured"])) == ("mismatch", 2)
    assert reader.templates() == {}
    assert reader.told[-1]["count"] == 0


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("place_finger", 1),
        ("processing", 1),
        ("lift_finger", 1),
        ("place_finger", 2),
        ("processing", 2),
        ("lift_finger", 2),
        ("place_finger", 3),
    ],
)
async def test_a_cancel_at_any_stage_leaves_nothing(
    reader: EmulatedReader, stage: str, step: int
) -> None:
    reader.scanner.start(ID, None, 3, 10)
    scanning = asyncio.create_task(reader.scan(ANNA, ANNA, ANNA))
    await reader.stage(stage, step)
    reader.scanner.cancel()
    final = await reader.ended()
    scanning.cancel()
    assert final["stage"] == "cancelled"
    assert reader.templates() == {}
    assert reader.scanner.start("b" * 16, None, 3, 10) == (0, None)


async def test_a_restart_in_the_middle_empties_the_slot(reader: EmulatedReader) -> None:
    reader.scanner.start(ID, None, 3, 10)
    await reader.scan(ANNA, ANNA)
    assert list(reader.templates()) == [0]
    shown = reader.shown[-1]
    reader.told.clear()
    await reader.restart()
    await reader.ready()
    final = reader.scanner.snapshot
    assert (final["stage"], final["reason"]) == ("failed", "reader_restarted")
    assert final["captured"] == shown["captured"]
    assert final["seq"] > shown["seq"]
    assert reader.templates() == {}


async def test_what_is_enrolled_is_known_after_a_restart(reader: EmulatedReader) -> None:
    await reader.enroll(*[ANNA] * 3)
    before = reader.told[-1]
    reader.told.clear()
    await reader.restart()
    await reader.ready()
    assert reader.told[-1] == before
    assert (await reader.touch(ANNA)).template_id == ID


# --- faults ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.BAD_CHECKSUM, Fault.TRUNCATED],
)
@pytest.mark.parametrize("command", [Command.IMG_2_TZ, Command.STORE, Command.SEARCH])
@pytest.mark.usefixtures("quick_silence")
async def test_one_answer_that_does_not_come_is_asked_for_again(
    reader: EmulatedReader, fault: Fault, command: Command
) -> None:
    with reader.line.hold() as emulated:
        emulated.faults.add(fault, command=command)
    final = await reader.enroll(*[ANNA] * 3)
    assert (final["stage"], final["rejected"]["count"]) == ("completed", 0)


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.SPLIT])
async def test_noise_and_pieces_cost_nothing(reader: EmulatedReader, fault: Fault) -> None:
    with reader.line.hold() as emulated:
        emulated.faults.add(fault, times=None)
    final = await reader.enroll(*[ANNA] * 3)
    assert (final["stage"], final["rejected"]["count"]) == ("completed", 0)


@pytest.mark.usefixtures("quick_silence")
async def test_a_sensor_that_is_unplugged_in_the_middle_fails_it(reader: EmulatedReader) -> None:
    await reader.enroll(*[BERT] * 3, template_id="b" * 16)
    bert = reader.templates()
    reader.shown.clear()
    reader.scanner.start(ID, None, 3, 10)
    await reader.scan(ANNA, ANNA)
    reader.line.unplug()
    final = await reader.ended()
    assert (final["reason"], len(final["captured"])) == ("sensor_error", 2)
    await reader.until(lambda: reader.told[-1]["sensor_error"] == "not_responding")
    assert reader.scanner.start("c" * 16, None, 3, 10) == (None, "sensor_error")
    reader.line.replug()
    await reader.until(lambda: reader.told[-1]["sensor_error"] is None)
    assert reader.templates() == bert
    assert reader.scanner.start("c" * 16, None, 3, 10) == (1, None)


@pytest.mark.parametrize("fault", [Fault.POWER_LOSS_BEFORE, Fault.POWER_LOSS_AFTER])
@pytest.mark.parametrize(
    "command",
    [Command.GEN_IMG, Command.IMG_2_TZ, Command.REG_MODEL, Command.STORE],
)
@pytest.mark.parametrize("profile", [R307, R503])
@pytest.mark.usefixtures("quick_silence")
async def test_a_sensor_that_restarts_at_any_command_costs_one_scan_or_the_enrollment(
    reader: EmulatedReader, fault: Fault, command: Command
) -> None:
    """Its buffers are gone then, but never what was stored before."""
    await reader.enroll(*[BERT] * 3, template_id="b" * 16)
    bert = reader.templates()
    with reader.line.hold() as emulated:
        emulated.faults.add(fault, command=command, after=1)
    final = await reader.enroll(*[ANNA] * 6)
    left = {slot: template for slot, template in reader.templates().items() if slot not in bert}
    assert list(left) == ([1] if final["stage"] == "completed" else [])
    assert reader.templates()[0] == bert[0]
    await reader.ready()


@pytest.mark.usefixtures("quick_silence")
async def test_another_sensor_voids_the_ids_and_is_left_alone(reader: EmulatedReader) -> None:
    await reader.enroll(*[ANNA] * 3)
    with reader.line.hold() as ours:
        pass
    other = EmulatedSensor(R307)
    other.templates.update(ours.templates)
    reader.line.swap(other)
    assert (await reader.touch(ANNA)).result == "not_identified"
    await reader.until(lambda: reader.told[-1]["sensor_changed"])
    assert reader.scanner.start("b" * 16, None, 3, 10) == (None, "sensor_changed")
    assert (other.templates, other.notepad[15]) == (ours.templates, bytes(32))

    reader.line.swap(ours)
    assert (await reader.touch(ANNA)).result == "not_identified"
    await reader.until(lambda: not reader.told[-1]["sensor_changed"])
    assert (await reader.touch(ANNA)).template_id == ID


async def test_a_sensor_swapped_before_the_store_is_left_alone(reader: EmulatedReader) -> None:
    reader.scanner.start(ID, None, 3, 10)
    await reader.scan(ANNA)
    reader.line.swap(EmulatedSensor(R307))
    scanning = asyncio.create_task(reader.scan(*[ANNA] * 5))
    final = await reader.ended()
    scanning.cancel()
    assert final["stage"] == "failed"
    assert reader.templates() == {}


async def test_a_wrong_password_is_told(line: SensorLine, tmp_path: Path) -> None:
    with line.hold() as emulated:
        emulated.flash.password = 7
    reader = EmulatedReader(line, tmp_path, sensor="R307")
    await reader.until(lambda: reader.told)
    assert reader.told[-1]["sensor_error"] == "wrong_password"
    assert reader.told[-1]["capacity"] is None
    await reader.turn_off()


async def changed(reader: EmulatedReader, led_color: str) -> str | None:
    """Ask for a colour of the light; give the error."""
    answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    refusal = reader.scanner.changes.set(None, None, led_color, answer.set_result)
    return refusal or await asyncio.wait_for(answer, 10)


def shown(reader: EmulatedReader) -> Led:
    with reader.line.hold() as emulated:
        return emulated.led


@pytest.mark.parametrize("profile", [R503])
async def test_every_colour_is_seen_on_the_sensor(reader: EmulatedReader) -> None:
    for number, color in enumerate(LED_COLORS):
        assert await changed(reader, color) is None
        assert shown(reader) == (Led(3, number) if number else Led(4, 1))


@pytest.mark.parametrize("profile", [replace(R503, colours=3)])
async def test_an_older_sensor_refuses_the_newer_colours_and_works_on(
    reader: EmulatedReader,
) -> None:
    assert await changed(reader, "purple") is None
    for color in ("green", "white"):
        assert await changed(reader, color) == "sensor_error"
        assert reader.scanner.changes.settings["led_color"] == "purple"
    assert (await reader.touch(ANNA)).result == "not_identified"
    reader.line.lift()
    assert (await reader.enroll(*[ANNA] * 3))["stage"] == "completed"


@pytest.mark.parametrize("profile", [R503])
@pytest.mark.usefixtures("quick_silence")
async def test_the_colour_is_back_after_the_sensor_was_without_power(
    reader: EmulatedReader,
) -> None:
    assert await changed(reader, "cyan") is None
    reader.line.unplug()
    await reader.until(lambda: reader.told[-1]["sensor_error"])
    assert reader.scanner.changes.settings["led_color"] == "cyan"
    assert shown(reader) == LED_OFF
    since = reader.line.command_count
    reader.line.replug()
    await asyncio.to_thread(
        reader.line.wait_for_command, Command.AURA_LED, code=Code.OK, since=since
    )
    assert shown(reader) == Led(3, 6)


@pytest.mark.parametrize("profile", [R307, R503])
async def test_identify_is_seen_on_the_sensor(reader: EmulatedReader, profile: Profile) -> None:
    blinking = asyncio.create_task(reader.scanner.identify())
    await reader.asked(Command.AURA_LED if profile is R503 else Command.LED_ON, Code.OK)
    blinking.cancel()
