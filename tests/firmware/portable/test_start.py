"""The repair at start."""

from tests.firmware.portable.scanner_harness import scans
from tests.firmware.portable.test_scanner import enrolled


def test_a_slot_that_store_never_reached_is_not_emptied_at_start() -> None:
    """The sensor was elsewhere without the reader, and came back with a template more."""
    reader = enrolled("anna")
    reader.user = scans()
    assert reader.enroll("b" * 16) == (1, None)
    reader.run(1000)
    reader.sensor.templates[1] = "carl"
    reader.turn_on()
    reader.run(1000)
    assert reader.scanner.snapshot["reason"] == "reader_restarted"
    assert reader.sensor.templates == {0: "anna", 1: "carl"}
    assert reader.memory.operation is None
