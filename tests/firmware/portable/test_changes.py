"""Templates are listed and deleted, on fake hardware."""

from fpreader.scanner import PAGE
from tests.firmware.portable.fake_hardware import CAPACITY, COMMAND_MS, SILENCE_MS
from tests.firmware.portable.scanner_harness import (
    ANNA,
    BERT,
    ID,
    ScannerHarness,
    enrolled,
    listed,
    nobody,
    revision,
    scans,
    touch,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any


def test_every_occupied_slot_is_listed_with_its_id_or_none() -> None:
    reader = enrolled("anna", "bert")
    reader.sensor.templates[256] = reader.sensor.templates[9] = "carl"
    reader.restart()
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
    reader.restart()
    assert listed(reader) == [(0, None), (3, None)]


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
    assert reader.touches[-1].result == "not_identified"
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
    assert reader.touches[-1].template_id == ANNA
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
            reader.user = nobody
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
    assert [entry.result for entry in reader.touches] == ["not_identified"]
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
    reader.user = nobody
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
