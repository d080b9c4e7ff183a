"""The light of a sensor that has colours: the steady one, and what shows instead for a while."""

import asyncio

from fpreader.light import AGAIN_MS, Light
from fpreader.memory import Memory
from fpreader.sensor import LED_COLORS, Sensor, SensorError
from tests.firmware.portable.test_power_changes import cut_everywhere
from tests.firmware.portable.test_scanner import ID, OTHER, started, touch
from tests.firmware.portable.test_sensor import Line
from tests.firmware.portable.world import DARK, Flash, Steps, World, drive, scans

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

BREATHE, FLASH, ON, OFF = 1, 2, 3, 4
RED, BLUE, PURPLE, GREEN, WHITE = 1, 2, 3, 4, 7
IDENTIFY = FLASH, BLUE
PLACE, CAPTURED = (BREATHE, PURPLE), (ON, BLUE)
REJECTED = FAILED = NOT_IDENTIFIED = FLASH, RED
STEADY = ON, GREEN


def lit() -> World:
    """Make a reader whose light has colours, and stands on green."""
    world = started(buffers=6)
    assert world.set(led_color="green") is None
    world.sensor.lit = [STEADY]
    return world


def led_color(world: World) -> "Any":
    return world.scanner.changes.settings["led_color"]


def is_as_kept(world: World) -> bool:
    """Tell whether the light shows the colour that is kept."""
    control, colour = world.sensor.lit[-1]
    kept = LED_COLORS.index(world.memory.led_color)
    return control == OFF if kept == 0 else (control, colour) == (ON, kept)


# --- the setting ---------------------------------------------------------------------


def test_every_colour_is_shown_and_kept() -> None:
    world = started(buffers=6)
    assert (led_color(world), is_as_kept(world)) == ("off", True)
    for color in LED_COLORS[1:] + LED_COLORS[:1]:
        assert world.set(led_color=color) is None
        assert led_color(world) == world.memory.led_color == color
        assert is_as_kept(world)


def test_the_colour_comes_back_with_each_start_of_the_reader() -> None:
    for shown in (DARK, PLACE, (ON, RED)):
        world = lit()
        world.sensor.lit.append(shown)
        world.turn_on()
        assert led_color(world) == "green"
        world.run(1000)
        assert world.sensor.lit[-1] == STEADY


def test_what_an_enrollment_left_on_a_dark_light_goes_with_the_next_start() -> None:
    world = started(buffers=6)
    world.sensor.lit.append(PLACE)
    world.turn_on()
    world.run(1000)
    assert world.sensor.lit[-1][0] == OFF


def test_the_colour_comes_back_with_each_start_of_the_sensor() -> None:
    world = lit()
    world.sensor.gone = True
    world.run(10_000)
    assert led_color(world) == "green"
    world.sensor.lit.append(DARK)
    world.sensor.gone = False
    world.run(10_000)
    assert world.sensor.lit[-1] == STEADY


def test_the_colour_comes_back_soon_to_a_sensor_whose_start_nobody_noticed() -> None:
    world = lit()
    world.sensor.lit.append(DARK)
    world.run(AGAIN_MS + 1000)
    assert world.sensor.lit[-1] == STEADY
    world.sensor.asked.clear()
    world.run(10 * AGAIN_MS)
    assert 9 <= world.sensor.asked.count("aura_led") <= 10


def test_a_colour_that_the_sensor_refuses_changes_nothing() -> None:
    world = lit()
    world.sensor.colours = 6
    assert world.set(identification=False, led_color="white") == "sensor_error"
    world.run(1000)
    assert world.scanner.changes.settings["identification"] is True
    assert (led_color(world), world.sensor.lit[-1]) == ("green", STEADY)
    assert world.told[-1]["sensor_error"] is None
    assert world.set(led_color="cyan") is None


def test_a_flash_that_refuses_the_colour_leaves_the_old_one() -> None:
    world = lit()
    world.flash.broken = True
    assert world.set(led_color="red") == "sensor_error"
    world.run(1000)
    assert (led_color(world), world.sensor.lit[-1]) == ("green", STEADY)


def test_the_colour_is_the_kept_one_wherever_the_power_is_cut() -> None:
    def check(world: World) -> "tuple[bool, str]":
        assert is_as_kept(world)
        assert led_color(world) == world.memory.led_color
        return world.memory.identification, world.memory.led_color

    shown_but_not_kept = []

    def change(world: World) -> "str | None":
        try:
            return world.set(identification=False, led_color="red")
        finally:
            if world.sensor.lit[-1] == (ON, RED) and world.memory.led_color == "green":
                shown_but_not_kept.append(world)

    found = cut_everywhere(lit, change, check)
    # Both or neither: they are one write.
    assert set(found) == {(True, "green"), (False, "red")}
    assert shown_but_not_kept


def test_the_colour_needs_a_sensor_that_is_ours_and_free() -> None:
    world = lit()
    world.enroll(ID)
    assert world.set(identification=False, led_color="red") == "busy"
    world.scanner.cancel()
    world.run_until_ended()
    world.sensor.swap({})
    world.turn_on()
    assert world.set(led_color="red") == "sensor_error"
    world.run(1000)
    assert world.set(led_color="red") == "sensor_changed"
    assert world.memory.identification
    assert (led_color(world), is_as_kept(world)) == ("green", True)


def test_a_colour_that_is_as_wanted_wears_no_flash() -> None:
    world = lit()
    writes = world.flash.writes
    assert world.set(led_color="green") is None
    assert world.flash.writes == writes


def test_a_lamp_has_no_colour_and_is_not_asked_for_one() -> None:
    world = started()
    world.user = scans("anna", "anna", "anna")
    world.enroll(ID)
    assert world.run_until_ended()["stage"] == "completed"
    world.user = lambda *_: None
    world.run(1000)
    touch(world, "bert")
    world.run(2 * AGAIN_MS)
    assert world.touches[-1][0] == "not_identified"
    assert "aura_led" not in world.sensor.asked
    assert "led_color" not in world.scanner.changes.settings


# --- what shows instead --------------------------------------------------------------


def test_identify_flashes_for_three_seconds_and_gives_the_colour_back() -> None:
    world = lit()
    drive(world.scanner.identify())
    world.run(2500)
    assert world.sensor.lit == [STEADY, IDENTIFY]
    world.run(1000)
    assert world.sensor.lit == [STEADY, IDENTIFY, STEADY]


def test_an_enrollment_shows_how_it_goes_on() -> None:
    world = lit()
    world.user = scans("anna", "anna", "anna")
    world.enroll(ID)
    assert world.run_until_ended()["stage"] == "completed"
    assert world.sensor.lit == [STEADY] + 3 * [PLACE, CAPTURED]
    world.run(3000)
    assert world.sensor.lit[-1] == STEADY


def test_a_rejected_image_and_a_failed_enrollment_flash_red() -> None:
    world = lit()
    world.sensor.says = [("img2tz", "too_messy")]
    world.user = scans("anna", "anna")
    world.enroll(ID, scan_timeout_s=5)
    assert world.run_until_ended()["reason"] == "timeout"
    assert world.sensor.lit == [STEADY, PLACE, REJECTED, PLACE, CAPTURED, PLACE, FAILED]
    world.run(3000)
    assert world.sensor.lit[-1] == STEADY


def test_a_cancelled_enrollment_gives_the_colour_back_at_once() -> None:
    world = lit()
    world.enroll(ID)
    world.run(1000)
    world.scanner.cancel()
    world.run_until_ended()
    world.run(500)
    assert (world.sensor.lit[1], world.sensor.lit[-1]) == (PLACE, STEADY)


def test_only_a_finger_that_is_not_identified_flashes() -> None:
    """Whether one that is counts is for Home Assistant to say; rain is no person."""
    world = lit()
    world.user = scans("anna", "anna", "anna")
    world.enroll(ID)
    world.run_until_ended()
    world.user = lambda *_: None
    world.run(5000)
    world.sensor.lit = [STEADY]
    touch(world, "anna")
    world.sensor.says = [("img2tz", "too_few_features")]
    touch(world, "anna")
    assert [entry[0] for entry in world.touches] == ["identified", "unreadable"]
    assert world.sensor.lit == [STEADY]
    touch(world, "bert")
    world.run(1000)
    assert world.touches[-1][0] == "not_identified"
    assert world.sensor.lit == [STEADY, NOT_IDENTIFIED, STEADY]


def test_a_touch_is_handed_over_before_the_light_shows_it() -> None:
    world = lit()

    def user(world: World, name: str) -> None:
        if name == "aura_led":
            assert len(world.touches) == 1

    world.user = user
    touch(world, "bert")
    assert NOT_IDENTIFIED in world.sensor.lit


# --- a sensor that does not do it ------------------------------------------------------


def test_a_light_that_does_not_answer_fails_nothing_and_is_left_alone() -> None:
    world = started(buffers=6)
    world.sensor.colours = 0
    world.turn_on()
    world.run(1000)
    assert world.told[-1]["sensor_error"] is None
    world.sensor.asked.clear()
    world.user = scans("anna", "anna", "anna")
    world.enroll(ID)
    assert world.run_until_ended()["stage"] == "completed"
    world.user = lambda *_: None
    world.run(1000)
    touch(world, "bert")
    assert world.touches[-1][0] == "not_identified"
    assert "aura_led" not in world.sensor.asked
    # Whatever it was, it may have passed.
    world.sensor.colours = 7
    world.run(AGAIN_MS + 1000)
    world.enroll(OTHER)
    world.run(1000)
    assert world.sensor.lit[-1] == PLACE


def test_an_enrollment_whose_light_fails_in_the_middle_asks_it_once_more_only() -> None:
    world = lit()
    world.sensor.asked.clear()
    world.sensor.says = [("aura_led", SensorError())]
    world.user = scans("anna", "anna", "anna")
    world.enroll(ID)
    assert world.run_until_ended()["stage"] == "completed"
    assert world.sensor.asked.count("aura_led") == 1
    world.user = lambda *_: None
    world.run(AGAIN_MS + 1000)
    assert world.sensor.lit == [STEADY, STEADY]


def test_the_light_does_not_make_anybody_wait_for_late_answers() -> None:
    world = lit()
    world.sensor.owes = True
    world.sensor.asked.clear()
    touch(world, "bert")
    world.run(AGAIN_MS)
    assert "aura_led" not in world.sensor.asked
    world.sensor.owes = False
    world.run(1000)
    assert world.sensor.lit[-1] == STEADY


def test_only_the_steady_colour_is_worth_a_repeat() -> None:
    def light(line: Line) -> Light:
        memory = Memory(Flash(Steps()))
        return Light(Sensor(line), memory, lambda: 0, asyncio.sleep, 6, lambda: True)

    line = Line()  # which is silent
    asyncio.run(light(line).tell("place_finger"))
    assert [sent[0] for sent in line.sent] == [0x35]
    line = Line()
    asyncio.run(light(line).rest())
    assert [sent[0] for sent in line.sent] == [0x35] * 3


def test_identify_without_a_sensor_that_answers_does_no_harm() -> None:
    world = lit()
    world.sensor.gone = True
    drive(world.scanner.identify())
    assert world.told[-1]["sensor_error"] is None
