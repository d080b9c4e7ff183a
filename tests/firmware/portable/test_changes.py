"""Deletes, adoptions, another sensor and settings, in a pretended world."""

from fpreader.scanner import PAGE
from fpreader.sensor import SensorError
from tests.firmware.portable.test_scanner import ID, OTHER, at, enrolled, started, touch
from tests.firmware.portable.world import CAPACITY, COMMAND_MS, SILENCE_MS, World, scans

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

ANNA, BERT = "0" * 16, "1" * 16


def revision(world: World) -> "Any":
    return world.scanner.templates["revision"]


def listed(world: World) -> "list[tuple[int, str | None]]":
    """List all templates as HA does, page by page."""
    found: list[tuple[int, str | None]] = []
    first: int | None = 0
    while first is not None:
        page = world.scanner.page(first)
        assert page is not None
        assert page["revision"] == revision(world)
        found += page["templates"]
        first = page["next"]
    return found


# --- list ----------------------------------------------------------------------------


def test_every_occupied_slot_is_listed_with_its_id_or_none() -> None:
    world = enrolled("anna", "bert")
    world.sensor.templates[256] = world.sensor.templates[9] = "carl"
    world.turn_on()
    world.run(1000)
    assert listed(world) == [(0, ANNA), (1, BERT), (9, None), (256, None)]


def test_pages_join_without_gap_or_repeat() -> None:
    for first in (0, 7, 8, 9):
        for count in (0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 5):
            world = World()
            slots = range(first, first + count)
            world.sensor.templates = dict.fromkeys(slots, "somebody")
            world.run(1000)
            assert [slot for slot, _ in listed(world)] == list(slots)
            page = world.scanner.page(0)
            assert page is not None
            assert len(page["templates"]) == min(count, PAGE)
            assert (page["next"] is None) == (count <= PAGE)


def test_a_page_beyond_all_templates_is_empty() -> None:
    world = enrolled("anna")
    for first in (1, CAPACITY - 1, CAPACITY, 65535):
        assert world.scanner.page(first) == {
            "revision": revision(world),
            "templates": [],
            "next": None,
        }


def test_nothing_is_listed_before_the_sensor_has_told_and_the_last_is_when_it_falls_silent() -> (
    None
):
    world = enrolled("anna")
    world.turn_on()
    assert world.scanner.page(0) is None
    world.run(1000)
    world.sensor.gone = True
    world.run(60_000)
    assert listed(world) == [(0, ANNA)]


def test_another_sensor_is_listed_without_ids() -> None:
    world = enrolled("anna")
    world.sensor.swap({0: "bert", 3: "carl"})
    world.turn_on()
    world.run(1000)
    assert listed(world) == [(0, None), (3, None)]


# --- delete --------------------------------------------------------------------------


def test_a_delete_empties_the_slot_and_tells_the_new_revision() -> None:
    world = enrolled("anna", "bert")
    before = revision(world)
    assert world.delete(0, ANNA) is None
    assert world.sensor.templates == {1: "bert"}
    assert listed(world) == [(1, BERT)]
    assert world.memory.template_id(0) is None
    assert world.memory.operation is None
    (told,) = world.told
    assert (told["count"], told["revision"] != before) == (1, True)
    touch(world, "anna")
    assert world.touches[-1][0] == "not_identified"
    world.user = scans("carl", "carl", "carl")
    assert world.enroll(ID) == (0, None)
    assert world.run_until_ended()["stage"] == "completed"


def test_the_slot_is_noted_before_it_is_emptied() -> None:
    world = enrolled("anna")
    noted: list[Any] = []

    def user(world: World, name: str) -> None:
        if name == "delet_char":
            noted.append(world.memory.operation)

    world.user = user
    assert world.delete(0, ANNA) is None
    assert noted == [{"op": "delete", "slot": 0, "template_id": ANNA}]


def test_a_template_without_an_id_is_deleted_by_saying_so() -> None:
    world = World()
    world.sensor.templates = {7: "anna"}
    world.run(1000)
    assert world.delete(7, ANNA) == "not_found"
    assert world.delete(7, None) is None
    assert world.sensor.templates == {}


def test_only_the_very_template_that_is_named_is_deleted() -> None:
    world = enrolled("anna", "bert")
    for slot, template_id in ((0, BERT), (1, ANNA), (0, None), (2, ANNA), (2, None)):
        assert world.delete(slot, template_id) == "not_found"
    assert world.delete(CAPACITY, ANNA) == "bad_request"
    assert world.sensor.templates == {0: "anna", 1: "bert"}
    assert world.told == []


def test_nothing_is_deleted_of_another_sensor() -> None:
    world = enrolled("anna")
    world.sensor.swap({0: "bert"})
    assert world.delete(0, ANNA) == "sensor_error"  # nobody has noticed yet
    world.run(1000)
    assert world.delete(0, ANNA) == "sensor_changed"
    assert world.sensor.templates == {0: "bert"}
    assert (world.memory.operation, world.memory.template_id(0)) == (None, ANNA)


def test_nothing_is_deleted_while_an_enrollment_runs_nor_the_other_way_round() -> None:
    world = enrolled("anna")
    assert world.enroll(ID) == (1, None)
    assert world.delete(0, ANNA) == "busy"
    world.scanner.cancel()
    world.run_until_ended()
    answers: list[str | None] = []
    assert world.scanner.changes.delete(0, ANNA, None, answers.append) is None
    assert world.enroll(ID) == (None, "busy")
    assert world.delete(0, ANNA) == "busy"
    assert world.accept_sensor() == "busy"
    assert world.adopt(0, ID) == "busy"
    assert world.set(security_level=4) == "busy"
    assert (world.scanner.busy, world.scanner.running) == (True, False)
    world.run(1000)
    assert (answers, world.scanner.busy) == ([None], False)


def test_a_template_that_the_sensor_has_kept_stays_known_and_the_reader_works_on() -> None:
    world = enrolled("anna")
    world.sensor.says = [("delet_char", None)]
    assert world.delete(0, ANNA) == "sensor_error"
    world.run(1000)
    assert world.memory.operation is None
    touch(world, "anna")
    assert world.touches[-1][3] == ANNA
    assert world.told == []


def test_a_delete_of_a_silent_sensor_fails_at_once_and_is_ended_when_it_is_back() -> None:
    for restart in (False, True):
        for command in ("delet_char", "read_index_table"):
            world = enrolled("anna", "bert")

            def unplug(world: World, name: str, command: str = command) -> None:
                world.sensor.gone = world.sensor.gone or name == command

            world.user = unplug
            begin = world.now
            assert world.delete(0, ANNA) == "sensor_error"
            assert world.answered_at - begin <= SILENCE_MS + 10 * COMMAND_MS
            world.user = lambda *_: None
            world.run(20_000)
            assert world.enroll(ID) == (None, "sensor_error")
            if restart:
                world.turn_on()
            world.sensor.gone = False
            world.run(10_000)
            assert listed(world) == [(1, BERT)]
            assert world.sensor.templates == {1: "bert"}
            assert world.memory.operation is None
            assert world.told[-1]["count"] == 1


def test_a_delete_that_was_interrupted_ends_before_anybody_is_identified() -> None:
    world = enrolled("anna")
    world.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    world.turn_on()
    touch(world, "anna")
    assert [entry[0] for entry in world.touches] == ["not_identified"]
    assert world.scanner.snapshot["stage"] == "completed"  # of another enrollment: not its matter


def test_a_delete_that_was_interrupted_waits_for_its_own_sensor() -> None:
    world = enrolled("anna")
    ours = dict(world.sensor.templates), world.sensor.notepad
    world.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    world.sensor.swap({0: "bert"})
    world.turn_on()
    world.run(10_000)
    assert world.sensor.templates == {0: "bert"}
    world.sensor.swap(*ours)
    world.turn_on()
    world.run(10_000)
    assert world.sensor.templates == {}
    assert world.memory.operation is None


def test_a_flash_that_refuses_the_note_refuses_the_delete() -> None:
    world = enrolled("anna")
    world.flash.broken = True
    assert world.delete(0, ANNA) == "sensor_error"
    assert world.sensor.templates == {0: "anna"}


def test_a_flash_that_refuses_the_end_of_a_delete_gets_it_later() -> None:
    world = enrolled("anna")

    def user(world: World, name: str) -> None:
        world.flash.broken = world.flash.broken or name == "read_index_table"

    world.user = user
    assert world.delete(0, ANNA) == "sensor_error"
    world.user = lambda *_: None
    world.run(6000)
    assert world.scanner.templates["sensor_error"] == "not_responding"
    world.flash.broken = False
    world.run(6000)
    assert (listed(world), world.memory.operation) == ([], None)


def test_a_change_that_nobody_can_do_any_more_fails_at_once() -> None:
    world = enrolled("anna")
    answers: list[tuple[str | None, int]] = []

    def done(error: "str | None") -> None:
        answers.append((error, world.now - begin))

    def user(world: World, name: str) -> None:
        if name == "gen_img" and not world.sensor.gone:
            world.sensor.gone = True
            assert world.scanner.changes.delete(0, ANNA, None, done) is None

    world.user = user
    begin = world.now
    world.run(1)
    assert answers == [("sensor_error", SILENCE_MS)]
    assert world.memory.operation is None


# --- adopt ---------------------------------------------------------------------------


def test_a_template_that_is_adopted_is_known_by_its_id() -> None:
    world = enrolled("anna")
    world.sensor.templates[7] = "bert"
    world.turn_on()
    world.run(1000)
    before, writes = revision(world), world.flash.writes
    assert world.adopt(7, ID) is None
    assert world.flash.writes == writes + 1
    assert revision(world) != before
    assert world.told[-1]["revision"] == revision(world)
    assert listed(world) == [(0, ANNA), (7, ID)]
    touch(world, "bert")
    assert world.touches[-1][2:4] == (7, ID)
    world.turn_on()
    world.run(1000)
    assert listed(world) == [(0, ANNA), (7, ID)]


def test_only_a_template_without_an_id_gets_one_and_only_one_that_is_new() -> None:
    world = enrolled("anna")
    world.sensor.templates[7] = "bert"
    world.turn_on()
    world.run(1000)
    assert world.adopt(0, ID) == "not_found"
    assert world.adopt(7, ANNA) == "not_found"
    assert world.adopt(8, ID) == "not_found"
    assert world.adopt(CAPACITY, ID) == "bad_request"
    world.flash.broken = True
    assert world.adopt(7, ID) == "sensor_error"
    assert listed(world) == [(0, ANNA), (7, None)]
    assert world.told[1:] == []
    world.sensor.gone = True
    world.run(60_000)
    assert world.adopt(7, ID) == "sensor_error"


def test_only_what_the_revision_lists_gets_an_id_or_is_deleted_without_one() -> None:
    world = enrolled("anna")
    world.sensor.templates[7] = "bert"
    world.turn_on()
    world.run(1000)
    outdated = revision(world)
    world.sensor.templates[8] = "carl"
    world.turn_on()
    world.run(1000)
    for wrong in (outdated, "0" * 16):
        assert world.adopt(7, ID, wrong) == "not_found"
        assert world.delete(7, None, wrong) == "not_found"
    assert listed(world) == [(0, ANNA), (7, None), (8, None)]
    # An id says by itself which template is meant.
    assert world.delete(0, ANNA, outdated) is None
    assert world.adopt(7, ID) is None
    assert world.delete(8, None) is None
    assert listed(world) == [(7, ID)]


def test_what_the_sensor_does_not_hold_any_more_gets_no_id() -> None:
    world = enrolled("anna")
    world.sensor.templates[7] = "bert"
    world.turn_on()
    world.run(1000)
    del world.sensor.templates[7]
    assert world.adopt(7, ID) == "sensor_error"  # nobody has noticed yet
    world.run(1000)
    assert world.adopt(7, ID) == "not_found"
    assert listed(world) == [(0, ANNA)]


def test_a_sensor_that_was_swapped_unseen_gets_no_id() -> None:
    world = enrolled("anna")
    world.sensor.templates[7] = "bert"
    world.turn_on()
    world.run(1000)
    world.sensor.swap({7: "carl"})
    assert world.adopt(7, ID) == "sensor_error"  # nobody has noticed yet
    world.run(1000)
    assert world.adopt(7, ID) == "sensor_changed"
    assert world.memory.template_id(7) is None


def test_what_may_still_change_something_is_pending() -> None:
    world = enrolled("anna")
    changes = world.scanner.changes
    assert changes.pending is False
    answers: list[str | None] = []
    assert changes.delete(0, ANNA, None, answers.append) is None
    assert changes.pending is True
    world.sensor.says = [("read_index_table", SensorError())]
    world.run(400)
    assert answers == ["sensor_error"]
    # It is noted, and what it comes to is known only when the sensor was started again.
    world.run(1000)
    assert changes.pending is False
    assert listed(world) == []


def test_nothing_is_adopted_in_another_sensor() -> None:
    world = enrolled("anna")
    world.sensor.swap({7: "bert"})
    world.turn_on()
    world.run(1000)
    assert world.adopt(7, ID) == "sensor_changed"


# --- accept_sensor -------------------------------------------------------------------


def test_another_sensor_that_is_accepted_is_ours_and_the_one_before_is_not() -> None:
    world = enrolled("anna")
    old = dict(world.sensor.templates), world.sensor.notepad
    world.sensor.swap({0: "bert", 3: "carl"})
    world.turn_on()
    world.run(1000)
    assert world.accept_sensor() is None
    assert (world.told[-1]["sensor_changed"], world.told[-1]["count"]) == (False, 2)
    assert listed(world) == [(0, None), (3, None)]
    assert world.memory.template_id(0) is None
    touch(world, "bert")
    assert world.touches[-1][:1] + world.touches[-1][2:4] == ("identified", 0, None)
    assert world.adopt(0, ID) is None
    world.turn_on()
    world.run(1000)
    assert listed(world) == [(0, ID), (3, None)]
    world.sensor.swap(*old)
    world.turn_on()
    world.run(1000)
    assert world.scanner.templates["sensor_changed"] is True
    assert listed(world) == [(0, None)]


def test_an_operation_on_the_sensor_before_is_forgotten_with_it() -> None:
    world = enrolled("anna")
    world.memory.keep_operation({"op": "delete", "slot": 0, "template_id": ANNA})
    world.sensor.swap({0: "bert"})
    world.turn_on()
    world.run(1000)
    assert world.accept_sensor() is None
    world.turn_on()
    world.run(1000)
    assert world.sensor.templates == {0: "bert"}


def test_only_a_sensor_that_has_changed_is_accepted() -> None:
    world = enrolled("anna")
    mark = world.sensor.notepad
    world.sensor.asked.clear()
    assert world.accept_sensor() == "bad_request"
    assert world.sensor.asked == []
    assert (world.sensor.notepad, world.memory.template_id(0)) == (mark, ANNA)


def test_our_own_sensor_that_came_back_unnoticed_keeps_its_ids() -> None:
    world = enrolled("anna")
    ours = dict(world.sensor.templates), world.sensor.notepad
    world.sensor.swap({0: "bert"})
    world.turn_on()
    world.run(1000)
    world.sensor.swap(*ours)
    assert world.accept_sensor() == "bad_request"
    world.run(1000)
    assert world.scanner.templates["sensor_changed"] is False
    assert listed(world) == [(0, ANNA)]
    assert world.sensor.notepad == ours[1]


def test_a_third_sensor_that_comes_meanwhile_is_not_the_one_that_was_accepted() -> None:
    for command in ("read_sys_para", "read_index"):
        world = enrolled("anna")
        world.sensor.swap({0: "bert"})
        world.turn_on()
        world.run(1000)

        def user(world: World, name: str, command: str = command) -> None:
            if name == command and world.sensor.templates == {0: "bert"}:
                world.sensor.swap({5: "mallory"})

        world.user = user
        assert world.accept_sensor() == "sensor_error"
        world.run(1000)
        assert world.scanner.templates["sensor_changed"] is True
        assert world.memory.template_id(0) == ANNA


# --- settings ------------------------------------------------------------------------


def test_a_reader_that_does_not_identify_still_tells_of_everything_else_and_enrolls() -> None:
    world = enrolled("anna")
    assert world.set(identification=False) is None
    assert world.scanner.changes.settings == {"identification": False, "security_level": 3}
    touch(world, "anna")
    assert world.touches == []
    touch(world, "bert")
    world.sensor.says = [("img2tz", "too_messy")]
    touch(world, "anna")
    assert [entry[0] for entry in world.touches] == ["not_identified", "unreadable"]
    world.user = scans("anna")
    world.enroll(ID)
    assert world.run_until_ended()["duplicate_of"] == ANNA
    world.user = scans("bert", "bert", "bert")
    world.enroll(OTHER)
    assert world.run_until_ended()["stage"] == "completed"
    world.user = lambda *_: None
    world.turn_on()
    world.run(1000)
    touch(world, "anna")
    assert len(world.touches) == 2
    assert world.set(identification=True) is None
    touch(world, "anna")
    assert world.touches[-1][3] == ANNA


def test_a_lock_out_waits_for_nothing() -> None:
    """Neither for an enrollment nor for a sensor that is gone or another one."""
    world = started()
    world.enroll(ID)
    assert world.set(identification=False) is None
    world.scanner.cancel()
    world.run_until_ended()
    world.run(1000)
    assert not world.memory.identification
    world.sensor.gone = True
    world.run(60_000)
    assert world.set(identification=True) is None
    assert world.memory.identification


def test_a_lock_out_is_not_undone_by_what_was_asked_for_before_it() -> None:
    world = started()
    changes = world.scanner.changes
    answers: list[str | None] = []
    assert changes.set(True, 5, None, answers.append) is None
    assert changes.set(False, None, None, answers.append) is None
    assert answers == [None]
    world.run(1000)
    assert answers == [None, None]
    assert changes.settings == {"identification": False, "security_level": 5}


def test_a_setting_that_is_as_wanted_wears_no_flash() -> None:
    world = started()
    writes = world.flash.writes
    assert world.set(identification=True) is None
    assert world.set(security_level=3) is None
    assert world.flash.writes == writes


def test_a_flash_that_refuses_a_setting_leaves_it() -> None:
    world = started()
    world.flash.broken = True
    assert world.set(identification=False) == "sensor_error"
    assert world.scanner.changes.settings["identification"] is True


def test_the_security_level_is_the_sensors_own() -> None:
    world = started()
    assert world.set(security_level=5) is None
    assert world.sensor.level == 5
    assert world.scanner.changes.settings["security_level"] == 5
    world.sensor.level = 1
    world.turn_on()
    assert world.scanner.changes.settings["security_level"] is None
    world.run(1000)
    assert world.scanner.changes.settings["security_level"] == 1


def test_a_security_level_that_the_sensor_does_not_take_is_not_told() -> None:
    world = started()
    for answer in (SensorError(), None):  # no answer, or an answer and nothing done
        world.sensor.says = [("set_security_level", answer)]
        assert world.set(identification=False, security_level=5) == "sensor_error"
        world.run(1000)
        assert world.scanner.changes.settings == {"identification": True, "security_level": 3}


def test_the_security_level_needs_a_sensor_that_is_ours_and_free() -> None:
    world = enrolled("anna")
    world.enroll(ID)
    assert world.set(identification=False, security_level=5) == "busy"
    world.user = at(1, "img2tz", lambda world: world.scanner.cancel())
    world.run_until_ended()
    world.user = lambda *_: None
    world.sensor.swap({})
    world.turn_on()
    assert world.set(security_level=5) == "sensor_error"
    world.run(1000)
    assert world.set(security_level=5) == "sensor_changed"
    assert (world.sensor.level, world.memory.identification) == (3, True)


def test_commands_without_a_valid_answer_are_counted() -> None:
    world = started()
    world.sensor.errors = 7
    assert world.scanner.sensor_errors == 7
