"""What a blocked program makes of a touch."""

from tests.firmware.portable.scanner_harness import ScannerHarness
from tests.firmware.portable.test_scanner import enrolled, touch


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
    assert reader.touches[0][0] == "identified"
    # By the protocol's bound on its age, HA opens the door 30 s late.
    assert reader.touches[0][1] <= asked[0]
