"""What is refused, and what fails because sensor or flash do."""

from fpreader.sensor_connection import CodeError, PasswordError, SensorError
from tests.firmware.portable.fake_hardware import CAPACITY
from tests.firmware.portable.scanner_harness import (
    ID,
    OTHER,
    ScannerHarness,
    at,
    enrolled,
    nobody,
    scans,
    started,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


def test_refusals_come_in_the_order_of_the_protocol() -> None:
    reader = ScannerHarness()
    assert reader.enroll() == (None, "sensor_error")
    reader.run(1000)
    assert reader.enroll(slot=CAPACITY) == (None, "bad_request")
    assert reader.enroll(total=4) == (None, "bad_request")
    reader.sensor.templates = {5: "anna"}
    reader.restart()
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
    reader.on_snapshot = on_snapshot  # type: ignore[method-assign] # acts in the app's place
    reader.run(60_000)
    assert answers == [(None, "sensor_error")]


def test_only_what_matters_is_repeated_once_there_is_no_time() -> None:
    reader = started()
    may: dict[str, bool] = {}

    def cancel(reader: ScannerHarness) -> None:
        reader.scanner.cancel()
        may["img2tz"] = reader.sensor.connection.may_repeat()

    good = at(3, "img2tz", cancel)

    def user(reader: ScannerHarness, name: str) -> None:
        may[name] = reader.sensor.connection.may_repeat()
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
        "sensor_error_details": None,
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


def test_a_slot_that_strange_codes_kept_from_being_emptied_is_emptied_soon() -> None:
    """They cost single commands, so nothing else would start the sensor again."""
    reader = started()
    good = scans("anna", "anna")

    def user(reader: ScannerHarness, name: str) -> None:
        good(reader, name)
        if name == "store":
            reader.scanner.cancel()
            reader.sensor.says = [("read_notepad", CodeError(0x19, 0x17))]

    reader.user = user
    assert reader.enroll()[1] is None
    assert reader.run_until_ended()["stage"] == "cancelled"
    reader.user = nobody
    reader.run(2000)
    assert reader.sensor.templates == {}
    assert reader.memory.operation is None
