"""Enrollments, on fake hardware."""

from tests.firmware.portable.fake_hardware import REAL_ANSWER, PowerCutError
from tests.firmware.portable.scanner_harness import (
    BAD_IMAGES,
    ID,
    ScannerHarness,
    at,
    cut_power,
    enrolled,
    nobody,
    scans,
    started,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable


def stages(reader: ScannerHarness) -> "list[tuple[str, int, int]]":
    return [(shown["stage"], shown["step"], len(shown["captured"])) for shown in reader.shown]


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
    assert [name for name in second if name != "read_index_table"] == [
        "img2tz",
        "reg_model",
        "load_char",
        "store",
    ]
    # All pages of it, before Store and after.
    assert second[2:4] == second[6:] == ["read_index_table", "read_index_table"]
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
        reader.sensor.says = [("img2tz", REAL_ANSWER), ("img2tz", word)]
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
    reader.user = nobody
    final = reader.scanner.snapshot
    assert (final["stage"], final["reason"], final["step"]) == ("failed", "reader_restarted", 2)
    assert final["captured"] == [{"attempts": 1}]
    assert final["seq"] > max(shown["seq"] for shown in reader.shown)
    assert final["timeout_ms"] is None
    reader.run(1000)
    assert reader.memory.operation is None
    assert reader.memory.last == final
