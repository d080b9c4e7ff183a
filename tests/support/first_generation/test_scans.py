"""What the two sketches say from `started` to `success`, row by row as the reference has it."""

from tests.support.first_generation.reader import Settings
from tests.support.first_generation.scene import (
    SUCCESS,
    WAITING,
    WHICH,
    Scene,
    both,
    error,
    quiet_scene,
)
from tests.support.first_generation.sketch import POOR, Sketch

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
    scene = quiet_scene(sketch)
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
    scene = quiet_scene(sketch)
    scene.place("anna")
    scene.start()
    scene.wait(10)
    assert scene.statuses() == ["started", "progress"]
    scene.lift()
    assert scene.statuses() == ["waiting"]


@both
def test_scans_that_do_not_come_end_in_a_timeout(sketch: Sketch) -> None:
    scene = quiet_scene(sketch, Settings(enrollment_timeout=20))
    scene.start()
    scene.wait(19)
    scene.touch("anna")
    scene.news()
    scene.wait(1)
    assert scene.responses()[-1] == error("Enrollment timeout")
    scene.wait(10)
    assert scene.statuses() == []
    scene.start()
    assert scene.statuses() == ["started", "waiting"]


@both
def test_a_finger_that_is_never_lifted_ends_in_a_timeout(sketch: Sketch) -> None:
    scene = quiet_scene(sketch, Settings(enrollment_timeout=20))
    scene.start()
    scene.place("anna")
    scene.news()
    scene.wait(20)
    assert scene.responses() == [error("Enrollment timeout")]


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
    assert first.responses() == [error("Image too messy")]
    first.touch("anna", "anna")
    assert first.sensor.templates == {}
