"""Templates without an id, and another sensor."""

from fpreader.sensor_connection import SensorError
from tests.firmware.portable.fake_hardware import CAPACITY
from tests.firmware.portable.scanner_harness import (
    ANNA,
    ID,
    ScannerHarness,
    enrolled,
    listed,
    revision,
    touch,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


def test_a_template_that_is_adopted_is_known_by_its_id() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.restart()
    before, writes = revision(reader), reader.flash.writes
    assert reader.adopt(7, ID) is None
    assert reader.flash.writes == writes + 1
    assert revision(reader) != before
    assert reader.told[-1]["revision"] == revision(reader)
    assert listed(reader) == [(0, ANNA), (7, ID)]
    touch(reader, "bert")
    last = reader.touches[-1]
    assert (last.slot, last.template_id) == (7, ID)
    reader.restart()
    assert listed(reader) == [(0, ANNA), (7, ID)]


def test_only_a_template_without_an_id_gets_one_and_only_one_that_is_new() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.restart()
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
    reader.restart()
    outdated = revision(reader)
    reader.sensor.templates[8] = "carl"
    reader.restart()
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
    reader.restart()
    del reader.sensor.templates[7]
    assert reader.adopt(7, ID) == "sensor_error"  # nobody has noticed yet
    reader.run(1000)
    assert reader.adopt(7, ID) == "not_found"
    assert listed(reader) == [(0, ANNA)]


def test_a_sensor_that_was_swapped_unseen_gets_no_id() -> None:
    reader = enrolled("anna")
    reader.sensor.templates[7] = "bert"
    reader.restart()
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
    reader.restart()
    assert reader.adopt(7, ID) == "sensor_changed"


def test_another_sensor_that_is_accepted_is_ours_and_the_one_before_is_not() -> None:
    reader = enrolled("anna")
    old = dict(reader.sensor.templates), reader.sensor.notepad
    reader.sensor.swap({0: "bert", 3: "carl"})
    reader.restart()
    assert reader.accept_sensor() is None
    assert (reader.told[-1]["sensor_changed"], reader.told[-1]["count"]) == (False, 2)
    assert listed(reader) == [(0, None), (3, None)]
    assert reader.memory.template_id(0) is None
    touch(reader, "bert")
    last = reader.touches[-1]
    assert (last.result, last.slot, last.template_id) == ("identified", 0, None)
    assert reader.adopt(0, ID) is None
    reader.restart()
    assert listed(reader) == [(0, ID), (3, None)]
    reader.sensor.swap(*old)
    reader.restart()
    assert reader.scanner.templates["sensor_changed"] is True
    assert listed(reader) == [(0, None)]


def test_an_operation_on_the_sensor_before_is_forgotten_with_it() -> None:
    reader = enrolled("anna")
    reader.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    reader.sensor.swap({0: "bert"})
    reader.restart()
    assert reader.accept_sensor() is None
    reader.restart()
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
    reader.restart()
    reader.sensor.swap(*ours)
    assert reader.accept_sensor() == "bad_request"
    reader.run(1000)
    assert reader.scanner.templates["sensor_changed"] is False
    assert listed(reader) == [(0, ANNA)]
    assert reader.sensor.notepad == ours[1]


def test_a_third_sensor_that_comes_meanwhile_is_not_the_one_that_was_accepted() -> None:
    for command in ("read_sys_para", "read_index_table"):
        reader = enrolled("anna")
        reader.sensor.swap({0: "bert"})
        reader.restart()

        def user(reader: ScannerHarness, name: str, command: str = command) -> None:
            if name == command and reader.sensor.templates == {0: "bert"}:
                reader.sensor.swap({5: "mallory"})

        reader.user = user
        assert reader.accept_sensor() == "sensor_error"
        reader.run(1000)
        assert reader.scanner.templates["sensor_changed"] is True
        assert reader.memory.template_id(0) == ANNA
