"""Touches, and the lamp of a sensor without colours."""

from fpreader.sensor_connection import SensorError
from fpreader.touches import MOST_LOOKS
from tests.firmware.portable.scanner_harness import (
    BAD_IMAGES,
    ScannerHarness,
    drive,
    enrolled,
    nobody,
    scans,
    started,
    touch,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any


def test_a_touch_tells_who_and_when() -> None:
    reader = enrolled("anna", "bert")
    begin = reader.now
    touch(reader, "bert")
    touch(reader, "carl")
    assert [entry.result for entry in reader.touches] == ["identified", "not_identified"]
    first = reader.touches[0]
    assert begin <= first.at_ms <= begin + 300
    assert (first.slot, first.template_id) == (1, "1" * 16)
    assert (first.confidence, first.reason) == (100, None)


def test_a_resting_finger_is_one_touch() -> None:
    reader = enrolled("anna")
    reader.sensor.finger = "anna"
    reader.run(60_000)
    assert len(reader.touches) == 1


def test_a_finger_that_comes_right_after_an_enrollment_has_ended_is_a_touch() -> None:
    """The sensor was seen empty since the last scan, so it is no finger of the enrollment."""
    for wait_ms in (0, 100, 300, 1000):
        reader = started()
        reader.user = scans("anna")
        reader.enroll(scan_timeout_s=5)
        assert reader.run_until_ended()["reason"] == "timeout"
        reader.user = nobody
        reader.run(wait_ms)
        touch(reader, "anna")
        assert len(reader.touches) == 1, wait_ms


def test_so_is_one_after_a_cancel_while_nobody_was_there() -> None:
    reader = started()
    reader.enroll()
    reader.run(1000)
    reader.scanner.cancel()
    assert reader.run_until_ended()["stage"] == "cancelled"
    touch(reader, "anna")
    assert len(reader.touches) == 1


def test_a_finger_that_still_rests_when_an_enrollment_has_ended_is_none() -> None:
    """Whichever way it has ended, until it is lifted and the sensor was seen empty."""
    reader = enrolled("anna")
    for number, (fingers, ending) in enumerate(
        (
            (("bert", "bert", "bert"), "completed"),
            (("anna",), "failed"),
            (("carl", "dora", "dora", "dora"), "failed"),
        )
    ):
        good = scans(*fingers)

        def user(reader: ScannerHarness, name: str, good: "Any" = good) -> None:
            # The last one stays where it is.
            if reader.scanner.running:
                good(reader, name)

        reader.user = user
        assert reader.enroll(str(5 + number) * 16)[1] is None
        assert reader.run_until_ended()["stage"] == ending
        assert reader.sensor.finger == fingers[-1]
        reader.run(2000)
        assert reader.touches == []
        reader.sensor.finger = None
        reader.run(1000)
        touch(reader, "anna")
        assert len(reader.touches) == 1
        reader.touches.clear()
        reader.user = nobody


def test_an_unreadable_touch_says_why() -> None:
    reader = started()
    for word in BAD_IMAGES:
        reader.sensor.says = [("img2tz", word)] * MOST_LOOKS
        touch(reader, "anna")
        assert reader.touches[-1].result == "unreadable"
        assert reader.touches[-1].reason == word
    reader.sensor.says = [("gen_img", "no_image")] * MOST_LOOKS
    touch(reader, "anna")
    assert reader.touches[3].reason == "no_image"


def test_a_touch_whose_sensor_dies_is_not_forgotten() -> None:
    reader = started()
    reader.sensor.says = [("search", SensorError())]
    touch(reader, "anna")
    assert [(entry.result, entry.reason) for entry in reader.touches] == [
        ("unreadable", "sensor_error")
    ]


def test_a_touch_is_never_dated_later_than_the_finger_can_have_been_there() -> None:
    """Looking up a name blocks everything; what the sensor said before is read after it."""
    reader = enrolled("anna")
    asked: list[int] = []

    def user(reader: ScannerHarness, name: str) -> None:
        if name == "gen_img" and reader.sensor.finger:
            asked.append(reader.now)
            if len(asked) == 1:
                reader.now += 30_000

    reader.user = user
    touch(reader, "anna")
    assert reader.touches[0].result == "identified"
    # By the protocol's bound on its age, HA opens the door 30 s late.
    assert reader.touches[0].at_ms <= asked[0]


def test_identify_blinks_for_three_seconds() -> None:
    reader = started()
    reader.sensor.asked.clear()
    begin = reader.now
    blinking = reader.scanner.identify()
    for _ in range(10):
        reader.turn(blinking)
    assert reader.sensor.asked == ["light"] * 10
    assert reader.now - begin >= 3000
    try:
        reader.turn(blinking)
    except StopIteration:
        return
    raise AssertionError("blinks on")


def test_identify_leaves_an_enrollment_alone() -> None:
    reader = started()
    reader.enroll()
    reader.sensor.asked.clear()
    drive(reader.scanner.identify())
    assert reader.sensor.asked == []


def test_identify_does_not_mind_a_dead_sensor() -> None:
    reader = started()
    reader.sensor.gone = True
    drive(reader.scanner.identify())
    assert reader.told[-1]["sensor_error"] is None


def test_nothing_is_told_where_nothing_changed() -> None:
    reader = started()
    reader.run(3_600_000)
    assert len(reader.told) == 1
    assert reader.shown == []


def test_a_command_without_which_there_is_no_reader_is_said_to_be_missing() -> None:
    reader = started()
    reader.sensor.connection.refused = (4, 0xFC)
    reader.run(1000)
    assert reader.told[-1]["sensor_error"] == "missing_command"
    assert reader.told[-1]["sensor_error_details"] == {"command": 4, "code": 0xFC}
    reader.sensor.connection.refused = None
    reader.run(1000)
    assert reader.told[-1]["sensor_error"] is None
