"""One resting finger is one touch, looked at until the best outcome is there."""

from fpreader.finger_presence import EMPTY_MS
from fpreader.sensor_connection import CodeError, SensorError
from fpreader.touches import ALWAYS_MS, MOST_LOOKS
from tests.firmware.portable.scanner_harness import (
    ID,
    ScannerHarness,
    enrolled,
    scans,
    touch,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

DIRT = "dirt"


def results(reader: ScannerHarness) -> "list[tuple[str, int | None]]":
    return [(entry.result, entry.slot) for entry in reader.touches]


def blinking(seen: "list[bool]") -> "Callable[[ScannerHarness, str], None]":
    """Make a sensor that does not see the finger that rests on it in some images, over and over."""
    finger: list[str | None] = []
    images = [0]

    def user(reader: ScannerHarness, name: str) -> None:
        if not finger:
            finger.append(reader.sensor.finger)
        if name == "gen_img":
            reader.sensor.finger = finger[0] if seen[images[0] % len(seen)] else None
            images[0] += 1

    return user


def test_a_finger_that_the_sensor_loses_now_and_then_is_one_touch() -> None:
    for seen in ([True, False], [True, False, False], [True, True, True, False, False]):
        for finger, result in (("anna", ("identified", 0)), ("mallory", ("not_identified", None))):
            reader = enrolled("anna")
            reader.sensor.finger = finger
            reader.user = blinking(seen)
            reader.run(8000)
            assert results(reader) == [result], seen


def test_a_finger_that_is_back_before_it_counts_as_gone_is_the_same_touch() -> None:
    for away_ms, touches in ((EMPTY_MS - 100, 1), (EMPTY_MS + 500, 2)):
        reader = enrolled("anna")
        reader.sensor.finger = "anna"
        reader.run(500)
        reader.sensor.finger = None
        reader.run(away_ms)
        reader.sensor.finger = "anna"
        reader.run(500)
        assert len(reader.touches) == touches, away_ms


def test_poor_first_images_are_looked_at_again_and_the_best_is_told_once() -> None:
    for bad in (["too_messy"], ["no_image", "too_few_features"], ["too_few_features"] * 3):
        reader = enrolled("anna")
        begin = reader.now
        reader.sensor.says = [("img2tz", word) for word in bad]
        reader.sensor.finger = "anna"
        reader.run(3000)
        assert results(reader) == [("identified", 0)]
        # The finger has been there since the first image.
        assert reader.touches[0].at_ms <= begin + 300


def test_an_edge_of_a_known_finger_is_not_told_as_nobody() -> None:
    reader = enrolled("anna")
    reader.sensor.says = [("search", None)]
    touch(reader, "anna")
    assert results(reader) == [("identified", 0)]


def test_nobody_and_unreadable_are_told_after_the_last_look_only() -> None:
    reader = enrolled("anna")
    reader.sensor.asked.clear()
    reader.sensor.finger = "mallory"
    reader.run(5000)
    assert results(reader) == [("not_identified", None)]
    assert reader.sensor.asked.count("search") == MOST_LOOKS
    reader.touches.clear()
    touch(reader, "nobody yet")
    reader.touches.clear()
    reader.sensor.says = [("img2tz", "too_messy"), ("search", None), ("img2tz", "too_messy")]
    touch(reader, "anna")
    assert results(reader) == [("identified", 0)]


def test_the_reason_that_is_told_is_that_of_an_image() -> None:
    reader = enrolled("anna")
    reader.sensor.says = [("img2tz", CodeError(2, 0x17)), ("img2tz", "too_messy")] * 2
    touch(reader, "anna")
    assert [(entry.result, entry.reason) for entry in reader.touches] == [
        ("unreadable", "too_messy")
    ]


def test_a_finger_that_leaves_early_is_told_as_it_was_seen_and_nobody_comes_of_it_later() -> None:
    reader = enrolled("anna")
    reader.sensor.says = [("img2tz", "too_messy")]

    def user(reader: ScannerHarness, name: str) -> None:
        if name == "img2tz":
            reader.sensor.finger = None

    reader.user = user
    reader.sensor.finger = "anna"
    reader.run(3000)
    assert [(entry.result, entry.reason) for entry in reader.touches] == [
        ("unreadable", "too_messy")
    ]


def test_a_sensor_that_answers_with_strange_codes_costs_looks_and_not_the_touch() -> None:
    for command in ("img2tz", "search", "read_notepad"):
        reader = enrolled("anna")
        reader.sensor.says = [(command, CodeError(4, 0x29))] * 2
        touch(reader, "anna")
        assert results(reader) == [("identified", 0)], command
        reader.touches.clear()
        reader.sensor.says = [(command, CodeError(4, 0x29))] * MOST_LOOKS
        touch(reader, "anna")
        assert [(entry.result, entry.reason) for entry in reader.touches] == [
            ("unreadable", "sensor_error")
        ]
        assert reader.told == []


def test_what_was_seen_is_told_before_an_enrollment_begins_and_before_a_restart() -> None:
    reader = enrolled("anna")
    reader.sensor.finger = "mallory"
    reader.run(250)
    assert reader.touches == []
    reader.scanner.finish_touch()
    assert results(reader) == [("not_identified", None)]
    reader = enrolled("anna")
    reader.sensor.finger = "mallory"
    reader.run(250)
    reader.enroll(ID)
    reader.run(250)
    assert results(reader) == [("not_identified", None)]


def test_a_touch_ends_with_its_sensor_and_is_nobody_elses_afterwards() -> None:
    for command in ("gen_img", "img2tz", "search"):
        reader = enrolled("anna")
        reader.sensor.finger = "mallory"
        reader.run(250)
        reader.sensor.says = [(command, SensorError())]
        reader.run(1500)
        assert results(reader) == [("not_identified", None)], command
        reader.sensor.finger = "anna"
        reader.run(3000)
        assert len(reader.touches) == 1


# --- a finger that is always seen -----------------------------------------------------


def lying(reader: ScannerHarness, finger: str, ms: int = ALWAYS_MS + 2000) -> None:
    """Let something lie on the sensor."""
    reader.sensor.finger = finger
    reader.run(ms)


def test_a_sensor_that_always_sees_something_is_said_to_and_works_on() -> None:
    reader = enrolled("anna", "bert")
    lying(reader, DIRT)
    assert results(reader) == [("not_identified", None)]
    assert [told["sensor_error"] for told in reader.told] == ["always_finger"]
    for finger, slot in (("anna", 0), ("bert", 1)):
        lying(reader, finger, 1500)
        lying(reader, DIRT, 5000)
        assert results(reader)[-1] == ("identified", slot)
    assert len(reader.touches) == 3
    reader.sensor.finger = None
    reader.run(1000)
    assert reader.told[-1]["sensor_error"] is None
    touch(reader, "anna")
    assert results(reader)[-1] == ("identified", 0)


def test_a_print_in_the_sunlight_opens_no_door_a_second_time() -> None:
    """Whose it is was told; not even after somebody else was there, until it was seen empty."""
    reader = enrolled("anna", "bert")
    lying(reader, "anna", 60_000)
    assert results(reader) == [("identified", 0)]
    lying(reader, "bert", 1500)
    lying(reader, "anna", 60_000)
    lying(reader, "bert", 60_000)
    assert results(reader) == [("identified", 0), ("identified", 1)]


def test_a_sensor_that_blinks_under_a_print_was_not_seen_empty() -> None:
    reader = enrolled("anna")
    reader.sensor.finger = "anna"
    reader.user = blinking([True, False, False])
    reader.run(60_000)
    assert results(reader) == [("identified", 0)]


def test_who_rests_when_the_reader_starts_is_not_identified() -> None:
    """The lock's relay may have cost the reader its power: the door would open twice."""
    reader = enrolled("anna", "bert")
    reader.sensor.finger = "anna"
    reader.turn_on()
    reader.run(60_000)
    # Nor is anybody on top of that: it may be a print that was seen badly at first.
    lying(reader, "bert", 1500)
    assert reader.touches == []
    reader.sensor.finger = None
    reader.run(1000)
    touch(reader, "anna")
    assert results(reader)[-1] == ("identified", 0)


def test_who_still_rests_after_an_enrollment_is_not_identified_however_long() -> None:
    reader = enrolled("anna")
    good = scans("bert", "bert", "bert")

    def user(reader: ScannerHarness, name: str) -> None:
        if reader.scanner.running:
            good(reader, name)

    reader.user = user
    reader.enroll("f" * 16)
    assert reader.run_until_ended()["stage"] == "completed"
    reader.run(60_000)
    assert reader.touches == []


def test_while_identification_is_off_nobody_is_told_and_nor_are_they_later() -> None:
    reader = enrolled("anna")
    assert reader.set(identification=False) is None
    lying(reader, "anna", 3000)
    assert reader.set(identification=True) is None
    reader.run(60_000)
    assert reader.touches == []
