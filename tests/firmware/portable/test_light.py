"""The light of a sensor that has colours: the steady one, and what shows instead for a while."""

import asyncio

from fpreader.light import AGAIN_MS, Light
from fpreader.memory import Memory
from fpreader.sensor import LED_COLORS
from fpreader.sensor_connection import SensorError
from fpreader.touches import MOST_LOOKS
from tests.firmware.portable.fake_hardware import DARK, FakeFlash, Steps
from tests.firmware.portable.power_cuts import cut_everywhere
from tests.firmware.portable.scanner_harness import (
    ID,
    OTHER,
    ScannerHarness,
    drive,
    nobody,
    scans,
    started,
    touch,
)
from tests.firmware.portable.test_sensor import Line, on

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

BREATHE, FLASH, ON, OFF = 1, 2, 3, 4
RED, BLUE, PURPLE, GREEN, WHITE = 1, 2, 3, 4, 7
IDENTIFY = FLASH, BLUE
PLACE, CAPTURED = (BREATHE, PURPLE), (ON, BLUE)
REJECTED = FAILED = NOT_IDENTIFIED = FLASH, RED
STEADY = ON, GREEN


def lit() -> ScannerHarness:
    """Make a reader whose light has colours, and stands on green."""
    reader = started(buffers=6)
    assert reader.set(led_color="green") is None
    reader.sensor.lit = [STEADY]
    return reader


def led_color(reader: ScannerHarness) -> "Any":
    return reader.scanner.changes.settings["led_color"]


def is_as_kept(reader: ScannerHarness) -> bool:
    """Tell whether the light shows the colour that is kept."""
    control, colour = reader.sensor.lit[-1]
    kept = LED_COLORS.index(reader.memory.led_color)
    return control == OFF if kept == 0 else (control, colour) == (ON, kept)


# --- the setting ---------------------------------------------------------------------


def test_every_colour_is_shown_and_kept() -> None:
    reader = started(buffers=6)
    assert (led_color(reader), is_as_kept(reader)) == ("off", True)
    for color in LED_COLORS[1:] + LED_COLORS[:1]:
        assert reader.set(led_color=color) is None
        assert led_color(reader) == reader.memory.led_color == color
        assert is_as_kept(reader)


def test_the_colour_comes_back_with_each_start_of_the_reader() -> None:
    for shown in (DARK, PLACE, (ON, RED)):
        reader = lit()
        reader.sensor.lit.append(shown)
        reader.turn_on()
        assert led_color(reader) == "green"
        reader.run(1000)
        assert reader.sensor.lit[-1] == STEADY


def test_what_an_enrollment_left_on_a_dark_light_goes_with_the_next_start() -> None:
    reader = started(buffers=6)
    reader.sensor.lit.append(PLACE)
    reader.restart()
    assert reader.sensor.lit[-1][0] == OFF


def test_the_colour_comes_back_with_each_start_of_the_sensor() -> None:
    reader = lit()
    reader.sensor.gone = True
    reader.run(10_000)
    assert led_color(reader) == "green"
    reader.sensor.lit.append(DARK)
    reader.sensor.gone = False
    reader.run(10_000)
    assert reader.sensor.lit[-1] == STEADY


def test_the_colour_comes_back_soon_to_a_sensor_whose_start_nobody_noticed() -> None:
    reader = lit()
    reader.sensor.lit.append(DARK)
    reader.run(AGAIN_MS + 1000)
    assert reader.sensor.lit[-1] == STEADY
    before = len(reader.sensor.lit)
    reader.run(10 * AGAIN_MS)
    assert 9 <= len(reader.sensor.lit) - before <= 10


def test_a_colour_that_the_sensor_refuses_changes_nothing() -> None:
    reader = lit()
    reader.sensor.colours = 6
    assert reader.set(identification=False, led_color="white") == "sensor_error"
    reader.run(1000)
    assert reader.scanner.changes.settings["identification"] is True
    assert (led_color(reader), reader.sensor.lit[-1]) == ("green", STEADY)
    assert reader.told[-1]["sensor_error"] is None
    assert reader.set(led_color="cyan") is None


def test_a_flash_that_refuses_the_colour_leaves_the_old_one() -> None:
    reader = lit()
    reader.flash.broken = True
    assert reader.set(led_color="red") == "sensor_error"
    reader.run(1000)
    assert (led_color(reader), reader.sensor.lit[-1]) == ("green", STEADY)


def test_the_colour_is_the_kept_one_wherever_the_power_is_cut() -> None:
    def check(reader: ScannerHarness) -> "tuple[bool, str]":
        assert is_as_kept(reader)
        assert led_color(reader) == reader.memory.led_color
        return reader.memory.identification, reader.memory.led_color

    shown_but_not_kept = []

    def change(reader: ScannerHarness) -> "str | None":
        try:
            return reader.set(identification=False, led_color="red")
        finally:
            if reader.sensor.lit[-1] == (ON, RED) and reader.memory.led_color == "green":
                shown_but_not_kept.append(reader)

    found = cut_everywhere(lit, change, check)
    # Both or neither: they are one write.
    assert set(found) == {(True, "green"), (False, "red")}
    assert shown_but_not_kept


def test_the_colour_needs_a_sensor_that_is_ours_and_free() -> None:
    reader = lit()
    reader.enroll(ID)
    assert reader.set(identification=False, led_color="red") == "busy"
    reader.scanner.cancel()
    reader.run_until_ended()
    reader.sensor.swap({})
    reader.turn_on()
    assert reader.set(led_color="red") == "sensor_error"
    reader.run(1000)
    assert reader.set(led_color="red") == "sensor_changed"
    assert reader.memory.identification
    assert (led_color(reader), is_as_kept(reader)) == ("green", True)


def test_a_colour_that_is_as_wanted_wears_no_flash() -> None:
    reader = lit()
    writes = reader.flash.writes
    assert reader.set(led_color="green") is None
    assert reader.flash.writes == writes


def test_a_lamp_has_no_colour_and_is_not_asked_for_one() -> None:
    reader = started()
    reader.enroll_whole("anna", ID)
    reader.run(1000)
    touch(reader, "bert")
    reader.run(2 * AGAIN_MS)
    assert reader.touches[-1].result == "not_identified"
    assert "aura_led" not in reader.sensor.asked
    assert "led_color" not in reader.scanner.changes.settings


# --- what shows instead --------------------------------------------------------------


def test_identify_flashes_for_three_seconds_and_gives_the_colour_back() -> None:
    reader = lit()
    drive(reader.scanner.identify())
    reader.run(2500)
    assert reader.sensor.lit == [STEADY, IDENTIFY]
    reader.run(1000)
    assert reader.sensor.lit == [STEADY, IDENTIFY, STEADY]


def test_an_enrollment_shows_how_it_goes_on() -> None:
    reader = lit()
    reader.user = scans("anna", "anna", "anna")
    reader.enroll(ID)
    assert reader.run_until_ended()["stage"] == "completed"
    assert reader.sensor.lit == [STEADY] + 3 * [PLACE, CAPTURED]
    reader.run(3000)
    assert reader.sensor.lit[-1] == STEADY


def test_a_rejected_image_and_a_failed_enrollment_flash_red() -> None:
    reader = lit()
    reader.sensor.says = [("img2tz", "too_messy")]
    reader.user = scans("anna", "anna")
    reader.enroll(ID, scan_timeout_s=5)
    assert reader.run_until_ended()["reason"] == "timeout"
    assert reader.sensor.lit == [STEADY, PLACE, REJECTED, PLACE, CAPTURED, PLACE, FAILED]
    reader.run(3000)
    assert reader.sensor.lit[-1] == STEADY


def test_a_cancelled_enrollment_gives_the_colour_back_at_once() -> None:
    reader = lit()
    reader.enroll(ID)
    reader.run(1000)
    reader.scanner.cancel()
    reader.run_until_ended()
    reader.run(500)
    assert (reader.sensor.lit[1], reader.sensor.lit[-1]) == (PLACE, STEADY)


def test_only_a_finger_that_is_not_identified_flashes() -> None:
    """Whether one that is counts is for Home Assistant to say; rain is no person."""
    reader = lit()
    reader.enroll_whole("anna", ID)
    reader.run(5000)
    reader.sensor.lit = [STEADY]
    touch(reader, "anna")
    reader.sensor.says = [("img2tz", "too_few_features")] * MOST_LOOKS
    touch(reader, "anna")
    assert [entry.result for entry in reader.touches] == ["identified", "unreadable"]
    assert reader.sensor.lit == [STEADY]
    touch(reader, "bert")
    reader.run(1000)
    assert reader.touches[-1].result == "not_identified"
    assert reader.sensor.lit == [STEADY, NOT_IDENTIFIED, STEADY]


def test_a_touch_is_handed_over_before_the_light_shows_it() -> None:
    reader = lit()

    def user(reader: ScannerHarness, name: str) -> None:
        if name == "aura_led":
            assert len(reader.touches) == 1

    reader.user = user
    touch(reader, "bert")
    assert NOT_IDENTIFIED in reader.sensor.lit


# --- a sensor that does not do it ------------------------------------------------------


def test_a_light_that_does_not_answer_fails_nothing_and_is_left_alone() -> None:
    reader = started(buffers=6)
    reader.sensor.colours = 0
    reader.restart()
    assert reader.told[-1]["sensor_error"] is None
    reader.sensor.asked.clear()
    reader.enroll_whole("anna", ID)
    reader.run(1000)
    touch(reader, "bert")
    assert reader.touches[-1].result == "not_identified"
    assert "aura_led" not in reader.sensor.asked
    # Whatever it was, it may have passed.
    reader.sensor.colours = 7
    reader.run(AGAIN_MS + 1000)
    reader.enroll(OTHER)
    reader.run(1000)
    assert reader.sensor.lit[-1] == PLACE


def test_an_enrollment_whose_light_fails_in_the_middle_asks_it_once_more_only() -> None:
    reader = lit()
    reader.sensor.asked.clear()
    reader.sensor.says = [("aura_led", SensorError())]
    reader.user = scans("anna", "anna", "anna")
    reader.enroll(ID)
    assert reader.run_until_ended()["stage"] == "completed"
    assert reader.sensor.asked.count("aura_led") == 1
    reader.user = nobody
    reader.run(AGAIN_MS + 1000)
    assert reader.sensor.lit == [STEADY, STEADY]


def test_the_light_does_not_make_anybody_wait_for_late_answers() -> None:
    reader = lit()
    reader.sensor.connection.out_of_sync = True
    reader.sensor.asked.clear()
    touch(reader, "bert")
    reader.run(AGAIN_MS)
    assert "aura_led" not in reader.sensor.asked
    reader.sensor.connection.out_of_sync = False
    reader.run(1000)
    assert reader.sensor.lit[-1] == STEADY


def test_only_the_steady_colour_is_worth_a_repeat() -> None:
    def light(line: Line) -> Light:
        memory = Memory(FakeFlash(Steps()))
        return Light(ScannerHarness(), on(line), memory, lambda: True, lambda: True)

    line = Line()  # which is silent
    asyncio.run(light(line).show("place_finger"))
    assert [sent[0] for sent in line.sent] == [0x35]
    line = Line()
    asyncio.run(light(line).restore())
    assert [sent[0] for sent in line.sent] == [0x35] * 3


def test_identify_without_a_sensor_that_answers_does_no_harm() -> None:
    reader = lit()
    reader.sensor.gone = True
    drive(reader.scanner.identify())
    assert reader.told[-1]["sensor_error"] is None
