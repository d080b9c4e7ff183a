"""What messages of first-generation readers mean for an enrollment, and which slot is free."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.client.enrollment import advances
from custom_components.biometric_enroll.legacy import enrollment as enrollments
from custom_components.biometric_enroll.legacy.protocol import (
    EnrollmentMessage,
    EnrollmentStatus,
)
from custom_components.biometric_enroll.protocol import builder, parser
from custom_components.biometric_enroll.protocol.fields import Fields
from custom_components.biometric_enroll.protocol.words import Reason, Refusal, Stage

if TYPE_CHECKING:
    from custom_components.biometric_enroll.protocol.messages import Snapshot

TEMPLATE_ID = "9f2c01ab44d0e1f7"

OTHER_ID = "0c4f19d2b7a85e63"

_RUNNING = enrollments.started(TEMPLATE_ID, 5, 30_000)


def _news(said: EnrollmentStatus, **what: Any) -> EnrollmentMessage:
    return replace(EnrollmentMessage(said, None, None, None, ""), **what)


# What it means for the enrollment that is running


def _after(*said: EnrollmentMessage) -> Snapshot:
    snapshot = _RUNNING
    for news in said:
        snapshot = enrollments.advance(snapshot, news)
    return snapshot


def _captured(step: int) -> EnrollmentMessage:
    return _news(EnrollmentStatus.PROGRESS, step=step)


_WAITING = _news(EnrollmentStatus.WAITING)

_POOR = _news(EnrollmentStatus.CAPTURE_FAILED)

_SUCCESS = _news(EnrollmentStatus.SUCCESS, template_id=TEMPLATE_ID)


def _error(text: str) -> EnrollmentMessage:
    return _news(EnrollmentStatus.ERROR, text=text)


@pytest.mark.parametrize(
    ("said", "stage", "step", "captured"),
    [
        ([], "place_finger", 1, ()),
        ([_WAITING], "place_finger", 1, ()),
        ([_captured(1)], "lift_finger", 1, (1,)),
        ([_captured(1), _captured(1)], "lift_finger", 1, (1,)),
        ([_captured(1), _WAITING], "place_finger", 2, (1,)),
        ([_captured(1), _captured(2)], "lift_finger", 2, (1, 1)),
        ([_captured(2)], "lift_finger", 2, (1, 1)),
        ([_captured(2), _captured(1)], "lift_finger", 2, (1, 1)),
        ([_POOR], "lift_finger", 1, ()),
        ([_POOR, _WAITING, _captured(1)], "lift_finger", 1, (2,)),
        ([_captured(1), _POOR, _POOR, _captured(2)], "lift_finger", 2, (1, 3)),
        ([_POOR, _captured(2)], "lift_finger", 2, (2, 1)),
        ([_captured(3)], "lift_finger", 3, (1, 1, 1)),
        ([_captured(3), _WAITING], "lift_finger", 3, (1, 1, 1)),
        ([_news(EnrollmentStatus.READY, step=3)], "lift_finger", 3, (1, 1, 1)),
        ([_captured(3), _news(EnrollmentStatus.READY)], "lift_finger", 3, (1, 1, 1)),
        ([_captured(2), _SUCCESS], "completed", 3, (1, 1, 1)),
        ([_SUCCESS], "completed", 3, (1, 1, 1)),
        ([_captured(1), _news(EnrollmentStatus.CANCELLED)], "cancelled", 1, (1,)),
        ([_captured(1), _error("Enrollment timeout")], "failed", 1, (1,)),
        ([_news(EnrollmentStatus.BLOCKED)], "place_finger", 1, ()),
        ([_news(EnrollmentStatus.STARTED)], "place_finger", 1, ()),
    ],
)
def test_an_enrollment_goes_on_as_they_tell(
    said: list[EnrollmentMessage], stage: str, step: int, captured: tuple[int, ...]
) -> None:
    snapshot = _after(*said)
    assert (snapshot.stage, snapshot.step, snapshot.captured) == (stage, step, captured)


@pytest.mark.parametrize("template_id", [None, OTHER_ID, ""])
def test_no_success_but_with_our_template_id_is_ours(template_id: str | None) -> None:
    assert _after(_captured(2), _news(EnrollmentStatus.SUCCESS, template_id=template_id)).running


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Fingerprint already exists!", Reason.DUPLICATE),
        ("Finger already enrolled", Reason.DUPLICATE),
        ("Duplicate fingerprint", Reason.DUPLICATE),
        ("Enrollment timeout", Reason.TIMEOUT),
        ("Timed out", Reason.TIMEOUT),
        ("Fingerprints did not match", Reason.MISMATCH),
        ("Failed to store fingerprint", Reason.SENSOR_ERROR),
        ("Image too messy", Reason.SENSOR_ERROR),
        ("No enrollment in progress", Reason.READER_RESTARTED),
        ("", Reason.SENSOR_ERROR),
    ],
)
def test_an_error_ends_it_for_one_of_our_reasons(text: str, reason: Reason) -> None:
    snapshot = _after(_captured(1), _error(text))
    assert (snapshot.stage, snapshot.reason) == (Stage.FAILED, reason)


@pytest.mark.parametrize("text", ["Enrollment already in progress", "Invalid slot number (1-127)"])
def test_a_refusal_of_somebody_elses_request_does_not_end_it(text: str) -> None:
    assert _after(_captured(1), _error(text)) == _after(_captured(1))


@given(
    st.lists(
        st.builds(
            EnrollmentMessage,
            status=st.sampled_from(EnrollmentStatus),
            step=st.none() | st.integers(1, 3),
            slot=st.none(),
            template_id=st.sampled_from([None, TEMPLATE_ID]),
            text=st.sampled_from(["", "timeout", "exists", "match", "busy"]),
        ),
        max_size=30,
    )
)
def test_whatever_they_tell_the_snapshots_are_of_version_1_and_only_advance(
    said: list[EnrollmentMessage],
) -> None:
    """They are kept in the form of the wire, and shown by what is made for version 1."""
    current = _RUNNING
    for news in said:
        if not current.running:
            break
        new = enrollments.advance(current, news)
        assert new == current or advances(current, new)
        assert parser.snapshot(Fields(json.loads(json.dumps(builder.snapshot(new))))) == new
        current = new


@pytest.mark.parametrize(
    ("what", "another"),
    [
        ({}, False),
        ({"template_id": TEMPLATE_ID}, False),
        ({"slot": 5}, False),
        ({"template_id": TEMPLATE_ID, "slot": 5}, False),
        ({"template_id": OTHER_ID, "slot": 5}, True),
        ({"template_id": OTHER_ID}, True),
        ({"slot": 6}, True),
        ({"slot": 0}, True),
    ],
)
def test_what_names_another_enrollment_is_not_about_ours(
    what: dict[str, Any], another: bool
) -> None:
    assert enrollments.names_another(_news(EnrollmentStatus.PROGRESS, **what), _RUNNING) is another


def test_nothing_runs_after_a_cancel_whatever_slot_it_names() -> None:
    """A reader that has restarted answers with a slot that is nobody's."""
    assert not enrollments.names_another(_news(EnrollmentStatus.CANCELLED, slot=0), _RUNNING)


# The slot


@pytest.mark.parametrize(
    ("taken", "capacity", "stored", "slot"),
    [
        (set(), 127, 0, 1),
        (set(), None, None, 1),
        ({1, 2}, 127, 2, 3),
        ({2}, 127, 1, 1),
        # Somebody else's are there too: they came from below.
        (set(), 127, 3, 127),
        ({1, 127}, 127, 5, 126),
        # The first sketch refuses higher ones, and does not say that it is the first.
        (set(), 1000, 3, 127),
        (set(), 20, 3, 20),
        # Cleared behind our back: a name too many does no harm.
        ({1, 2}, 127, 0, 3),
    ],
)
def test_the_slot_is_free_as_far_as_anybody_can_know(
    taken: set[int], capacity: int | None, stored: int | None, slot: int
) -> None:
    assert enrollments.choose_slot(None, taken, capacity, stored) == slot


@pytest.mark.parametrize(
    ("taken", "capacity", "stored"),
    [(set(), 127, 127), (set(range(1, 128)), 127, 127), (set(range(1, 21)), 20, 0)],
)
def test_a_full_sensor_is_an_error(taken: set[int], capacity: int, stored: int) -> None:
    assert enrollments.choose_slot(None, taken, capacity, stored) is Refusal.SENSOR_FULL


@pytest.mark.parametrize(
    ("wanted", "capacity", "result"),
    [
        (7, 127, 7),
        (127, None, 127),
        # The reader itself refuses the slot if its sketch cannot use it.
        (500, 1000, 500),
        (5, 127, Refusal.SLOT_OCCUPIED),
        (0, 127, Refusal.BAD_REQUEST),
        (128, 127, Refusal.BAD_REQUEST),
        (128, None, Refusal.BAD_REQUEST),
    ],
)
def test_a_wanted_slot_is_taken_or_refused(
    wanted: int, capacity: int | None, result: int | Refusal
) -> None:
    assert enrollments.choose_slot(wanted, {5}, capacity, 1) == result
