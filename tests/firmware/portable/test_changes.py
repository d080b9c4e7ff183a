"""Deletes, adoptions, another sensor and settings, in a reader on fake hardware."""

from fpreader.scanner import PAGE
from fpreader.sensor import SensorError
from tests.firmware.portable.scanner_harness import (
    CAPACITY,
    COMMAND_MS,
    SILENCE_MS,
    ScannerHarness,
    scans,
)
from tests.firmware.portable.test_scanner import ID, OTHER, at, enrolled, started, touch

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

ANNA, BERT = "0" * 16, "1" * 16


def revision(reader: ScannerHarness) -> "Any":
    return reader.scanner.templates["revision"]


def listed(reader: ScannerHarness) -> "list[tuple[int, str | None]]":
    """List all templates as HA does, page by page."""
    found: list[tuple[int, str | None]] = []
    first: int | None = 0
    while first is not None:
        page = reader.scanner.page(first)
        assert page is not None
        assert page["revision"] == revision(reader)
        found += page["templates"]
        first = page["next"]
    return found


# --- list ----------------------------------------------------------------------------


def test_every_occupied_slot_is_listed_with_its_id_or_none() -> None:
    reader = enrolled("anna", "bert")
    reader.sensor.templates[256] = reader.sensor.templates[9] = "carl"
    reader.turn_on()
    reader.run(1000)
    assert listed(reader) == [(0, ANNA), (1, BERT), (9, None), (256, None)]


def test_pages_join_without_gap_or_repeat() -> None:
    for first in (0, 7, 8, 9):
        for count in (0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 5):
            reader = ScannerHarness()
            slots = range(first, first + count)
            reader.sensor.templates = dict.fromkeys(slots, "somebody")
            reader.run(1000)
            assert [slot for slot, _ in listed(reader)] == list(slots)
            page = reader.scanner.page(0)
            assert page is not None
            assert len(page["templates"]) == min(count, PAGE)
            assert (page["next"] is None) == (count <= PAGE)


def test_a_page_beyond_all_templates_is_empty() -> None:
    reader = enrolled("anna")
    for first in (1, CAPACITY - 1, CAPACITY, 65535):
        assert reader.scanner.page(first) == {
            "revision": revision(reader),
            "templates": [],
            "next": None,
        }


def test_nothing_is_listed_before_the_sensor_has_told_and_the_last_is_when_it_falls_silent() -> (
    None
):
    reader = enrolled("anna")
    reader.turn_on()
    assert reader.scanner.page(0) is None
    reader.run(1000)
    reader.sensor.gone = True
    reader.run(60_000)
    assert listed(reader) == [(0, ANNA)]


def test_another_sensor_is_listed_without_ids() -> None:
    reader = enrolled("anna")
    reader.sensor.swap({0: "bert", 3: "carl"})
    reader.turn_on()
    reader.run(1000)
    assert listed(reader) == [(0, None), (3, None)]


# --- delete --------------------------------------------------------------------------


def test_a_delete_empties_the_slot_and_tells_the_new_revision() -> None:
    reader = enrolled("anna", "bert")
    before = revision(reader)
    assert reader.delete(0, ANNA) is None
    assert reader.sensor.templates == {1: "bert"}
    assert listed(reader) == [(1, BERT)]
    assert reader.memory.template_id(0) is None
    assert reader.memory.operation is None
    (told,) = reader.told
    assert (told["count"], told["revision"] != before) == (1, True)
    touch(reader, "anna")
    assert reader.touches[-1][0] == "not_identified"
    reader.user = scans("carl", "carl", "carl")
    assert reader.enroll(ID) == (0, None)
    assert reader.run_until_ended()["stage"] == "completed"


def test_the_slot_is_noted_before_it_is_emptied() -> None:
    reader = enrolled("anna")
    noted: list[Any] = []

    def user(reader: ScannerHarness, name: str) -> None:
        if name == "delet_char":
            noted.append(reader.memory.operation)

    reader.user = user
    assert reader.delete(0, ANNA) is None
    assert noted == [{"op": "delete", "slot": 0, "template_id": ANNA}]


def test_a_template_without_an_id_is_deleted_by_saying_so() -> None:
    reader = ScannerHarness()
    reader.sensor.templates = {7: "anna"}
    reader.run(1000)
    assert reader.delete(7, ANNA) == "not_found"
    assert reader.delete(7, None) is None
    assert reader.sensor.templates == {}


def test_only_the_very_template_that_is_named_is_deleted() -> None:
    reader = enrolled("anna", "bert")
    for slot, template_id in ((0, BERT), (1, ANNA), (0, None), (2, ANNA), (2, None)):
        assert reader.delete(slot, template_id) == "not_found"
    assert reader.delete(CAPACITY, ANNA) == "bad_request"
    assert reader.sensor.templates == {0: "anna", 1: "bert"}
    assert reader.told == []


def test_nothing_is_deleted_of_another_sensor() -> None:
    reader = enrolled("anna")
    reader.sensor.swap({0: "bert"})
    assert reader.delete(0, ANNA) == "sensor_error"  # nobody has noticed yet
    reader.run(1000)
    assert reader.delete(0, ANNA) == "sensor_changed"
    assert reader.sensor.templates == {0: "bert"}
    assert (reader.memory.operation, reader.memory.template_id(0)) == (None, ANNA)


def test_nothing_is_deleted_while_an_enrollment_runs_nor_the_other_way_round() -> None:
    reader = enrolled("anna")
    assert reader.enroll(ID) == (1, None)
    assert reader.delete(0, ANNA) == "busy"
    reader.scanner.cancel()
    reader.run_until_ended()
    answers: list[str | None] = []
    assert reader.scanner.changes.delete(0, ANNA, None, answers.append) is None
    assert reader.enroll(ID) == (None, "busy")
    assert reader.delete(0, ANNA) == "busy"
    assert reader.accept_sensor() == "busy"
    assert reader.adopt(0, ID) == "busy"
    assert reader.set(security_level=4) == "busy"
    assert (reader.scanner.busy, reader.scanner.running) == (True, False)
    reader.run(1000)
    assert (answers, reader.scanner.busy) == ([None], False)


def test_a_template_that_the_sensor_has_kept_stays_known_and_the_reader_works_on() -> None:
    reader = enrolled("anna")
    reader.sensor.says = [("delet_char", None)]
    assert reader.delete(0, ANNA) == "sensor_error"
    reader.run(1000)
    assert reader.memory.operation is None
    touch(reader, "anna")
    assert reader.touches[-1][3] == ANNA
    assert reader.told == []


def test_a_delete_of_a_silent_sensor_fails_at_once_and_is_ended_when_it_is_back() -> None:
    for restart in (False, True):
        for command in ("delet_char", "read_index_table"):
            reader = enrolled("anna", "bert")

            def unplug(reader: ScannerHarness, name: str, command: str = command) -> None:
                reader.sensor.gone = reader.sensor.gone or name == command

            reader.user = unplug
            begin = reader.now
            assert reader.delete(0, ANNA) == "sensor_error"
            assert reader.answered_at - begin <= SILENCE_MS + 10 * COMMAND_MS
            reader.user = lambda *_: None
            reader.run(20_000)
            assert reader.enroll(ID) == (None, "sensor_error")
            if restart:
                reader.turn_on()
            reader.sensor.gone = False
            reader.run(10_000)
            assert listed(reader) == [(1, BERT)]
            assert reader.sensor.templates == {1: "bert"}
            assert reader.memory.operation is None
            assert reader.told[-1]["count"] == 1


def test_a_delete_that_was_interrupted_ends_before_anybody_is_identified() -> None:
    reader = enrolled("anna")
    reader.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    reader.turn_on()
    touch(reader, "anna")
    assert [entry[0] for entry in reader.touches] == ["not_identified"]
    assert reader.scanner.snapshot["stage"] == "completed"  # of another enrollment: not its matter


def test_a_delete_that_was_interrupted_waits_for_its_own_sensor() -> None:
    reader = enrolled("anna")
    ours = dict(reader.sensor.templates), reader.sensor.notepad
    reader.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    reader.sensor.swap({0: "bert"})
    reader.turn_on()
    reader.run(10_000)
    assert reader.sensor.templates == {0: "bert"}
    reader.sensor.swap(*ours)
    reader.turn_on()
    reader.run(10_000)
    assert reader.sensor.templates == {}
    assert reader.memory.operation is None


def test_a_flash_that_refuses_the_note_refuses_the_delete() -> None:
    reader = enrolled("anna")
    reader.flash.broken = True
    assert reader.delete(0, ANNA) == "sensor_error"
    assert reader.sensor.templates == {0: "anna"}


def test_a_flash_that_refuses_the_end_of_a_delete_gets_it_later() -> None:
    reader = enrolled("anna")

    def user(reader: ScannerHarness, name: str) -> None:
        reader.flash.broken = reader.flash.broken or name == "read_index_table"

    reader.user = user
    assert reader.delete(0, ANNA) == "sensor_error"
    reader.user = lambda *_: None
    reader.run(6000)
    assert reader.scanner.templates["sensor_error"] == "not_responding"
    reader.flash.broken = False
    reader.run(6000)
    assert (listed(reader), reader.memory.operation) == ([], None)


def test_a_change_that_nobody_can_do_any_more_fails_at_once() -> None:
    reader = enrolled("anna")
    answers: list[tuple[str | None, int]] = []

    def done(error: "str | None") -> None:
        answers.append((error, reader.now - begin))

    def user(reader: ScannerHarness, name: str) -> None:
        if name == "gen_img" and not reader.sensor.gone:
            reader.sensor.gone = True
            assert reader.scanner.changes.delete(0, ANNA, None, done) is None

    reader.user = user
    begin = reader.now
    reader.run(1)
    assert answers == [("sensor_error", SILENCE_MS)]
    assert reader.memory.operation is None


# --- adopt ---------------------------------------------------------------------------


def test_a_template_that_is_adopted_is_known_by_its_id() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.turn_on()
    reader.run(1000)
    before, writes = revision(reader), reader.flash.writes
    assert reader.adopt(7, ID) is None
    assert reader.flash.writes == writes + 1
    assert revision(reader) != before
    assert reader.told[-1]["revision"] == revision(reader)
    assert listed(reader) == [(0, ANNA), (7, ID)]
    touch(reader, "bert")
    assert reader.touches[-1][2:4] == (7, ID)
    reader.turn_on()
    reader.run(1000)
    assert listed(reader) == [(0, ANNA), (7, ID)]


def test_only_a_template_without_an_id_gets_one_and_only_one_that_is_new() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.turn_on()
    reader.run(1000)
    assert reader.adopt(0, ID) == "not_found"
    assert reader.adopt(7, ANNA) == "not_found"
    assert reader.adopt(8, ID) == "not_found"
    assert reader.adopt(CAPACITY, ID) == "bad_request"
    reader.flash.broken = True
    assert reader.adopt(7, ID) == "sensor_error"
    assert listed(reader) == [(0, ANNA), (7, None)]
    assert reader.told[1:] == []
    reader.sensor.gone = True
    reader.run(60_000)
    assert reader.adopt(7, ID) == "sensor_error"


def test_only_what_the_revision_lists_gets_an_id_or_is_deleted_without_one() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.turn_on()
    reader.run(1000)
    outdated = revision(reader)
    reader.sensor.templates[8] = "carl"
    reader.turn_on()
    reader.run(1000)
    for wrong in (outdated, "0" * 16):
        assert reader.adopt(7, ID, wrong) == "not_found"
        assert reader.delete(7, None, wrong) == "not_found"
    assert listed(reader) == [(0, ANNA), (7, None), (8, None)]
    # An id says by itself which template is meant.
    assert reader.delete(0, ANNA, outdated) is None
    assert reader.adopt(7, ID) is None
    assert reader.delete(8, None) is None
    assert listed(reader) == [(7, ID)]


def test_what_the_sensor_does_not_hold_any_more_gets_no_id() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.turn_on()
    reader.run(1000)
    del reader.sensor.templates[7]
    assert reader.adopt(7, ID) == "sensor_error"  # nobody has noticed yet
    reader.run(1000)
    assert reader.adopt(7, ID) == "not_found"
    assert listed(reader) == [(0, ANNA)]


def test_a_sensor_that_was_swapped_unseen_gets_no_id() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.turn_on()
    reader.run(1000)
    reader.sensor.swap({7: "carl"})
    assert reader.adopt(7, ID) == "sensor_error"  # nobody has noticed yet
    reader.run(1000)
    assert reader.adopt(7, ID) == "sensor_changed"
    assert reader.memory.template_id(7) is None


def test_what_may_still_change_something_is_pending() -> None:
    reader = enrolled("anna")
    changes = reader.scanner.changes
    assert changes.pending is False
    answers: list[str | None] = []
    assert changes.delete(0, ANNA, None, answers.append) is None
    assert changes.pending is True
    reader.sensor.says = [("read_index_table", SensorError())]
    reader.run(400)
    assert answers == ["sensor_error"]
    # It is noted, and what it comes to is known only when the sensor was started again.
    reader.run(1000)
    assert changes.pending is False
    assert listed(reader) == []


def test_nothing_is_adopted_in_another_sensor() -> None:
    reader = enrolled("anna")
    reader.sensor.swap({7: "bert"})
    reader.turn_on()
    reader.run(1000)
    assert reader.adopt(7, ID) == "sensor_changed"


# --- accept_sensor -------------------------------------------------------------------


def test_another_sensor_that_is_accepted_is_ours_and_the_one_before_is_not() -> None:
    reader = enrolled("anna")
    old = dict(reader.sensor.templates), reader.sensor.notepad
    reader.sensor.swap({0: "bert", 3: "carl"})
    reader.turn_on()
    reader.run(1000)
    assert reader.accept_sensor() is None
    assert (reader.told[-1]["sensor_changed"], reader.told[-1]["count"]) == (False, 2)
    assert listed(reader) == [(0, None), (3, None)]
    assert reader.memory.template_id(0) is None
    touch(reader, "bert")
    assert reader.touches[-1][:1] + reader.touches[-1][2:4] == ("identified", 0, None)
    assert reader.adopt(0, ID) is None
    reader.turn_on()
    reader.run(1000)
    assert listed(reader) == [(0, ID), (3, None)]
    reader.sensor.swap(*old)
    reader.turn_on()
    reader.run(1000)
    assert reader.scanner.templates["sensor_changed"] is True
    assert listed(reader) == [(0, None)]


def test_an_operation_on_the_sensor_before_is_forgotten_with_it() -> None:
    reader = enrolled("anna")
    reader.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    reader.sensor.swap({0: "bert"})
    reader.turn_on()
    reader.run(1000)
    assert reader.accept_sensor() is None
    reader.turn_on()
    reader.run(1000)
    assert reader.sensor.templates == {0: "bert"}


def test_only_a_sensor_that_has_changed_is_accepted() -> None:
    reader = enrolled("anna")
    mark = reader.sensor.notepad
    reader.sensor.asked.clear()
    assert reader.accept_sensor() == "bad_request"
    assert reader.sensor.asked == []
    assert (reader.sensor.notepad, reader.memory.template_id(0)) == (mark, ANNA)


def test_our_own_sensor_that_came_back_unnoticed_keeps_its_ids() -> None:
    reader = enrolled("anna")
    ours = dict(reader.sensor.templates), reader.sensor.notepad
    reader.sensor.swap({0: "bert"})
    reader.turn_on()
    reader.run(1000)
    reader.sensor.swap(*ours)
    assert reader.accept_sensor() == "bad_request"
    reader.run(1000)
    assert reader.scanner.templates["sensor_changed"] is False
    assert listed(reader) == [(0, ANNA)]
    assert reader.sensor.notepad == ours[1]


def test_a_third_sensor_that_comes_meanwhile_is_not_the_one_that_was_accepted() -> None:
    for command in ("read_sys_para", "read_index"):
        reader = enrolled("anna")
        reader.sensor.swap({0: "bert"})
        reader.turn_on()
        reader.run(1000)

        def user(reader: ScannerHarness, name: str, command: str = command) -> None:
            if name == command and reader.sensor.templates == {0: "bert"}:
                reader.sensor.swap({5: "mallory"})

        reader.user = user
        assert reader.accept_sensor() == "sensor_error"
        reader.run(1000)
        assert reader.scanner.templates["sensor_changed"] is True
        assert reader.memory.template_id(0) == ANNA


# --- settings ------------------------------------------------------------------------


def test_a_reader_that_does_not_identify_still_tells_of_everything_else_and_enrolls() -> None:
    reader = enrolled("anna")
    assert reader.set(identification=False) is None
    assert reader.scanner.changes.settings == {"identification": False, "security_level": 3}
    touch(reader, "anna")
    assert reader.touches == []
    touch(reader, "bert")
    reader.sensor.says = [("img2tz", "too_messy")]
    touch(reader, "anna")
    assert [entry[0] for entry in reader.touches] == ["not_identified", "unreadable"]
    reader.user = scans("anna")
    reader.enroll(ID)
    assert reader.run_until_ended()["duplicate_of"] == ANNA
    reader.user = scans("bert", "bert", "bert")
    reader.enroll(OTHER)
    assert reader.run_until_ended()["stage"] == "completed"
    reader.user = lambda *_: None
    reader.turn_on()
    reader.run(1000)
    touch(reader, "anna")
    assert len(reader.touches) == 2
    assert reader.set(identification=True) is None
    touch(reader, "anna")
    assert reader.touches[-1][3] == ANNA


def test_a_lock_out_waits_for_nothing() -> None:
    """Neither for an enrollment nor for a sensor that is gone or another one."""
    reader = started()
    reader.enroll(ID)
    assert reader.set(identification=False) is None
    reader.scanner.cancel()
    reader.run_until_ended()
    reader.run(1000)
    assert not reader.memory.identification
    reader.sensor.gone = True
    reader.run(60_000)
    assert reader.set(identification=True) is None
    assert reader.memory.identification


def test_a_lock_out_is_not_undone_by_what_was_asked_for_before_it() -> None:
    reader = started()
    changes = reader.scanner.changes
    answers: list[str | None] = []
    assert changes.set(True, 5, None, answers.append) is None
    assert changes.set(False, None, None, answers.append) is None
    assert answers == [None]
    reader.run(1000)
    assert answers == [None, None]
    assert changes.settings == {"identification": False, "security_level": 5}


def test_a_setting_that_is_as_wanted_wears_no_flash() -> None:
    reader = started()
    writes = reader.flash.writes
    assert reader.set(identification=True) is None
    assert reader.set(security_level=3) is None
    assert reader.flash.writes == writes


def test_a_flash_that_refuses_a_setting_leaves_it() -> None:
    reader = started()
    reader.flash.broken = True
    assert reader.set(identification=False) == "sensor_error"
    assert reader.scanner.changes.settings["identification"] is True


def test_the_security_level_is_the_sensors_own() -> None:
    reader = started()
    assert reader.set(security_level=5) is None
    assert reader.sensor.level == 5
    assert reader.scanner.changes.settings["security_level"] == 5
    reader.sensor.level = 1
    reader.turn_on()
    assert reader.scanner.changes.settings["security_level"] is None
    reader.run(1000)
    assert reader.scanner.changes.settings["security_level"] == 1


def test_a_security_level_that_the_sensor_does_not_take_is_not_told() -> None:
    reader = started()
    for answer in (SensorError(), None):  # no answer, or an answer and nothing done
        reader.sensor.says = [("set_security_level", answer)]
        assert reader.set(identification=False, security_level=5) == "sensor_error"
        reader.run(1000)
        assert reader.scanner.changes.settings == {"identification": True, "security_level": 3}


def test_the_security_level_needs_a_sensor_that_is_ours_and_free() -> None:
    reader = enrolled("anna")
    reader.enroll(ID)
    assert reader.set(identification=False, security_level=5) == "busy"
    reader.user = at(1, "img2tz", lambda reader: reader.scanner.cancel())
    reader.run_until_ended()
    reader.user = lambda *_: None
    reader.sensor.swap({})
    reader.turn_on()
    assert reader.set(security_level=5) == "sensor_error"
    reader.run(1000)
    assert reader.set(security_level=5) == "sensor_changed"
    assert (reader.sensor.level, reader.memory.identification) == (3, True)


def test_commands_without_a_valid_answer_are_counted() -> None:
    reader = started()
    reader.sensor.errors = 7
    assert reader.scanner.sensor_errors == 7
