"""The repair at start."""

from tests.firmware.portable.test_scanner import enrolled
from tests.firmware.portable.world import scans


def test_a_slot_that_store_never_reached_is_not_emptied_at_start() -> None:
    """The sensor was elsewhere without the reader, and came back with a template more."""
    world = enrolled("anna")
    world.user = scans()
    assert world.enroll("b" * 16) == (1, None)
    world.run(1000)
    world.sensor.templates[1] = "carl"
    world.turn_on()
    world.run(1000)
    assert world.scanner.snapshot["reason"] == "reader_restarted"
    assert world.sensor.templates == {0: "anna", 1: "carl"}
    assert world.memory.operation is None
