"""What the two sketches say, row by row as the reference has it."""

from typing import Any

import pytest

from tests.first_generation.reader import (
    DETECT_REQUEST,
    ENROLL_COMPLETION,
    ENROLL_RESPONSE,
    FINGERPRINT,
    SCAN_ACKNOWLEDGED,
    STATUS,
    Settings,
)
from tests.first_generation.scene import TEMPLATE_ID, WHICH, Scene
from tests.first_generation.sketch import POOR, Sketch

both = pytest.mark.parametrize("sketch", list(Sketch))

WAITING = {"status": "waiting", "message": "Waiting for finger..."}
SUCCESS = {"status": "success", **WHICH, "message": "Fingerprint enrolled successfully"}


@pytest.fixture
def first() -> Scene:
    return _scene(Sketch.FIRST)


@pytest.fixture
def later() -> Scene:
    return _scene(Sketch.LATER)


def _scene(sketch: Sketch, settings: Settings | None = None) -> Scene:
    scene = Scene(sketch, settings)
    scene.news()
    return scene


def _error(message: str, **details: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, **details}


# A good enrollment


def test_the_first_sketch_goes_straight_to_success_after_two_scans(first: Scene) -> None:
    first.start()
    assert first.responses() == [{"status": "started", **WHICH}, WAITING]
    first.touch("anna")
    assert first.responses() == [{"status": "progress", "step": 1, "message": "Scan 1 captured"}]
    first.touch("anna")
    assert first.responses() == [
        {"status": "progress", "step": 2, "message": "Scan 2 captured"},
        SUCCESS,
    ]
    assert first.sensor.templates == {5: "anna"}


def test_the_later_sketch_asks_for_confirmation_after_three_scans(later: Scene) -> None:
    later.start()
    assert later.responses() == [{"status": "started", **WHICH}, {**WAITING, **WHICH}]
    for step in (1, 2, 3):
        later.place("anna")
        assert later.responses()[0] == {
            "status": "progress",
            "step": step,
            "message": f"Scan {step} captured",
            **WHICH,
            "success": True,
            "quality": 85,
        }
        later.lift()
    later.enroll("confirm")
    assert later.responses() == [SUCCESS]
    assert later.sensor.templates == {5: "anna"}


def test_ready_for_confirmation_follows_the_third_scan_at_once(later: Scene) -> None:
    later.start()
    later.touch("anna", "anna", "anna")
    assert later.responses()[-1] == {
        "status": "ready_for_confirmation",
        "step": 3,
        "message": "Confirm to save the fingerprint",
        **WHICH,
    }
    assert later.sensor.templates == {}


def test_a_confirmation_is_waited_for_without_a_timeout(later: Scene) -> None:
    later.start()
    later.touch("anna", "anna", "anna")
    later.news()
    later.wait(86400)
    assert later.responses() == []
    later.enroll("confirm")
    assert later.statuses() == ["success"]


def test_a_confirmation_before_the_third_scan_does_nothing(later: Scene) -> None:
    later.start()
    later.touch("anna", "anna")
    later.news()
    later.enroll("confirm")
    assert later.responses() == []
    assert later.sensor.templates == {}


def test_the_first_sketch_knows_neither_confirm_nor_cancel_enrollment(first: Scene) -> None:
    first.start()
    first.news()
    first.enroll("confirm")
    first.enroll("cancel_enrollment")
    assert first.responses() == []
    first.touch("anna", "anna")
    assert first.statuses()[-1] == "success"


# Waiting for the finger


@both
def test_waiting_is_repeated_every_two_seconds_while_no_finger_is_there(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.start()
    scene.news()
    scene.wait(7)
    assert scene.statuses() == ["waiting"] * 3
    scene.place("anna")
    scene.news()
    scene.wait(10)
    assert scene.statuses() == []


@both
def test_a_finger_that_stays_is_scanned_once(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.place("anna")
    scene.start()
    scene.wait(10)
    assert scene.statuses() == ["started", "progress"]
    scene.lift()
    assert scene.statuses() == ["waiting"]


@both
def test_scans_that_do_not_come_end_in_a_timeout(sketch: Sketch) -> None:
    scene = _scene(sketch, Settings(enrollment_timeout=20))
    scene.start()
    scene.wait(19)
    scene.touch("anna")
    scene.news()
    scene.wait(1)
    assert scene.responses()[-1] == _error("Enrollment timeout")
    scene.wait(10)
    assert scene.statuses() == []
    scene.start()
    assert scene.statuses() == ["started", "waiting"]


@both
def test_a_finger_that_is_never_lifted_ends_in_a_timeout(sketch: Sketch) -> None:
    scene = _scene(sketch, Settings(enrollment_timeout=20))
    scene.start()
    scene.place("anna")
    scene.news()
    scene.wait(20)
    assert scene.responses() == [_error("Enrollment timeout")]


# Poor images


def test_the_later_sketch_repeats_a_poor_scan(later: Scene) -> None:
    later.start()
    later.touch("anna")
    later.news()
    later.place("anna", POOR)
    assert later.responses() == [
        {
            "status": "capture_failed",
            "step": 2,
            "quality": 45,
            "message": "Poor quality, try again",
            **WHICH,
        }
    ]
    later.lift()
    later.touch("anna", "anna")
    assert later.statuses() == ["progress", "progress", "ready_for_confirmation"]


def test_a_poor_scan_ends_the_enrollment_of_the_first_sketch(first: Scene) -> None:
    first.start()
    first.news()
    first.touch("anna", quality=POOR)
    assert first.responses() == [_error("Image too messy")]
    first.touch("anna", "anna")
    assert first.sensor.templates == {}


# Failures


@both
def test_a_stored_finger_is_refused_even_for_its_own_slot(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.sensor.templates[5] = "anna"
    scene.start()
    scene.news()
    scene.touch("anna")
    which = WHICH if sketch is Sketch.LATER else {}
    assert scene.responses() == [_error("Fingerprint already exists!", **which)]


def test_two_fingers_fail_the_first_sketch(first: Scene) -> None:
    first.start()
    first.touch("anna", "ben")
    assert first.responses()[-1] == _error("Fingerprints did not match")
    assert first.sensor.templates == {}


def test_two_fingers_in_the_last_two_scans_fail_the_later_sketch(later: Scene) -> None:
    later.start()
    later.touch("anna", "anna", "ben")
    assert later.responses()[-1] == _error("Fingerprints did not match", error_code=10, **WHICH)


def test_the_later_sketch_does_not_notice_another_finger_in_the_first_scan(later: Scene) -> None:
    later.start()
    later.touch("anna", "ben", "ben")
    later.enroll("confirm")
    assert later.sensor.templates == {5: "ben"}


@both
def test_a_sensor_that_does_not_store_is_an_error(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.sensor.refuses_to_store = True
    scene.start()
    scene.touch("anna", "anna", "anna")
    scene.enroll("confirm")
    details = {"error_code": 24, **WHICH} if sketch is Sketch.LATER else {}
    assert scene.responses()[-1] == _error("Failed to store fingerprint", **details)
    assert scene.sensor.templates == {}


@both
@pytest.mark.parametrize("slot", [0, 128, None, "five"])
def test_slots_are_1_to_127(sketch: Sketch, slot: Any) -> None:
    scene = _scene(sketch)
    scene.start(slot)
    assert scene.responses() == [_error("Invalid slot number (1-127)")]


@both
@pytest.mark.parametrize("slot", [1, 127])
def test_the_lowest_and_the_highest_slot_are_taken(sketch: Sketch, slot: int) -> None:
    scene = _scene(sketch)
    scene.start(slot)
    assert scene.statuses()[0] == "started"


@pytest.mark.parametrize(("slot", "status"), [(200, "started"), (201, "error")])
def test_the_later_sketch_takes_slots_up_to_the_capacity(slot: int, status: str) -> None:
    scene = _scene(Sketch.LATER, Settings(capacity=200))
    scene.start(slot)
    assert scene.statuses()[0] == status


def test_the_first_sketch_takes_127_slots_whatever_the_capacity() -> None:
    scene = _scene(Sketch.FIRST, Settings(capacity=200))
    scene.start(128)
    assert scene.responses() == [_error("Invalid slot number (1-127)")]


@both
def test_an_occupied_slot_is_overwritten_without_a_word(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.sensor.templates[5] = "ben"
    scene.start()
    scene.touch("anna", "anna", "anna")
    scene.enroll("confirm")
    assert scene.sensor.templates == {5: "anna"}
    assert "error" not in scene.statuses()


# Cancel, and being busy


@both
def test_a_cancel_ends_the_enrollment_between_two_scans(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.start()
    scene.touch("anna")
    scene.news()
    scene.enroll("cancel")
    assert scene.responses() == [{"status": "cancelled", "slot": 5}]
    scene.touch("anna", "anna", "anna")
    scene.wait(100)
    assert scene.statuses() == []
    assert scene.sensor.templates == {}


def test_the_later_sketch_cancels_by_two_names_and_instead_of_a_confirmation(later: Scene) -> None:
    later.start()
    later.touch("anna", "anna", "anna")
    later.news()
    later.enroll("cancel_enrollment")
    assert later.responses() == [{"status": "cancelled", "slot": 5}]
    later.enroll("confirm")
    assert later.sensor.templates == {}


def test_a_cancel_of_nothing_is_answered_all_the_same_by_the_first_sketch(first: Scene) -> None:
    first.enroll("cancel")
    assert first.responses() == [{"status": "cancelled", "slot": 0}]


def test_a_cancel_of_nothing_is_an_error_of_the_later_sketch(later: Scene) -> None:
    later.enroll("cancel")
    assert later.responses() == [_error("No enrollment in progress")]


def test_the_first_sketch_refuses_a_second_enrollment_and_goes_on(first: Scene) -> None:
    first.start()
    first.touch("anna")
    first.news()
    first.start(6, "0000000000000000")
    assert first.responses() == [_error("Enrollment already in progress")]
    first.touch("anna")
    assert first.responses()[-1] == SUCCESS


def test_the_later_sketch_is_blocked_until_it_hears_that_the_enrollment_was_saved(
    later: Scene,
) -> None:
    blocked = {"status": "blocked", "waiting_for": "enrollment_completion", **WHICH}
    later.start()
    later.news()
    later.start(6, "0000000000000000")
    assert later.responses() == [blocked]
    later.touch("anna", "anna", "anna")
    later.enroll("confirm")
    later.wait(86400)
    later.news()
    later.start(6, "0000000000000000")
    assert later.responses() == [blocked]
    later.save()
    assert later.responses() == []
    later.start(6, "0000000000000000")
    assert later.responses()[0] == {
        "status": "started",
        "slot": 6,
        "template_id": "0000000000000000",
    }


def test_the_first_sketch_is_free_after_success(first: Scene) -> None:
    first.start()
    first.touch("anna", "anna")
    first.news()
    first.start(6)
    assert first.statuses() == ["started", "waiting"]


def test_a_completion_ends_a_running_enrollment_of_the_later_sketch(later: Scene) -> None:
    later.start()
    later.news()
    later.save()
    later.wait(100)
    assert later.statuses() == []


def test_another_completion_frees_nothing(later: Scene) -> None:
    later.start()
    later.send(ENROLL_COMPLETION, {"status": "other", "template_id": TEMPLATE_ID})
    later.news()
    later.start()
    assert later.statuses() == ["blocked"]


# Touches


def test_touches_of_the_first_sketch_tell_slot_confidence_time_and_mode(first: Scene) -> None:
    first.sensor.templates[5] = "anna"
    first.enable()
    first.wait(12.5)
    first.touch("anna", "ben")
    first.touch("anna", quality=POOR)
    common = {"timestamp": 12500, "mode": "attendance"}
    assert first.news() == [
        (FINGERPRINT, {"fingerprint_id": 5, "confidence": 120, **common}),
        (FINGERPRINT, {"fingerprint_id": -1, "confidence": 0, **common}),
    ]


def test_touches_of_the_later_sketch_also_tell_how_they_matched(later: Scene) -> None:
    later.sensor.templates[5] = "anna"
    later.enable("registration")
    later.touch("anna", "ben")
    later.touch("anna", quality=POOR)
    found = [
        (message["fingerprint_id"], message["match_type"], message.get("reason"), message["mode"])
        for _, message in later.news()
    ]
    assert found == [
        (5, "hardware", None, "registration"),
        (-1, "hardware", "no match", "registration"),
        (-2, "hint", "low confidence", "registration"),
    ]


@both
def test_nothing_is_detected_until_it_is_enabled_nor_after_it_is_disabled(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.touch("anna")
    assert scene.news() == []
    scene.enable()
    scene.touch("anna")
    assert [suffix for suffix, _ in scene.news()] == [FINGERPRINT]
    scene.send(DETECT_REQUEST, {"action": "disable", "mode": "attendance"})
    scene.touch("anna")
    assert scene.news() == []


def test_the_mode_may_be_a_number_for_the_later_sketch_only(first: Scene, later: Scene) -> None:
    modes = []
    for scene in (first, later):
        scene.enable(1)
        scene.touch("anna")
        modes.append(scene.news()[0][1]["mode"])
    assert modes == ["attendance", "registration"]


@both
def test_a_sketch_may_detect_from_the_start(sketch: Sketch) -> None:
    scene = _scene(sketch, Settings(detecting_at_start=True))
    scene.touch("anna")
    assert [suffix for suffix, _ in scene.news()] == [FINGERPRINT]


@both
def test_a_finger_that_stays_is_reported_again(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.enable()
    scene.place("anna")
    scene.wait(4)
    scene.lift()
    scene.wait(4)
    assert len(scene.news()) == 3


@both
def test_scans_of_an_enrollment_are_no_touches_but_what_stays_on_is_one(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.enable()
    scene.start()
    scene.place("anna")
    assert FINGERPRINT not in {suffix for suffix, _ in scene.news()}
    scene.enroll("cancel")
    assert [suffix for suffix, _ in scene.news()] == [ENROLL_RESPONSE, FINGERPRINT]


# Status, commands, and what goes wrong around it


@both
def test_status_comes_at_connect_and_then_periodically(sketch: Sketch) -> None:
    scene = Scene(sketch, Settings(status_period=10, device_id="esp32_lab"))
    assert scene.news() == [(STATUS, {"status": "online", "timestamp": 0})]
    scene.sensor.templates[5] = "anna"
    scene.wait(9.9)
    assert scene.news() == []
    scene.wait(10.1)
    full = {
        "device_id": "esp32_lab",
        "status": "online",
        "wifi_signal": -61,
        "enrollment_in_progress": False,
        "detection_mode": 0,
        "fingerprints_stored": 1,
        "fingerprint_capacity": 127,
    }
    assert scene.news() == [
        (STATUS, {**full, "uptime_seconds": 10}),
        (STATUS, {**full, "uptime_seconds": 20}),
    ]


@both
def test_status_tells_that_an_enrollment_is_in_progress(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.enable("registration")
    scene.start()
    scene.wait(30)
    status = [message for suffix, message in scene.news() if suffix == STATUS]
    assert [(one["enrollment_in_progress"], one["detection_mode"]) for one in status] == [(True, 1)]


@both
def test_commands_are_answered_on_the_status_topic(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.sensor.templates |= {1: "anna", 2: "ben"}
    scene.command("sensor_info")
    scene.command("clear_all")
    assert scene.news() == [
        (STATUS, {"command": "sensor_info", "capacity": 127, "stored": 2}),
        (STATUS, {"command": "clear_all", "status": "success"}),
    ]
    assert scene.sensor.templates == {}


@both
def test_it_hears_acknowledgements_of_scans_and_never_reads_them(sketch: Sketch) -> None:
    scene = _scene(sketch)
    assert SCAN_ACKNOWLEDGED in scene.reader.subscriptions
    scene.start()
    scene.news()
    scene.send(SCAN_ACKNOWLEDGED, {"action": "cancel", "command": "clear_all"})
    assert scene.news() == []
    scene.touch("anna")
    assert scene.statuses() == ["progress"]


@both
@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"7", b"{}", b'{"action":"dance"}'])
def test_what_it_does_not_understand_is_dropped_without_a_word(
    sketch: Sketch, payload: bytes
) -> None:
    scene = _scene(sketch)
    for suffix in (*scene.reader.subscriptions, "elsewhere"):
        scene.reader.take(suffix, payload, scene.now)
    assert scene.news() == []


def test_completion_is_not_for_the_first_sketch(first: Scene) -> None:
    assert ENROLL_COMPLETION not in first.reader.subscriptions
    first.start()
    first.save()
    first.touch("anna", "anna")
    assert first.statuses()[-1] == "success"


@both
def test_what_it_says_while_the_broker_is_away_is_lost(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.start()
    scene.news()
    scene.reader.disconnected(scene.now)
    scene.touch("anna")
    scene.wait(100)
    assert scene.news() == []
    scene.reader.connected(scene.now)
    assert scene.news() == [(STATUS, {"status": "online", "timestamp": 0})]


@both
def test_a_reboot_keeps_only_the_templates(sketch: Sketch) -> None:
    scene = _scene(sketch)
    scene.sensor.templates[5] = "anna"
    scene.enable()
    scene.start(6)
    scene.wait(50)
    scene.news()
    scene.reader.reboot(scene.now)
    scene.touch("ben")
    scene.reader.connected(scene.now)
    scene.wait(7)
    scene.touch("ben")
    assert scene.news() == [(STATUS, {"status": "online", "timestamp": 0})]
    scene.enable()
    scene.touch("anna")
    assert [(one["fingerprint_id"], one["timestamp"]) for _, one in scene.news()] == [(5, 7000)]


def test_its_milliseconds_start_over_after_49_days(first: Scene) -> None:
    first.enable()
    first.now += 2**32 / 1000 + 1
    first.touch("ben")
    assert [one["timestamp"] for suffix, one in first.news() if suffix == FINGERPRINT] == [1000]
