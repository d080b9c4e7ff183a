"""Another sensor, and templates that come and go behind the reader's back."""

from fpreader.scanner import ASK_MARK_EVERY_MS
from fpreader.sensor_commands import READ_NOTEPAD
from fpreader.sensor_connection import CodeError
from tests.firmware.portable.fake_hardware import PowerCutError
from tests.firmware.portable.scanner_harness import (
    ID,
    ScannerHarness,
    at,
    cut_power,
    enrolled,
    nobody,
    scans,
    started,
    touch,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


def test_another_sensor_voids_all_ids_until_ours_is_back() -> None:
    reader = enrolled("anna")
    revision = reader.scanner.templates["revision"]
    notepad = reader.sensor.notepad
    reader.sensor.swap({1: "anna", 3: "bert"})
    reader.restart()
    told = reader.told[-1]
    assert (told["sensor_changed"], told["count"]) == (True, 2)
    assert told["revision"] != revision
    assert reader.enroll(ID) == (None, "sensor_changed")
    touch(reader, "anna")
    assert reader.touches[-1].result == "not_identified"
    assert reader.sensor.templates == {1: "anna", 3: "bert"}
    assert reader.memory.template_id(0) == "0" * 16

    reader.sensor.swap({0: "anna"}, notepad)
    touch(reader, "anna")
    touch(reader, "anna")
    last = reader.touches[-1]
    assert (last.result, last.slot, last.template_id) == ("identified", 0, "0" * 16)
    assert reader.told[-1]["revision"] == revision


def test_a_sensor_that_is_back_is_ours_again_although_nobody_touches_it() -> None:
    reader = enrolled("anna")
    notepad = reader.sensor.notepad
    reader.sensor.swap({0: "mallory"})
    reader.restart()
    assert reader.told[-1]["sensor_changed"] is True
    reader.sensor.swap({0: "anna"}, notepad)
    # An answer that it cannot mean is none, and no problem.
    reader.sensor.says = [("read_notepad", CodeError(READ_NOTEPAD, 0x29))]
    reader.told.clear()
    reader.run(ASK_MARK_EVERY_MS)
    assert not reader.told
    reader.run(ASK_MARK_EVERY_MS + 1000)
    assert reader.told[-1]["sensor_changed"] is False
    assert reader.enroll(ID) == (1, None)


def test_a_sensor_that_could_not_read_its_notepad_at_start_is_ours_once_it_can() -> None:
    reader = enrolled("anna")
    # Twice the probe asks for it, twice the mark is asked for, then it works again.
    reader.sensor.says = [("read_notepad", CodeError(READ_NOTEPAD, 0x29))] * 4
    reader.restart()
    assert reader.told[-1]["sensor_changed"] is True
    assert (reader.scanner.sensor_info or {})["mark"] is False
    reader.run(ASK_MARK_EVERY_MS)
    assert reader.told[-1]["sensor_changed"] is False
    assert (reader.scanner.sensor_info or {})["mark"] is True
    assert READ_NOTEPAD not in (reader.scanner.sensor_info or {})["missing"]
    touch(reader, "anna")
    assert reader.touches[-1].result == "identified"


def test_another_sensor_without_a_notepad_stays_another_one_and_counts_no_errors() -> None:
    reader = enrolled("anna")
    reader.sensor.swap({0: "mallory"})
    reader.sensor.says = [("read_notepad", CodeError(READ_NOTEPAD, 0x01))] * 100
    reader.restart()
    errors = reader.sensor.connection.errors
    reader.run(10 * ASK_MARK_EVERY_MS)
    assert len(reader.sensor.says) < 100 - 10
    assert reader.told[-1]["sensor_changed"] is True
    assert reader.sensor.connection.errors == errors
    touch(reader, "mallory")
    assert reader.touches[-1].result == "not_identified"


def test_a_sensor_swapped_between_two_polls_identifies_nobody() -> None:
    reader = enrolled("anna")
    revision = reader.scanner.templates["revision"]
    reader.sensor.swap({0: "mallory"})
    touch(reader, "mallory")
    assert [entry.result for entry in reader.touches] == ["not_identified"]
    assert reader.told[-1]["sensor_changed"] is True
    assert reader.told[-1]["revision"] != revision


def test_a_finger_that_another_sensor_knows_is_nobodys_duplicate() -> None:
    reader = enrolled("bert")
    reader.user = at(1, "search", lambda reader: reader.sensor.swap({0: "anna"}))
    reader.enroll(ID)
    final = reader.run_until_ended()
    assert final["reason"] != "duplicate"
    assert "duplicate_of" not in final


def test_a_sensor_swapped_in_an_enrollment_is_left_alone() -> None:
    others = {5: "bert", 6: "carl"}
    for command, count in (("img2tz", 1), ("reg_model", 1), ("store", 1), ("img2tz", 3)):
        reader = started()
        ours = reader.sensor.notepad
        reader.user = at(count, command, lambda reader: reader.sensor.swap(dict(others)))
        reader.enroll(ID)
        final = reader.run_until_ended()
        reader.user = nobody
        assert final["stage"] == "failed", (command, count)
        reader.sensor.finger = None
        reader.run(10_000)
        touch(reader, "carl")
        if command != "store":  # there it happens inside the command, where nobody could notice
            assert reader.sensor.templates == others, (command, count)
        assert [entry.result for entry in reader.touches] == ["not_identified"], (command, count)
        assert reader.told[-1]["sensor_changed"] is True, (command, count)
        # Ours comes back with what was stored, and is emptied then.
        reader.sensor.swap({0: "anna"} if reader.memory.operation else {}, ours)
        reader.restart()
        assert reader.sensor.templates == {}
        assert reader.told[-1]["sensor_changed"] is False


def test_a_reader_without_a_mark_marks_its_sensor_anew() -> None:
    reader = enrolled("anna")
    mark = reader.sensor.notepad
    reader.flash.records.clear()
    reader.restart()
    assert reader.sensor.notepad != mark
    assert reader.scanner.templates["sensor_changed"] is False
    assert reader.sensor.templates == {0: "anna"}
    touch(reader, "anna")
    last = reader.touches[-1]
    assert (last.slot, last.template_id) == (0, None)


def test_what_somebody_stored_in_the_slot_of_an_enrollment_that_is_cut_short_stays() -> None:
    """Nothing was stored there by us before the power went, whatever was scanned."""
    for cut_at in (("gen_img", 2), ("img2tz", 2), ("reg_model", 1), ("read_index_table", 1)):
        reader = started()
        reader.sensor.asked.clear()
        reader.user = at(cut_at[1], cut_at[0], cut_power)
        reader.enroll(ID, scan_timeout_s=5)
        reader.sensor.templates[0] = "bert"
        try:
            reader.run_until_ended()
        except PowerCutError:
            pass
        reader.user = nobody
        reader.turn_on()
        reader.run(3000)
        assert reader.sensor.templates == {0: "bert"}, cut_at
        assert reader.memory.operation is None
        assert reader.scanner.snapshot["reason"] == "reader_restarted"
        assert "stored" not in reader.scanner.snapshot


def test_the_slot_of_an_enrollment_that_firmware_0_1_has_left_is_emptied_by_its_scans() -> None:
    for captured, left in ((0, {0: "anna"}), (1, {}), (2, {})):
        reader = started()
        operation = {
            "template_id": ID,
            "seq": 5,
            "slot": 0,
            "total": 3,
            "captured": [{"attempts": 1}] * captured,
            "rejected": {"count": 0, "last": None},
        }
        reader.memory.keep_operation(operation)
        reader.sensor.templates[0] = "anna"
        reader.restart()
        assert reader.sensor.templates == left


def test_a_template_deleted_behind_our_back_loses_its_id_at_the_next_start() -> None:
    reader = enrolled("anna", "bert")
    del reader.sensor.templates[0]
    reader.restart()
    assert reader.memory.template_id(0) is None
    assert reader.memory.template_id(1) == "1" * 16
    assert reader.told[-1]["count"] == 1


def test_a_sensor_swapped_while_its_index_is_read_costs_no_id() -> None:
    for command in ("read_index_table", "read_sys_para"):
        assert _id_after_a_swap_at(command) == "0" * 16, command


def _id_after_a_swap_at(command: str) -> "str | None":
    """Swap the sensor at a command of the start, put ours back, and tell whose slot 0 is."""
    reader = enrolled("anna")
    ours = dict(reader.sensor.templates), reader.sensor.notepad
    swapped: list[bool] = []

    def user(reader: ScannerHarness, name: str) -> None:
        if name == command and not swapped:
            swapped.append(True)
            reader.sensor.swap({})

    reader.turn_on()
    reader.user = user
    reader.run(1000)
    reader.user = nobody
    reader.sensor.swap(*ours)
    reader.restart()
    return reader.memory.template_id(0)


def test_a_slot_that_store_never_reached_is_not_emptied_at_start() -> None:
    """The sensor was elsewhere without the reader, and came back with a template more."""
    reader = enrolled("anna")
    reader.user = scans()
    assert reader.enroll("b" * 16) == (1, None)
    reader.run(1000)
    reader.sensor.templates[1] = "carl"
    reader.restart()
    assert reader.scanner.snapshot["reason"] == "reader_restarted"
    assert reader.sensor.templates == {0: "anna", 1: "carl"}
    assert reader.memory.operation is None
