"""The scanner in a pretended world: touches, enrollments, and a sensor that comes and goes."""

from fpreader.sensor import PasswordError, SensorError
from tests.firmware.portable.world import CAPACITY, REALLY, PowerCutError, World, drive, scans

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ID = "a" * 16
OTHER = "b" * 16
BAD_IMAGES = ("too_messy", "too_few_features", "no_image")


def started(buffers: int = 2) -> World:
    world = World(buffers)
    world.run(1000)
    return world


def enrolled(*fingers: str) -> World:
    """Make a reader that knows these fingers, in slots 0, 1, … with ids of one digit."""
    world = started()
    for number, finger in enumerate(fingers):
        world.user = scans(finger, finger, finger)
        assert world.enroll(str(number) * 16) == (number, None)
        assert world.run_until_ended()["stage"] == "completed"
    world.run(1000)
    world.user = lambda *_: None
    world.shown.clear()
    world.told.clear()
    return world


def touch(world: World, finger: str) -> None:
    world.sensor.finger = finger
    world.run(1000)
    world.sensor.finger = None
    world.run(1000)


def at(count: int, command: str, act: "Callable[[World], None]") -> "Callable[[World, str], None]":
    """Act when this command comes for that time, on top of three good scans of anna."""
    good = scans("anna", "anna", "anna")
    seen = [0]

    def user(world: World, name: str) -> None:
        good(world, name)
        seen[0] += name == command
        if name == command and seen[0] == count:
            seen[0] += 1
            act(world)

    return user


def cut_power(_world: World) -> None:
    raise PowerCutError


def stages(world: World) -> "list[tuple[str, int, int]]":
    return [(shown["stage"], shown["step"], len(shown["captured"])) for shown in world.shown]


# --- enrollments -------------------------------------------------------------------


def test_a_good_enrollment_shows_every_stage_once() -> None:
    world = started()
    world.user = scans("anna", "anna", "anna")
    assert world.enroll(ID) == (0, None)
    final = world.run_until_ended()
    assert stages(world) == [
        ("place_finger", 1, 0),
        ("processing", 1, 0),
        ("lift_finger", 1, 1),
        ("place_finger", 2, 1),
        ("processing", 2, 1),
        ("lift_finger", 2, 2),
        ("place_finger", 3, 2),
        ("processing", 3, 2),
        ("completed", 3, 3),
    ]
    assert final == {
        "template_id": ID,
        "seq": 9,
        "slot": 0,
        "stage": "completed",
        "step": 3,
        "total": 3,
        "captured": [{"attempts": 1}] * 3,
        "rejected": {"count": 0, "last": None},
        "timeout_ms": None,
        "reason": None,
    }
    assert world.sensor.templates == {0: "anna"}
    assert world.memory.template_id(0) == ID
    assert world.told[-1]["count"] == 1


def test_two_buffers_get_the_commands_of_the_protocol() -> None:
    world = started()
    world.user = scans("anna", "anna", "anna")
    world.sensor.asked.clear()
    world.enroll()
    world.run_until_ended()
    asked = [name for name in world.sensor.asked if name not in ("gen_img", "read_notepad")]
    first, second, third = asked[:2], asked[2:-2], asked[-2:]
    assert first == ["img2tz", "search"]
    assert second == ["img2tz", "reg_model", "read_index_table", "store"]
    assert third == ["img2tz", "search"]


def test_six_buffers_take_up_to_seven_scans() -> None:
    for total in (3, 5, 7):
        world = started(buffers=6)
        world.user = scans(*["anna"] * total)
        assert world.enroll(total=total) == (0, None)
        assert world.run_until_ended()["captured"] == [{"attempts": 1}] * total
        assert world.sensor.asked.count("reg_model") == 1


def test_a_bad_image_repeats_its_scan_and_no_other() -> None:
    for word in BAD_IMAGES:
        world = started()
        world.user = scans(*["anna"] * 4)
        world.sensor.says = [("img2tz", REALLY), ("img2tz", word)]
        world.enroll()
        final = world.run_until_ended()
        assert final["captured"] == [{"attempts": 1}, {"attempts": 2}, {"attempts": 1}]
        assert final["rejected"] == {"count": 1, "last": word}
        assert ("lift_finger", 2, 1) in stages(world)


def test_a_failed_image_is_rejected_before_it_is_worked_on() -> None:
    world = started()
    world.user = scans(*["anna"] * 4)
    world.sensor.says = [("gen_img", "no_image")]
    world.enroll()
    assert world.run_until_ended()["rejected"] == {"count": 1, "last": "no_image"}


def test_the_third_mismatch_fails_and_leaves_the_slot_empty() -> None:
    world = started()
    world.user = scans("anna", "anna", "bert", "bert", "bert")
    world.enroll()
    final = world.run_until_ended()
    assert (final["stage"], final["reason"]) == ("failed", "mismatch")
    assert final["rejected"] == {"count": 3, "last": "mismatch"}
    assert len(final["captured"]) == 2
    assert world.sensor.templates == {}
    assert world.memory.operation is None


def test_a_mismatch_in_reg_model_repeats_that_scan() -> None:
    world = started()
    world.user = scans("anna", "bert", "anna", "anna")
    world.enroll()
    final = world.run_until_ended()
    assert final["captured"] == [{"attempts": 1}, {"attempts": 2}, {"attempts": 1}]
    assert final["rejected"] == {"count": 1, "last": "mismatch"}


def test_the_verifying_scan_catches_a_twin_that_reg_model_let_pass() -> None:
    world = started()
    world.user = scans("anna", "anna's twin", *["anna's twin"] * 3)
    world.enroll()
    final = world.run_until_ended()
    assert (final["reason"], len(final["captured"])) == ("mismatch", 2)
    assert world.sensor.templates == {}


def test_a_finger_that_is_already_there_fails_as_its_duplicate() -> None:
    world = enrolled("anna")
    world.user = scans("anna")
    world.enroll(ID)
    final = world.run_until_ended()
    assert (final["reason"], final["duplicate_of"]) == ("duplicate", "0" * 16)
    assert world.sensor.templates == {0: "anna"}


def test_a_duplicate_of_a_template_without_an_id_is_nobodys() -> None:
    world = World()
    world.sensor.templates = {7: "anna"}
    world.run(1000)
    world.user = scans("anna")
    world.enroll(ID)
    assert world.run_until_ended()["duplicate_of"] is None


def test_waiting_for_a_finger_ends_in_time() -> None:
    world = started()
    begin = world.now
    world.enroll(scan_timeout_s=5)
    final = world.run_until_ended()
    assert (final["stage"], final["reason"], final["step"]) == ("failed", "timeout", 1)
    assert 5000 <= world.now - begin <= 5500


def test_a_finger_that_stays_ends_the_waiting_for_its_lifting() -> None:
    world = started()
    world.sensor.finger = "anna"
    world.run(1000)
    world.enroll(scan_timeout_s=5)
    final = world.run_until_ended()
    assert (final["reason"], len(final["captured"])) == ("timeout", 1)
    assert world.shown[-2]["stage"] == "lift_finger"


def test_a_rejection_starts_the_waiting_anew_but_not_the_whole() -> None:
    world = started()
    world.user = scans(*["anna"] * 10_000)
    world.sensor.says = [("img2tz", "too_messy")] * 10_000
    begin = world.now
    world.enroll(scan_timeout_s=10)
    assert world.run_until_ended()["reason"] == "timeout"
    assert 60_000 <= world.shown_at - begin <= 61_000


def test_the_time_that_is_left_is_as_of_now() -> None:
    world = started()
    world.enroll(scan_timeout_s=30)
    assert world.scanner.snapshot["timeout_ms"] == 30_000
    world.run(10_000)
    assert 19_000 <= world.scanner.snapshot["timeout_ms"] <= 20_000


def test_a_cancel_ends_it_before_any_operation() -> None:
    """Whichever command is under way, and also between two of them."""
    for count in range(200):
        world = enrolled("bert")
        good = scans("anna", "anna", "anna")
        left = [count]

        def user(
            world: World,
            name: str,
            good: "Callable[[World, str], None]" = good,
            left: "list[int]" = left,
        ) -> None:
            good(world, name)
            left[0] -= 1
            if left[0] < 0:
                world.scanner.cancel()

        world.enroll(ID)
        world.user = user
        if count == 0:
            world.scanner.cancel()
        final = world.run_until_ended()
        if final["stage"] == "completed":
            assert count > 15
            assert world.sensor.templates == {0: "bert", 1: "anna"}
            return
        assert final["stage"] == "cancelled"
        assert world.sensor.templates == {0: "bert"}
        assert world.memory.operation is None
        assert world.memory.last == final
    raise AssertionError("was cancelled after it was over")


def test_the_finger_of_the_last_scan_is_not_a_touch() -> None:
    world = started()
    good = scans("anna", "anna", "anna")
    world.user = lambda world, name: good(world, name) if world.scanner.running else None
    world.enroll()
    world.run_until_ended()
    assert world.sensor.finger == "anna"
    world.run(5000)
    assert world.touches == []


def test_a_restart_ends_it_with_what_was_captured() -> None:
    world = started()
    world.user = at(2, "img2tz", cut_power)
    world.enroll(ID)
    try:
        world.run_until_ended()
    except PowerCutError:
        world.turn_on()
    world.user = lambda *_: None
    final = world.scanner.snapshot
    assert (final["stage"], final["reason"], final["step"]) == ("failed", "reader_restarted", 2)
    assert final["captured"] == [{"attempts": 1}]
    assert final["seq"] > max(shown["seq"] for shown in world.shown)
    assert final["timeout_ms"] is None
    world.run(1000)
    assert world.memory.operation is None
    assert world.memory.last == final


# --- refusals ----------------------------------------------------------------------


def test_refusals_come_in_the_order_of_the_protocol() -> None:
    world = World()
    assert world.enroll() == (None, "sensor_error")
    world.run(1000)
    assert world.enroll(slot=CAPACITY) == (None, "bad_request")
    assert world.enroll(total=4) == (None, "bad_request")
    world.sensor.templates = {5: "anna"}
    world.turn_on()
    world.run(1000)
    assert world.enroll(slot=5) == (None, "slot_occupied")
    assert world.enroll(slot=6) == (6, None)
    assert world.enroll(slot=5) == (None, "busy")


def test_an_id_that_names_a_template_names_no_other() -> None:
    world = enrolled("anna", "bert")
    assert world.enroll("0" * 16) == (None, "bad_request")


def test_the_lowest_free_slot_is_taken_until_there_is_none() -> None:
    world = World()
    world.sensor.templates = dict.fromkeys(range(CAPACITY), "somebody")
    del world.sensor.templates[257]
    world.run(1000)
    world.user = scans("anna", "anna", "anna")
    assert world.enroll() == (257, None)
    assert world.run_until_ended()["stage"] == "completed"
    world.run(1000)
    assert world.enroll(OTHER) == (None, "sensor_full")


def test_nothing_is_accepted_that_is_not_remembered() -> None:
    world = started()
    world.flash.broken = True
    assert world.enroll() == (None, "sensor_error")
    assert not world.scanner.running
    assert world.shown == []


def test_a_flash_that_refuses_the_commit_fails_the_enrollment() -> None:
    world = started()

    def break_flash(world: World) -> None:
        world.flash.broken = True

    world.user = at(3, "img2tz", break_flash)
    world.enroll()
    final = world.run_until_ended()
    assert (final["stage"], final["reason"]) == ("failed", "sensor_error")
    assert len(final["captured"]) == 2
    assert world.sensor.templates == {}


# --- a sensor that does not answer ---------------------------------------------------


def unplug(world: World) -> None:
    world.sensor.gone = True


def test_the_third_silence_fails_an_enrollment_in_time() -> None:
    world = started()
    world.user = at(2, "img2tz", unplug)
    world.enroll(scan_timeout_s=120)
    final = world.run_until_ended()
    assert (final["stage"], final["reason"]) == ("failed", "sensor_error")
    assert final["rejected"]["last"] == "sensor_error"
    world.run(1000)
    assert world.scanner.templates["sensor_error"] == "not_responding"


def test_one_silence_repeats_one_scan() -> None:
    world = started()
    world.user = scans(*["anna"] * 4)
    world.sensor.says = [("img2tz", SensorError())]
    world.enroll()
    final = world.run_until_ended()
    assert final["captured"] == [{"attempts": 2}, {"attempts": 1}, {"attempts": 1}]
    assert final["rejected"] == {"count": 1, "last": "sensor_error"}
    world.run(1000)
    assert world.told[-1]["sensor_error"] is None


def test_a_slot_that_cannot_be_emptied_now_is_emptied_when_the_sensor_is_back() -> None:
    for restart in (False, True):
        world = started()

        def cancel_and_unplug(world: World) -> None:
            world.scanner.cancel()
            world.sensor.gone = True

        world.user = at(3, "img2tz", cancel_and_unplug)
        world.enroll(ID)
        final = world.run_until_ended()
        assert final["stage"] == "cancelled"
        assert world.sensor.templates == {0: "anna"}
        world.run(20_000)
        assert world.enroll(OTHER) == (None, "sensor_error")
        if restart:
            world.turn_on()
            assert world.scanner.snapshot == final
        world.sensor.gone = False
        world.run(10_000)
        assert world.sensor.templates == {}
        assert world.memory.operation is None
        assert world.scanner.snapshot == final
        assert world.enroll(OTHER) == (0, None)


def test_a_slot_that_the_sensor_did_not_empty_is_emptied_later() -> None:
    world = started()
    world.user = scans("anna", "anna", "bert", "bert", "bert")
    world.sensor.says = [("delet_char", None)]
    world.enroll(ID)
    assert world.run_until_ended()["reason"] == "mismatch"
    world.run(10_000)
    assert world.sensor.templates == {}
    assert world.memory.operation is None


def test_no_enrollment_is_accepted_over_a_slot_that_is_not_emptied() -> None:
    """Not even by whoever hears of the end of the one before."""
    world = started()
    world.user = scans("anna", "anna", "bert", "bert", "bert")
    world.sensor.says = [("delet_char", None)]
    answers = []

    def on_snapshot() -> None:
        if not world.scanner.running:
            answers.append(world.enroll(OTHER))

    world.enroll(ID)
    world.scanner._on_snapshot = on_snapshot
    world.run(60_000)
    assert answers == [(None, "sensor_error")]


def test_only_what_matters_is_repeated_once_there_is_no_time() -> None:
    world = started()
    may: dict[str, bool] = {}

    def cancel(world: World) -> None:
        world.scanner.cancel()
        may["img2tz"] = world.sensor.may_repeat()

    good = at(3, "img2tz", cancel)

    def user(world: World, name: str) -> None:
        may[name] = world.sensor.may_repeat()
        good(world, name)

    world.user = user
    world.enroll()
    world.run_until_ended()
    assert (may["store"], may["img2tz"], may["delet_char"]) == (True, False, True)
    world.run(1000)
    assert may["gen_img"]


def test_a_refused_store_fails_the_enrollment() -> None:
    world = started()
    world.user = scans("anna", "anna", "anna")
    world.sensor.says = [("store", False)]
    world.enroll()
    final = world.run_until_ended()
    assert (final["reason"], len(final["captured"])) == ("sensor_error", 1)


def test_a_slot_that_was_filled_behind_our_back_is_not_overwritten_nor_emptied() -> None:
    world = started()

    def fill(world: World) -> None:
        world.sensor.templates[0] = "bert"

    world.user = at(1, "reg_model", fill)
    world.enroll()
    assert world.run_until_ended()["reason"] == "sensor_error"
    world.run(10_000)
    assert world.sensor.templates == {0: "bert"}
    assert world.told[-1]["count"] == 1


def test_a_store_whose_answer_was_lost_may_be_repeated() -> None:
    world = started()
    world.user = scans(*["anna"] * 4)

    def lost(world: World) -> None:
        world.sensor.templates[0] = "anna"

    world.user = at(1, "store", lost)
    good = scans(*["anna"] * 4)
    fill = world.user

    def user(world: World, name: str) -> None:
        good(world, name)
        if name == "store":
            fill(world, name)

    world.user = user
    world.sensor.says = [("store", SensorError())]
    world.enroll()
    assert world.run_until_ended()["stage"] == "completed"


def test_a_sensor_that_is_missing_at_start_is_found_later() -> None:
    world = World()
    world.sensor.gone = True
    assert world.scanner.templates == {
        "capacity": None,
        "count": None,
        "revision": None,
        "sensor_changed": False,
        "sensor_error": "not_responding",
    }
    world.run(60_000)
    assert world.told == []
    world.sensor.gone = False
    world.run(10_000)
    assert [told["sensor_error"] for told in world.told] == [None]
    assert world.told[0]["capacity"] == CAPACITY


def test_a_sensor_that_falls_silent_is_told_once_and_again_when_it_is_back() -> None:
    world = started()
    world.sensor.gone = True
    world.run(60_000)
    world.sensor.gone = False
    world.run(10_000)
    assert [told["sensor_error"] for told in world.told] == [None, "not_responding", None]
    assert world.told[1]["capacity"] == CAPACITY


def test_a_wrong_password_has_a_word_of_its_own() -> None:
    world = World()
    world.sensor.says = [("vfy_pwd", PasswordError())]
    world.run(1)
    assert world.told[-1]["sensor_error"] == "wrong_password"


def test_an_enrollment_that_was_accepted_as_the_sensor_died_still_ends() -> None:
    world = started()

    def user(world: World, name: str) -> None:
        if name == "gen_img" and not world.scanner.running and not world.shown:
            assert world.enroll(scan_timeout_s=5) == (0, None)
            world.sensor.gone = True

    world.user = user
    begin = world.now
    world.run(500)
    final = world.run_until_ended()
    assert final["stage"] == "failed"
    assert world.shown_at - begin < 15_000


# --- another sensor ----------------------------------------------------------------


def test_another_sensor_voids_all_ids_until_ours_is_back() -> None:
    world = enrolled("anna")
    revision = world.scanner.templates["revision"]
    notepad = world.sensor.notepad
    world.sensor.swap({1: "anna", 3: "bert"})
    world.turn_on()
    world.run(1000)
    told = world.told[-1]
    assert (told["sensor_changed"], told["count"]) == (True, 2)
    assert told["revision"] != revision
    assert world.enroll(ID) == (None, "sensor_changed")
    touch(world, "anna")
    assert world.touches[-1][0] == "not_identified"
    assert world.sensor.templates == {1: "anna", 3: "bert"}
    assert world.memory.template_id(0) == "0" * 16

    world.sensor.swap({0: "anna"}, notepad)
    touch(world, "anna")
    touch(world, "anna")
    assert world.touches[-1][:4] == ("identified", world.touches[-1][1], 0, "0" * 16)
    assert world.told[-1]["revision"] == revision


def test_a_sensor_swapped_between_two_polls_identifies_nobody() -> None:
    world = enrolled("anna")
    revision = world.scanner.templates["revision"]
    world.sensor.swap({0: "mallory"})
    touch(world, "mallory")
    assert [entry[0] for entry in world.touches] == ["not_identified"]
    assert world.told[-1]["sensor_changed"] is True
    assert world.told[-1]["revision"] != revision


def test_a_finger_that_another_sensor_knows_is_nobodys_duplicate() -> None:
    world = enrolled("bert")
    world.user = at(1, "search", lambda world: world.sensor.swap({0: "anna"}))
    world.enroll(ID)
    final = world.run_until_ended()
    assert final["reason"] != "duplicate"
    assert "duplicate_of" not in final


def test_a_sensor_swapped_in_an_enrollment_is_left_alone() -> None:
    others = {5: "bert", 6: "carl"}
    for command, count in (("img2tz", 1), ("reg_model", 1), ("store", 1), ("img2tz", 3)):
        world = started()
        ours = world.sensor.notepad
        world.user = at(count, command, lambda world: world.sensor.swap(dict(others)))
        world.enroll(ID)
        final = world.run_until_ended()
        world.user = lambda *_: None
        assert final["stage"] == "failed", (command, count)
        world.sensor.finger = None
        world.run(10_000)
        touch(world, "carl")
        if command != "store":  # there it happens inside the command, where nobody could notice
            assert world.sensor.templates == others, (command, count)
        assert [entry[0] for entry in world.touches] == ["not_identified"], (command, count)
        assert world.told[-1]["sensor_changed"] is True, (command, count)
        # Ours comes back with what was stored, and is emptied then.
        world.sensor.swap({0: "anna"} if world.memory.operation else {}, ours)
        world.turn_on()
        world.run(1000)
        assert world.sensor.templates == {}
        assert world.told[-1]["sensor_changed"] is False


def test_a_reader_without_a_mark_marks_its_sensor_anew() -> None:
    world = enrolled("anna")
    mark = world.sensor.notepad
    world.flash.records.clear()
    world.turn_on()
    world.run(1000)
    assert world.sensor.notepad != mark
    assert world.scanner.templates["sensor_changed"] is False
    assert world.sensor.templates == {0: "anna"}
    touch(world, "anna")
    assert world.touches[-1][2:4] == (0, None)


def test_what_somebody_stored_in_the_slot_of_an_enrollment_that_is_cut_short_stays() -> None:
    """Nothing was stored there by us before the power went, whatever was scanned."""
    for cut_at in (("gen_img", 2), ("img2tz", 2), ("reg_model", 1), ("read_index_table", 1)):
        world = started()
        world.sensor.asked.clear()
        world.user = at(cut_at[1], cut_at[0], cut_power)
        world.enroll(ID, scan_timeout_s=5)
        world.sensor.templates[0] = "bert"
        try:
            world.run_until_ended()
        except PowerCutError:
            pass
        world.user = lambda *_: None
        world.turn_on()
        world.run(3000)
        assert world.sensor.templates == {0: "bert"}, cut_at
        assert world.memory.operation is None
        assert world.scanner.snapshot["reason"] == "reader_restarted"
        assert "stored" not in world.scanner.snapshot


def test_the_slot_of_an_enrollment_that_firmware_0_1_has_left_is_emptied_by_its_scans() -> None:
    for captured, left in ((0, {0: "anna"}), (1, {}), (2, {})):
        world = started()
        operation = {
            "template_id": ID,
            "seq": 5,
            "slot": 0,
            "total": 3,
            "captured": [{"attempts": 1}] * captured,
            "rejected": {"count": 0, "last": None},
        }
        world.memory.keep_operation(operation)
        world.sensor.templates[0] = "anna"
        world.turn_on()
        world.run(1000)
        assert world.sensor.templates == left


def test_a_template_deleted_behind_our_back_loses_its_id_at_the_next_start() -> None:
    world = enrolled("anna", "bert")
    del world.sensor.templates[0]
    world.turn_on()
    world.run(1000)
    assert world.memory.template_id(0) is None
    assert world.memory.template_id(1) == "1" * 16
    assert world.told[-1]["count"] == 1


# --- touches -----------------------------------------------------------------------


def test_a_touch_tells_who_and_when() -> None:
    world = enrolled("anna", "bert")
    begin = world.now
    touch(world, "bert")
    touch(world, "carl")
    assert [entry[0] for entry in world.touches] == ["identified", "not_identified"]
    _, at_ms, slot, template_id, confidence, reason = world.touches[0]
    assert begin <= at_ms <= begin + 300
    assert (slot, template_id, confidence, reason) == (1, "1" * 16, 100, None)


def test_a_resting_finger_is_one_touch() -> None:
    world = enrolled("anna")
    world.sensor.finger = "anna"
    world.run(60_000)
    assert len(world.touches) == 1


def test_a_finger_that_comes_right_after_an_enrollment_has_ended_is_a_touch() -> None:
    """The sensor was seen empty since the last scan, so it is no finger of the enrollment."""
    for wait_ms in (0, 100, 300, 1000):
        world = started()
        world.user = scans("anna")
        world.enroll(scan_timeout_s=5)
        assert world.run_until_ended()["reason"] == "timeout"
        world.user = lambda *_: None
        world.run(wait_ms)
        touch(world, "anna")
        assert len(world.touches) == 1, wait_ms


def test_so_is_one_after_a_cancel_while_nobody_was_there() -> None:
    world = started()
    world.enroll()
    world.run(1000)
    world.scanner.cancel()
    assert world.run_until_ended()["stage"] == "cancelled"
    touch(world, "anna")
    assert len(world.touches) == 1


def test_a_finger_that_still_rests_when_an_enrollment_has_ended_is_none() -> None:
    """Whichever way it has ended, until it is lifted and the sensor was seen empty."""
    world = enrolled("anna")
    for number, (fingers, ending) in enumerate(
        (
            (("bert", "bert", "bert"), "completed"),
            (("anna",), "failed"),
            (("carl", "dora", "dora", "dora"), "failed"),
        )
    ):
        good = scans(*fingers)

        def user(world: World, name: str, good: "Any" = good) -> None:
            # The last one stays where it is.
            if world.scanner.running:
                good(world, name)

        world.user = user
        assert world.enroll(str(5 + number) * 16)[1] is None
        assert world.run_until_ended()["stage"] == ending
        assert world.sensor.finger == fingers[-1]
        world.run(2000)
        assert world.touches == []
        world.sensor.finger = None
        world.run(1000)
        touch(world, "anna")
        assert len(world.touches) == 1
        world.touches.clear()
        world.user = lambda *_: None


def test_an_unreadable_touch_says_why() -> None:
    world = started()
    for word in BAD_IMAGES:
        world.sensor.says = [("img2tz", word)]
        touch(world, "anna")
        assert world.touches[-1][0] == "unreadable"
        assert world.touches[-1][5] == word
    world.sensor.says = [("gen_img", "no_image")]
    touch(world, "anna")
    assert world.touches[3][5] == "no_image"


def test_a_touch_whose_sensor_dies_is_not_forgotten() -> None:
    world = started()
    world.sensor.says = [("search", SensorError())]
    touch(world, "anna")
    assert [(entry[0], entry[5]) for entry in world.touches] == [("unreadable", "sensor_error")]


# --- the light -----------------------------------------------------------------------


def test_identify_blinks_for_three_seconds() -> None:
    world = started()
    world.sensor.asked.clear()
    begin = world.now
    blinking = world.scanner.identify()
    for _ in range(10):
        world.turn(blinking)
    assert world.sensor.asked == ["light"] * 10
    assert world.now - begin >= 3000
    try:
        world.turn(blinking)
    except StopIteration:
        return
    raise AssertionError("blinks on")


def test_identify_leaves_an_enrollment_alone() -> None:
    world = started()
    world.enroll()
    world.sensor.asked.clear()
    drive(world.scanner.identify())
    assert world.sensor.asked == []


def test_identify_does_not_mind_a_dead_sensor() -> None:
    world = started()
    world.sensor.gone = True
    drive(world.scanner.identify())
    assert world.told[-1]["sensor_error"] is None


def test_nothing_is_told_where_nothing_changed() -> None:
    world = started()
    world.run(3_600_000)
    assert len(world.told) == 1
    assert world.shown == []
