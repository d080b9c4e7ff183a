"""Power is cut at every point of an enrollment, and the reader has to end well."""

from tests.firmware.portable.fake_hardware import PowerCutError
from tests.firmware.portable.power_cuts import CUTS, start_with_cut
from tests.firmware.portable.scanner_harness import ScannerHarness, nobody, scans

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

OLD = {0: "zoe", 2: "carl"}
OLD_IDS = {0: "0" * 16}  # slot 2 holds a template that this reader has no id for
ID = "a" * 16
FINALS = ("completed", "failed", "cancelled")


def settled() -> ScannerHarness:
    """Make a reader that has lived before: one template of its own, one of unknown origin."""
    reader = ScannerHarness()
    reader.run(1000)
    reader.user = scans("zoe", "zoe", "zoe")
    reader.enroll(OLD_IDS[0])
    reader.run_until_ended()
    reader.sensor.templates[2] = OLD[2]
    reader.restart()
    reader.sensor.finger = None
    reader.run(1000)
    reader.shown.clear()
    reader.steps.done = 0
    return reader


def story(reader: ScannerHarness, ending: str) -> None:
    """Run an enrollment that ends this way, unless the power is cut before."""
    fingers = {"mismatch": ["anna", "anna", "bert", "bert", "bert"], "duplicate": ["zoe"]}
    reader.user = scans(*fingers.get(ending, ["anna", "anna", "anna"]))
    if ending == "cancelled":
        good = reader.user

        def user(reader: ScannerHarness, name: str) -> None:
            good(reader, name)
            if reader.scanner.snapshot["stage"] == "place_finger" and 1 in reader.sensor.templates:
                reader.scanner.cancel()

        reader.user = user
    reader.enroll(ID)
    reader.run_until_ended()


def check(reader: ScannerHarness, where: "tuple[str, Any]") -> None:
    """Check what has to be true after the reader has started again, wherever it was interrupted."""
    memory, sensor = reader.memory, reader.sensor
    final = reader.scanner.snapshot
    assert memory.operation is None, where
    for slot, finger in OLD.items():
        assert sensor.templates[slot] == finger, where
        assert memory.template_id(slot) == OLD_IDS.get(slot), where
    new = {slot: finger for slot, finger in sensor.templates.items() if slot not in OLD}
    if final["template_id"] != ID:
        assert not reader.shown, where
        assert not new, where
        return
    assert final["stage"] in FINALS, where
    assert final["timeout_ms"] is None, where
    completed = final["stage"] == "completed"
    assert new == ({1: "anna"} if completed else {}), where
    assert memory.template_id(1) == (ID if completed else None), where
    for shown in reader.shown:
        assert len(final["captured"]) >= len(shown["captured"]), where
        assert final["seq"] > shown["seq"] or final == shown, where
        assert shown["stage"] not in FINALS or shown == final, where
    assert reader.scanner.templates["count"] == len(sensor.templates), where


def interrupted(ending: str, **cut: int) -> bool:
    """Tell the story with this cut, start again, check; False when the story ended before."""
    reader = settled()
    reader.steps.cut_before = cut.get("before")
    reader.steps.cut_after = cut.get("after")
    try:
        story(reader, ending)
    except PowerCutError:
        whole = False
    else:
        whole = True
    shown = list(reader.shown)
    reader.steps.cut_before = reader.steps.cut_after = None
    reader.user = nobody
    reader.sensor.finger = None
    reader.turn_on()
    reader.run(10_000)
    reader.shown = shown
    check(reader, (ending, cut))
    return not whole


def test_a_cut_at_any_point_ends_well() -> None:
    for ending in ("completed", "cancelled", "mismatch", "duplicate"):
        for kind in ("before", "after"):
            step = 0
            while interrupted(ending, **{kind: step}):
                step += 1
            assert step >= (5 if ending == "duplicate" else 15), (ending, kind, step)


def test_a_cut_while_starting_after_a_cut_ends_well() -> None:
    """The start that cleans up is interrupted itself, at each of its points."""
    for kind in CUTS:
        for second in range(30):
            reader = settled()
            reader.user = scans("anna", "anna", "anna")
            reader.enroll(ID)
            while 1 not in reader.sensor.templates:
                reader.run(1)
            reader.user = nobody
            start_with_cut(reader, kind, second)
            assert reader.sensor.templates == OLD
            assert reader.memory.operation is None
            assert reader.scanner.snapshot["reason"] == "reader_restarted"


def test_a_cut_while_the_sensor_is_met_first_leaves_it_ours() -> None:
    for step in range(12):
        reader = ScannerHarness()
        start_with_cut(reader, "cut_after", step)
        assert reader.scanner.templates["sensor_changed"] is False
        assert reader.sensor.notepad[:16] == reader.memory.mark


def test_an_enrollment_that_firmware_0_1_began_is_ended_by_this_one() -> None:
    for has_op in (True, False):
        reader = settled()
        reader.user = scans("anna", "anna", "anna")
        reader.enroll(ID)
        while 1 not in reader.sensor.templates:
            reader.run(1)
        reader.user = nobody
        operation = reader.memory.operation
        assert operation is not None
        assert operation["op"] == "enroll"
        if not has_op:
            del operation["op"]
            reader.memory.keep_operation(operation)
        reader.turn_on()
        snapshot = reader.scanner.snapshot
        assert snapshot["reason"] == "reader_restarted"
        assert "op" not in snapshot
        reader.run(2000)
        assert reader.sensor.templates == OLD
        assert reader.memory.operation is None
