"""How enrollments of the two sketches fail, are cancelled, and keep others out."""

from typing import Any

import pytest

from tests.support.first_generation.reader import ENROLL_COMPLETION, Settings
from tests.support.first_generation.scene import (
    SUCCESS,
    TEMPLATE_ID,
    WHICH,
    Scene,
    both,
    error,
    quiet_scene,
)
from tests.support.first_generation.sketch import Sketch

# Failures


@both
def test_a_stored_finger_is_refused_even_for_its_own_slot(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.sensor.templates[5] = "anna"
    scene.start()
    scene.news()
    scene.touch("anna")
    which = WHICH if sketch is Sketch.LATER else {}
    assert scene.responses() == [error("Fingerprint already exists!", **which)]


def test_two_fingers_fail_the_first_sketch(first: Scene) -> None:
    first.start()
    first.touch("anna", "ben")
    assert first.responses()[-1] == error("Fingerprints did not match")
    assert first.sensor.templates == {}


def test_two_fingers_in_the_last_two_scans_fail_the_later_sketch(later: Scene) -> None:
    later.start()
    later.touch("anna", "anna", "ben")
    assert later.responses()[-1] == error("Fingerprints did not match", error_code=10, **WHICH)


def test_the_later_sketch_does_not_notice_another_finger_in_the_first_scan(later: Scene) -> None:
    later.start()
    later.touch("anna", "ben", "ben")
    later.enroll("confirm")
    assert later.sensor.templates == {5: "ben"}


@both
def test_a_sensor_that_does_not_store_is_an_error(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.sensor.refuses_to_store = True
    scene.start()
    scene.touch("anna", "anna", "anna")
    scene.enroll("confirm")
    details = {"error_code": 24, **WHICH} if sketch is Sketch.LATER else {}
    assert scene.responses()[-1] == error("Failed to store fingerprint", **details)
    assert scene.sensor.templates == {}


@both
@pytest.mark.parametrize("slot", [0, 128, None, "five"])
def test_slots_are_1_to_127(sketch: Sketch, slot: Any) -> None:
    scene = quiet_scene(sketch)
    scene.start(slot)
    assert scene.responses() == [error("Invalid slot number (1-127)")]


@both
@pytest.mark.parametrize("slot", [1, 127])
def test_the_lowest_and_the_highest_slot_are_taken(sketch: Sketch, slot: int) -> None:
    scene = quiet_scene(sketch)
    scene.start(slot)
    assert scene.statuses()[0] == "started"


@pytest.mark.parametrize(("slot", "status"), [(200, "started"), (201, "error")])
def test_the_later_sketch_takes_slots_up_to_the_capacity(slot: int, status: str) -> None:
    scene = quiet_scene(Sketch.LATER, Settings(capacity=200))
    scene.start(slot)
    assert scene.statuses()[0] == status


def test_the_first_sketch_takes_127_slots_whatever_the_capacity() -> None:
    scene = quiet_scene(Sketch.FIRST, Settings(capacity=200))
    scene.start(128)
    assert scene.responses() == [error("Invalid slot number (1-127)")]


@both
def test_an_occupied_slot_is_overwritten_without_a_message(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.sensor.templates[5] = "ben"
    scene.start()
    scene.touch("anna", "anna", "anna")
    scene.enroll("confirm")
    assert scene.sensor.templates == {5: "anna"}
    assert "error" not in scene.statuses()


# Cancel, and being busy


@both
def test_a_cancel_ends_the_enrollment_between_two_scans(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
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
    assert later.responses() == [error("No enrollment in progress")]


def test_the_first_sketch_refuses_a_second_enrollment_and_goes_on(first: Scene) -> None:
    first.start()
    first.touch("anna")
    first.news()
    first.start(6, "0000000000000000")
    assert first.responses() == [error("Enrollment already in progress")]
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
