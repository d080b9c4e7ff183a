"""The scanner on fake hardware: touches, enrollments, and a sensor that comes and goes."""

from fpreader.sensor import PasswordError, SensorError
from tests.firmware.portable.scanner_harness import (
    CAPACITY,
    REALLY,
    PowerCutError,
    ScannerHarness,
    drive,
    scans,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ID = "a" * 16
OTHER = "b" * 16
BAD_IMAGES = ("too_messy", "too_few_features", "no_image")


def started(buffers: int = 2) -> ScannerHarness:
    reader = ScannerHarness(buffers)
    reader.run(1000)
    return reader


def enrolled(*fingers: str) -> ScannerHarness:
    """Make a reader that knows these fingers, in slots 0, 1, … with ids of one digit."""
    reader = started()
    for number, finger in enumerate(fingers):
        reader.user = scans(finger, finger, finger)
        assert reader.enroll(str(number) * 16) == (number, None)
        assert reader.run_until_ended()["stage"] == "completed"
    reader.run(1000)
    reader.user = lambda *_: None
    reader.shown.clear()
    reader.told.clear()
    return reader


def touch(reader: ScannerHarness, finger: str) -> None:
    reader.sensor.finger = finger
    reader.run(1000)
    reader.sensor.finger = None
    reader.run(1000)


def at(
    count: int, command: str, act: "Callable[[ScannerHarness], None]"
) -> "Callable[[ScannerHarness, str], None]":
    """Act when this command comes for that time, on top of three good scans of anna."""
    good = scans("anna", "anna", "anna")
    seen = [0]

    def user(reader: ScannerHarness, name: str) -> None:
        good(reader, name)
        seen[0] += name == command
        if name == command and seen[0] == count:
            seen[0] += 1
            act(reader)

    return user


def cut_power(_world: ScannerHarness) -> None:
    raise PowerCutError


def stages(reader: ScannerHarness) -> "list[tuple[str, int, int]]":
    return [(shown["stage"], shown["step"], len(shown["captured"])) for shown in reader.shown]


# --- enrollments -------------------------------------------------------------------


def test_a_good_enrollment_shows_every_stage_once() -> None:
    reader = started()
    reader.user = scans("anna", "anna", "anna")
    assert reader.enroll(ID) == (0, None)
    final = reader.run_until_ended()
    assert stages(reader) == [
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
    assert reader.sensor.templates == {0: "anna"}
    assert reader.memory.template_id(0) == ID
    assert reader.told[-1]["count"] == 1


def test_two_buffers_get_the_commands_of_the_protocol() -> None:
    reader = started()
    reader.user = scans("anna", "anna", "anna")
    reader.sensor.asked.clear()
    reader.enroll()
    reader.run_until_ended()
    asked = [name for name in reader.sensor.asked if name not in ("gen_img", "read_notepad")]
    first, second, third = asked[:2], asked[2:-2], asked[-2:]
    assert first == ["img2tz", "search"]
    assert second == ["img2tz", "reg_model", "read_index_table", "store"]
    assert third == ["img2tz", "search"]


def test_six_buffers_take_up_to_seven_scans() -> None:
    for total in (3, 5, 7):
        reader = started(buffers=6)
        reader.user = scans(*["anna"] * total)
        assert reader.enroll(total=total) == (0, None)
        assert reader.run_until_ended()["captured"] == [{"attempts": 1}] * total
        assert reader.sensor.asked.count("reg_model") == 1


def test_a_bad_image_repeats_its_scan_and_no_other() -> None:
    for word in BAD_IMAGES:
        reader = started()
        reader.user = scans(*["anna"] * 4)
        reader.sensor.says = [("img2tz", REALLY), ("img2tz", word)]
        reader.enroll()
        final = reader.run_until_ended()
        assert final["captured"] == [{"attempts": 1}, {"attempts": 2}, {"attempts": 1}]
        assert final["rejected"] == {"count": 1, "last": word}
        assert ("lift_finger", 2, 1) in stages(reader)


def test_a_failed_image_is_rejected_before_it_is_worked_on() -> None:
    reader = started()
    reader.user = scans(*["anna"] * 4)
    reader.sensor.says = [("gen_img", "no_image")]
    reader.enroll()
    assert reader.run_until_ended()["rejected"] == {"count": 1, "last": "no_image"}


def test_the_third_mismatch_fails_and_leaves_the_slot_empty() -> None:
    reader = started()
    reader.user = scans("anna", "anna", "bert", "bert", "bert")
    reader.enroll()
    final = reader.run_until_ended()
    assert (final["stage"], final["reason"]) == ("failed", "mismatch")
    assert final["rejected"] == {"count": 3, "last": "mismatch"}
    assert len(final["captured"]) == 2
    assert reader.sensor.templates == {}
    assert reader.memory.operation is None


def test_a_mismatch_in_reg_model_repeats_that_scan() -> None:
    reader = started()
    reader.user = scans("anna", "bert", "anna", "anna")
    reader.enroll()
    final = reader.run_until_ended()
    assert final["captured"] == [{"attempts": 1}, {"attempts": 2}, {"attempts": 1}]
    assert final["rejected"] == {"count": 1, "last": "mismatch"}


def test_the_verifying_scan_catches_a_twin_that_reg_model_let_pass() -> None:
    reader = started()
    reader.user = scans("anna", "anna's twin", *["anna's twin"] * 3)
    reader.enroll()
    final = reader.run_until_ended()
    assert (final["reason"], len(final["captured"])) == ("mismatch", 2)
    assert reader.sensor.templates == {}


def test_a_finger_that_is_already_there_fails_as_its_duplicate() -> None:
    reader = enrolled("anna")
    reader.user = scans("anna")
    reader.enroll(ID)
    final = reader.run_until_ended()
    assert (final["reason"], final["duplicate_of"]) == ("duplicate", "0" * 16)
    assert reader.sensor.templates == {0: "anna"}


def test_a_duplicate_of_a_template_without_an_id_is_nobodys() -> None:
    reader = ScannerHarness()
    reader.sensor.templates = {7: "anna"}
    reader.run(1000)
    reader.user = scans("anna")
    reader.enroll(ID)
    assert reader.run_until_ended()["duplicate_of"] is None


def test_waiting_for_a_finger_ends_in_time() -> None:
    reader = started()
    begin = reader.now
    reader.enroll(scan_timeout_s=5)
    final = reader.run_until_ended()
    assert (final["stage"], final["reason"], final["step"]) == ("failed", "timeout", 1)
    assert 5000 <= reader.now - begin <= 5500


def test_a_finger_that_stays_ends_the_waiting_for_its_lifting() -> None:
    reader = started()
    reader.sensor.finger = "anna"
    reader.run(1000)
    reader.enroll(scan_timeout_s=5)
    final = reader.run_until_ended()
    assert (final["reason"], len(final["captured"])) == ("timeout", 1)
    assert reader.shown[-2]["stage"] == "lift_finger"


def test_a_rejection_starts_the_waiting_anew_but_not_the_whole() -> None:
    reader = started()
    reader.user = scans(*["anna"] * 10_000)
    reader.sensor.says = [("img2tz", "too_messy")] * 10_000
    begin = reader.now
    reader.enroll(scan_timeout_s=10)
    assert reader.run_until_ended()["reason"] == "timeout"
    assert 60_000 <= reader.shown_at - begin <= 61_000


def test_the_time_that_is_left_is_as_of_now() -> None:
    reader = started()
    reader.enroll(scan_timeout_s=30)
    assert reader.scanner.snapshot["timeout_ms"] == 30_000
    reader.run(10_000)
    assert 19_000 <= reader.scanner.snapshot["timeout_ms"] <= 20_000


def test_a_cancel_ends_it_before_any_operation() -> None:
    """Whichever command is under way, and also between two of them."""
    for count in range(200):
        reader = enrolled("bert")
        good = scans("anna", "anna", "anna")
        left = [count]

        def user(
            reader: ScannerHarness,
            name: str,
            good: "Callable[[ScannerHarness, str], None]" = good,
            left: "list[int]" = left,
        ) -> None:
            good(reader, name)
            left[0] -= 1
            if left[0] < 0:
                reader.scanner.cancel()

        reader.enroll(ID)
        reader.user = user
        if count == 0:
            reader.scanner.cancel()
        final = reader.run_until_ended()
        if final["stage"] == "completed":
            assert count > 15
            assert reader.sensor.templates == {0: "bert", 1: "anna"}
            return
        assert final["stage"] == "cancelled"
        assert reader.sensor.templates == {0: "bert"}
        assert reader.memory.operation is None
        assert reader.memory.last == final
    raise AssertionError("was cancelled after it was over")


def test_the_finger_of_the_last_scan_is_not_a_touch() -> None:
    reader = started()
    good = scans("anna", "anna", "anna")
    reader.user = lambda reader, name: good(reader, name) if reader.scanner.running else None
    reader.enroll()
    reader.run_until_ended()
    assert reader.sensor.finger == "anna"
    reader.run(5000)
    assert reader.touches == []


def test_a_restart_ends_it_with_what_was_captured() -> None:
    reader = started()
    reader.user = at(2, "img2tz", cut_power)
    reader.enroll(ID)
    try:
        reader.run_until_ended()
    except PowerCutError:
        reader.turn_on()
    reader.user = lambda *_: None
    final = reader.scanner.snapshot
    assert (final["stage"], final["reason"], final["step"]) == ("failed", "reader_restarted", 2)
    assert final["captured"] == [{"attempts": 1}]
    assert final["seq"] > max(shown["seq"] for shown in reader.shown)
    assert final["timeout_ms"] is None
    reader.run(1000)
    assert reader.memory.operation is None
    assert reader.memory.last == final


# --- refusals ----------------------------------------------------------------------


def test_refusals_come_in_the_order_of_the_protocol() -> None:
    reader = ScannerHarness()
    assert reader.enroll() == (None, "sensor_error")
    reader.run(1000)
    assert reader.enroll(slot=CAPACITY) == (None, "bad_request")
    assert reader.enroll(total=4) == (None, "bad_request")
    reader.sensor.templates = {5: "anna"}
    reader.turn_on()
    reader.run(1000)
    assert reader.enroll(slot=5) == (None, "slot_occupied")
    assert reader.enroll(slot=6) == (6, None)
    assert reader.enroll(slot=5) == (None, "busy")


def test_an_id_that_names_a_template_names_no_other() -> None:
    reader = enrolled("anna", "bert")
    assert reader.enroll("0" * 16) == (None, "bad_request")


def test_the_lowest_free_slot_is_taken_until_there_is_none() -> None:
    reader = ScannerHarness()
    reader.sensor.templates = dict.fromkeys(range(CAPACITY), "somebody")
    del reader.sensor.templates[257]
    reader.run(1000)
    reader.user = scans("anna", "anna", "anna")
    assert reader.enroll() == (257, None)
    assert reader.run_until_ended()["stage"] == "completed"
    reader.run(1000)
    assert reader.enroll(OTHER) == (None, "sensor_full")


def test_nothing_is_accepted_that_is_not_remembered() -> None:
    reader = started()
    reader.flash.broken = True
    assert reader.enroll() == (None, "sensor_error")
    assert not reader.scanner.running
    assert reader.shown == []


def test_a_flash_that_refuses_the_commit_fails_the_enrollment() -> None:
    reader = started()

    def break_flash(reader: ScannerHarness) -> None:
        reader.flash.broken = True

    reader.user = at(3, "img2tz", break_flash)
    reader.enroll()
    final = reader.run_until_ended()
    assert (final["stage"], final["reason"]) == ("failed", "sensor_error")
    assert len(final["captured"]) == 2
    assert reader.sensor.templates == {}


# --- a sensor that does not answer ---------------------------------------------------


def unplug(reader: ScannerHarness) -> None:
    reader.sensor.gone = True


def test_the_third_silence_fails_an_enrollment_in_time() -> None:
    reader = started()
    reader.user = at(2, "img2tz", unplug)
    reader.enroll(scan_timeout_s=120)
    final = reader.run_until_ended()
    assert (final["stage"], final["reason"]) == ("failed", "sensor_error")
    assert final["rejected"]["last"] == "sensor_error"
    reader.run(1000)
    assert reader.scanner.templates["sensor_error"] == "not_responding"


def test_one_silence_repeats_one_scan() -> None:
    reader = started()
    reader.user = scans(*["anna"] * 4)
    reader.sensor.says = [("img2tz", SensorError())]
    reader.enroll()
    final = reader.run_until_ended()
    assert final["captured"] == [{"attempts": 2}, {"attempts": 1}, {"attempts": 1}]
    assert final["rejected"] == {"count": 1, "last": "sensor_error"}
    reader.run(1000)
    assert reader.told[-1]["sensor_error"] is None


def test_a_slot_that_cannot_be_emptied_now_is_emptied_when_the_sensor_is_back() -> None:
    for restart in (False, True):
        reader = started()

        def cancel_and_unplug(reader: ScannerHarness) -> None:
            reader.scanner.cancel()
            reader.sensor.gone = True

        reader.user = at(3, "img2tz", cancel_and_unplug)
        reader.enroll(ID)
        final = reader.run_until_ended()
        assert final["stage"] == "cancelled"
        assert reader.sensor.templates == {0: "anna"}
        reader.run(20_000)
        assert reader.enroll(OTHER) == (None, "sensor_error")
        if restart:
            reader.turn_on()
            assert reader.scanner.snapshot == final
        reader.sensor.gone = False
        reader.run(10_000)
        assert reader.sensor.templates == {}
        assert reader.memory.operation is None
        assert reader.scanner.snapshot == final
        assert reader.enroll(OTHER) == (0, None)


def test_a_slot_that_the_sensor_did_not_empty_is_emptied_later() -> None:
    reader = started()
    reader.user = scans("anna", "anna", "bert", "bert", "bert")
    reader.sensor.says = [("delet_char", None)]
    reader.enroll(ID)
    assert reader.run_until_ended()["reason"] == "mismatch"
    reader.run(10_000)
    assert reader.sensor.templates == {}
    assert reader.memory.operation is None


def test_no_enrollment_is_accepted_over_a_slot_that_is_not_emptied() -> None:
    """Not even by whoever hears of the end of the one before."""
    reader = started()
    reader.user = scans("anna", "anna", "bert", "bert", "bert")
    reader.sensor.says = [("delet_char", None)]
    answers = []

    def on_snapshot() -> None:
        if not reader.scanner.running:
            answers.append(reader.enroll(OTHER))

    reader.enroll(ID)
    reader.scanner._on_snapshot = on_snapshot
    reader.run(60_000)
    assert answers == [(None, "sensor_error")]


def test_only_what_matters_is_repeated_once_there_is_no_time() -> None:
    reader = started()
    may: dict[str, bool] = {}

    def cancel(reader: ScannerHarness) -> None:
        reader.scanner.cancel()
        may["img2tz"] = reader.sensor.may_repeat()

    good = at(3, "img2tz", cancel)

    def user(reader: ScannerHarness, name: str) -> None:
        may[name] = reader.sensor.may_repeat()
        good(reader, name)

    reader.user = user
    reader.enroll()
    reader.run_until_ended()
    assert (may["store"], may["img2tz"], may["delet_char"]) == (True, False, True)
    reader.run(1000)
    assert may["gen_img"]


def test_a_refused_store_fails_the_enrollment() -> None:
    reader = started()
    reader.user = scans("anna", "anna", "anna")
    reader.sensor.says = [("store", False)]
    reader.enroll()
    final = reader.run_until_ended()
    assert (final["reason"], len(final["captured"])) == ("sensor_error", 1)


def test_a_slot_that_was_filled_behind_our_back_is_not_overwritten_nor_emptied() -> None:
    reader = started()

    def fill(reader: ScannerHarness) -> None:
        reader.sensor.templates[0] = "bert"

    reader.user = at(1, "reg_model", fill)
    reader.enroll()
    assert reader.run_until_ended()["reason"] == "sensor_error"
    reader.run(10_000)
    assert reader.sensor.templates == {0: "bert"}
    assert reader.told[-1]["count"] == 1


def test_a_store_whose_answer_was_lost_may_be_repeated() -> None:
    reader = started()
    reader.user = scans(*["anna"] * 4)

    def lost(reader: ScannerHarness) -> None:
        reader.sensor.templates[0] = "anna"

    reader.user = at(1, "store", lost)
    good = scans(*["anna"] * 4)
    fill = reader.user

    def user(reader: ScannerHarness, name: str) -> None:
        good(reader, name)
        if name == "store":
            fill(reader, name)

    reader.user = user
    reader.sensor.says = [("store", SensorError())]
    reader.enroll()
    assert reader.run_until_ended()["stage"] == "completed"


def test_a_sensor_that_is_missing_at_start_is_found_later() -> None:
    reader = ScannerHarness()
    reader.sensor.gone = True
    assert reader.scanner.templates == {
        "capacity": None,
        "count": None,
        "revision": None,
        "sensor_changed": False,
        "sensor_error": "not_responding",
    }
    reader.run(60_000)
    assert reader.told == []
    reader.sensor.gone = False
    reader.run(10_000)
    assert [told["sensor_error"] for told in reader.told] == [None]
    assert reader.told[0]["capacity"] == CAPACITY


def test_a_sensor_that_falls_silent_is_told_once_and_again_when_it_is_back() -> None:
    reader = started()
    reader.sensor.gone = True
    reader.run(60_000)
    reader.sensor.gone = False
    reader.run(10_000)
    assert [told["sensor_error"] for told in reader.told] == [None, "not_responding", None]
    assert reader.told[1]["capacity"] == CAPACITY


def test_a_wrong_password_has_a_word_of_its_own() -> None:
    reader = ScannerHarness()
    reader.sensor.says = [("vfy_pwd", PasswordError())]
    reader.run(1)
    assert reader.told[-1]["sensor_error"] == "wrong_password"


def test_an_enrollment_that_was_accepted_as_the_sensor_died_still_ends() -> None:
    reader = started()

    def user(reader: ScannerHarness, name: str) -> None:
        if name == "gen_img" and not reader.scanner.running and not reader.shown:
            assert reader.enroll(scan_timeout_s=5) == (0, None)
            reader.sensor.gone = True

    reader.user = user
    begin = reader.now
    reader.run(500)
    final = reader.run_until_ended()
    assert final["stage"] == "failed"
    assert reader.shown_at - begin < 15_000


# --- another sensor ----------------------------------------------------------------


def test_another_sensor_voids_all_ids_until_ours_is_back() -> None:
    reader = enrolled("anna")
    revision = reader.scanner.templates["revision"]
    notepad = reader.sensor.notepad
    reader.sensor.swap({1: "anna", 3: "bert"})
    reader.turn_on()
    reader.run(1000)
    told = reader.told[-1]
    assert (told["sensor_changed"], told["count"]) == (True, 2)
    assert told["revision"] != revision
    assert reader.enroll(ID) == (None, "sensor_changed")
    touch(reader, "anna")
    assert reader.touches[-1][0] == "not_identified"
    assert reader.sensor.templates == {1: "anna", 3: "bert"}
    assert reader.memory.template_id(0) == "0" * 16

    reader.sensor.swap({0: "anna"}, notepad)
    touch(reader, "anna")
    touch(reader, "anna")
    assert reader.touches[-1][:4] == ("identified", reader.touches[-1][1], 0, "0" * 16)
    assert reader.told[-1]["revision"] == revision


def test_a_sensor_swapped_between_two_polls_identifies_nobody() -> None:
    reader = enrolled("anna")
    revision = reader.scanner.templates["revision"]
    reader.sensor.swap({0: "mallory"})
    touch(reader, "mallory")
    assert [entry[0] for entry in reader.touches] == ["not_identified"]
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
        reader.user = lambda *_: None
        assert final["stage"] == "failed", (command, count)
        reader.sensor.finger = None
        reader.run(10_000)
        touch(reader, "carl")
        if command != "store":  # there it happens inside the command, where nobody could notice
            assert reader.sensor.templates == others, (command, count)
        assert [entry[0] for entry in reader.touches] == ["not_identified"], (command, count)
        assert reader.told[-1]["sensor_changed"] is True, (command, count)
        # Ours comes back with what was stored, and is emptied then.
        reader.sensor.swap({0: "anna"} if reader.memory.operation else {}, ours)
        reader.turn_on()
        reader.run(1000)
        assert reader.sensor.templates == {}
        assert reader.told[-1]["sensor_changed"] is False


def test_a_reader_without_a_mark_marks_its_sensor_anew() -> None:
    reader = enrolled("anna")
    mark = reader.sensor.notepad
    reader.flash.records.clear()
    reader.turn_on()
    reader.run(1000)
    assert reader.sensor.notepad != mark
    assert reader.scanner.templates["sensor_changed"] is False
    assert reader.sensor.templates == {0: "anna"}
    touch(reader, "anna")
    assert reader.touches[-1][2:4] == (0, None)


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
        reader.user = lambda *_: None
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
        reader.turn_on()
        reader.run(1000)
        assert reader.sensor.templates == left


def test_a_template_deleted_behind_our_back_loses_its_id_at_the_next_start() -> None:
    reader = enrolled("anna", "bert")
    del reader.sensor.templates[0]
    reader.turn_on()
    reader.run(1000)
    assert reader.memory.template_id(0) is None
    assert reader.memory.template_id(1) == "1" * 16
    assert reader.told[-1]["count"] == 1


# --- touches -----------------------------------------------------------------------


def test_a_touch_tells_who_and_when() -> None:
    reader = enrolled("anna", "bert")
    begin = reader.now
    touch(reader, "bert")
    touch(reader, "carl")
    assert [entry[0] for entry in reader.touches] == ["identified", "not_identified"]
    _, at_ms, slot, template_id, confidence, reason = reader.touches[0]
    assert begin <= at_ms <= begin + 300
    assert (slot, template_id, confidence, reason) == (1, "1" * 16, 100, None)


def test_a_resting_finger_is_one_touch() -> None:
    reader = enrolled("anna")
    reader.sensor.finger = "anna"
    reader.run(60_000)
    assert len(reader.touches) == 1


def test_a_finger_that_comes_right_after_an_enrollment_has_ended_is_a_touch() -> None:
    """The sensor was seen empty since the last scan, so it is no finger of the enrollment."""
    for wait_ms in (0, 100, 300, 1000):
        reader = started()
        reader.user = scans("anna")
        reader.enroll(scan_timeout_s=5)
        assert reader.run_until_ended()["reason"] == "timeout"
        reader.user = lambda *_: None
        reader.run(wait_ms)
        touch(reader, "anna")
        assert len(reader.touches) == 1, wait_ms


def test_so_is_one_after_a_cancel_while_nobody_was_there() -> None:
    reader = started()
    reader.enroll()
    reader.run(1000)
    reader.scanner.cancel()
    assert reader.run_until_ended()["stage"] == "cancelled"
    touch(reader, "anna")
    assert len(reader.touches) == 1


def test_a_finger_that_still_rests_when_an_enrollment_has_ended_is_none() -> None:
    """Whichever way it has ended, until it is lifted and the sensor was seen empty."""
    reader = enrolled("anna")
    for number, (fingers, ending) in enumerate(
        (
            (("bert", "bert", "bert"), "completed"),
            (("anna",), "failed"),
            (("carl", "dora", "dora", "dora"), "failed"),
        )
    ):
        good = scans(*fingers)

        def user(reader: ScannerHarness, name: str, good: "Any" = good) -> None:
            # The last one stays where it is.
            if reader.scanner.running:
                good(reader, name)

        reader.user = user
        assert reader.enroll(str(5 + number) * 16)[1] is None
        assert reader.run_until_ended()["stage"] == ending
        assert reader.sensor.finger == fingers[-1]
        reader.run(2000)
        assert reader.touches == []
        reader.sensor.finger = None
        reader.run(1000)
        touch(reader, "anna")
        assert len(reader.touches) == 1
        reader.touches.clear()
        reader.user = lambda *_: None


def test_an_unreadable_touch_says_why() -> None:
    reader = started()
    for word in BAD_IMAGES:
        reader.sensor.says = [("img2tz", word)]
        touch(reader, "anna")
        assert reader.touches[-1][0] == "unreadable"
        assert reader.touches[-1][5] == word
    reader.sensor.says = [("gen_img", "no_image")]
    touch(reader, "anna")
    assert reader.touches[3][5] == "no_image"


def test_a_touch_whose_sensor_dies_is_not_forgotten() -> None:
    reader = started()
    reader.sensor.says = [("search", SensorError())]
    touch(reader, "anna")
    assert [(entry[0], entry[5]) for entry in reader.touches] == [("unreadable", "sensor_error")]


# --- the light -----------------------------------------------------------------------


def test_identify_blinks_for_three_seconds() -> None:
    reader = started()
    reader.sensor.asked.clear()
    begin = reader.now
    blinking = reader.scanner.identify()
    for _ in range(10):
        reader.turn(blinking)
    assert reader.sensor.asked == ["light"] * 10
    assert reader.now - begin >= 3000
    try:
        reader.turn(blinking)
    except StopIteration:
        return
    raise AssertionError("blinks on")


def test_identify_leaves_an_enrollment_alone() -> None:
    reader = started()
    reader.enroll()
    reader.sensor.asked.clear()
    drive(reader.scanner.identify())
    assert reader.sensor.asked == []


def test_identify_does_not_mind_a_dead_sensor() -> None:
    reader = started()
    reader.sensor.gone = True
    drive(reader.scanner.identify())
    assert reader.told[-1]["sensor_error"] is None


def test_nothing_is_told_where_nothing_changed() -> None:
    reader = started()
    reader.run(3_600_000)
    assert len(reader.told) == 1
    assert reader.shown == []
