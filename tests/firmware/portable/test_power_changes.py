"""Power is cut at every point of a change, and the reader has to know what came of it."""

from tests.firmware.portable.power_cuts import CUTS, cut_everywhere, start_with_cut
from tests.firmware.portable.scanner_harness import ANNA, BERT, ID, ScannerHarness, enrolled, listed

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass

BOTH = {0: "anna", 1: "bert", 7: "carl"}


def settled() -> ScannerHarness:
    """Make a reader with two templates of its own and one that it has no id for."""
    reader = enrolled("anna", "bert")
    reader.sensor.templates[7] = "carl"
    reader.restart()
    reader.told.clear()
    return reader


def swapped() -> ScannerHarness:
    """Make a reader with another sensor than its own."""
    reader = settled()
    reader.sensor.swap({0: "bert", 3: "carl"})
    reader.restart()
    return reader


def test_a_delete_is_done_or_not_done_wherever_it_is_cut() -> None:
    def check(reader: ScannerHarness) -> bool:
        deleted = 0 not in reader.sensor.templates
        left: list[tuple[int, str | None]] = [(1, BERT), (7, None)]
        if not deleted:
            left.insert(0, (0, ANNA))
        assert listed(reader) == left
        for slot in (1, 7):
            assert reader.sensor.templates[slot] == BOTH[slot]
        assert reader.memory.template_id(0) == (None if deleted else ANNA)
        return deleted

    found = cut_everywhere(settled, lambda reader: reader.delete(0, ANNA), check)
    assert len(found) >= 2 * 5
    assert True in found
    assert False in found


def test_a_delete_without_an_id_is_done_or_not_done_wherever_it_is_cut() -> None:
    def check(reader: ScannerHarness) -> bool:
        left: list[tuple[int, str | None]] = [(0, ANNA), (1, BERT)]
        deleted = 7 not in reader.sensor.templates
        if not deleted:
            left.append((7, None))
        assert listed(reader) == left
        return deleted

    found = cut_everywhere(settled, lambda reader: reader.delete(7, None), check)
    assert (True in found, False in found) == (True, True)


def test_once_it_is_noted_a_delete_is_done() -> None:
    """Whatever is cut after the note: the start ends it, also if that is cut itself."""
    for kind in CUTS:
        for step in range(20):
            reader = settled()
            reader.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
            start_with_cut(reader, kind, step)
            assert listed(reader) == [(1, BERT), (7, None)]
            assert 0 not in reader.sensor.templates
            assert reader.memory.operation is None


def test_an_adoption_is_done_or_not_done_wherever_it_is_cut() -> None:
    def check(reader: ScannerHarness) -> bool:
        (seventh,) = [entry for entry in listed(reader) if entry[0] == 7]
        assert seventh in ((7, None), (7, ID))
        assert listed(reader)[:2] == [(0, ANNA), (1, BERT)]
        assert reader.sensor.templates == BOTH
        return seventh == (7, ID)

    found = cut_everywhere(settled, lambda reader: reader.adopt(7, ID), check)
    # Cut before and after each of: the index table, the mark, the one write.
    assert (found.count(False), found.count(True)) == (5, 3)


def test_another_sensor_is_accepted_or_not_wherever_it_is_cut() -> None:
    def check(reader: ScannerHarness) -> bool:
        assert reader.sensor.templates == {0: "bert", 3: "carl"}
        assert listed(reader) == [(0, None), (3, None)]
        changed = bool(reader.scanner.templates["sensor_changed"])
        # The ids of the one before are worth something as long as it may come back.
        assert (reader.memory.template_id(0) == ANNA) is changed
        assert (reader.sensor.notepad[:16] == reader.memory.mark) is not changed
        if changed:
            assert reader.accept_sensor() is None
        return changed

    found = cut_everywhere(swapped, lambda reader: reader.accept_sensor(), check)
    assert len(found) >= 2 * 8
    assert (True in found, False in found) == (True, True)


def test_settings_are_told_as_they_are_wherever_they_are_cut() -> None:
    def check(reader: ScannerHarness) -> "tuple[bool, int]":
        settings = reader.scanner.changes.settings
        assert settings["security_level"] == reader.sensor.level
        assert settings["identification"] == reader.memory.identification
        return settings["identification"], settings["security_level"]

    found = cut_everywhere(
        settled, lambda reader: reader.set(identification=False, security_level=5), check
    )
    assert set(found) == {(True, 3), (True, 5), (False, 5)}
