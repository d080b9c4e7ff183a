"""Following an enrollment by its snapshots: never back, and each event once."""

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given

from custom_components.biometric_enroll.client.enrollment import (
    EnrollmentEvent,
    EnrollmentEventType,
    advances,
    events,
)
from custom_components.biometric_enroll.protocol.messages import IDLE
from custom_components.biometric_enroll.protocol.words import Reason, Rejection, Stage
from tests.unit.snapshot_strategies import TEMPLATE_ID, deliveries, histories

if TYPE_CHECKING:
    from collections.abc import Iterable

    from custom_components.biometric_enroll.protocol.messages import Snapshot

STARTED = replace(
    IDLE,
    template_id=TEMPLATE_ID,
    seq=1,
    slot=5,
    stage=Stage.PLACE_FINGER,
    step=1,
    total=3,
    timeout_ms=30_000,
)
SECOND = replace(STARTED, seq=5, step=2, captured=(1,))
COMPLETED = replace(
    SECOND, seq=9, step=3, stage=Stage.COMPLETED, captured=(1, 1, 1), timeout_ms=None
)

_FINAL = {EnrollmentEventType.COMPLETED, EnrollmentEventType.FAILED, EnrollmentEventType.CANCELLED}


def follow(snapshots: Iterable[Snapshot]) -> tuple[list[Snapshot], list[EnrollmentEvent]]:
    """Return the successive states, and all reported events."""
    states = [IDLE]
    happened: list[EnrollmentEvent] = []
    for snapshot in snapshots:
        if advances(states[-1], snapshot):
            happened += events(states[-1], snapshot)
            states.append(snapshot)
    return states, happened


def test_a_higher_seq_goes_forward() -> None:
    assert advances(STARTED, replace(STARTED, seq=2, stage=Stage.PROCESSING))


def test_the_same_seq_again_does_not_go_forward() -> None:
    assert not advances(STARTED, STARTED)


def test_a_lower_seq_does_not_go_forward() -> None:
    """A broker that restarts with an outdated store sends outdated retained messages."""
    assert not advances(SECOND, STARTED)


def test_captured_scans_are_never_lost_again() -> None:
    assert not advances(SECOND, replace(STARTED, seq=6))


def test_nothing_follows_a_final_stage() -> None:
    assert not advances(COMPLETED, replace(COMPLETED, seq=10, stage=Stage.CANCELLED))


def test_a_final_stage_needs_no_higher_seq() -> None:
    """Home Assistant itself ends an enrollment that the reader has lost."""
    failed = replace(SECOND, stage=Stage.FAILED, reason=Reason.READER_RESTARTED, timeout_ms=None)
    assert advances(SECOND, failed)


def test_another_enrollment_goes_forward() -> None:
    assert advances(COMPLETED, replace(STARTED, template_id="0" * 16))


def test_the_events_of_another_enrollment_begin_with_started() -> None:
    found = events(COMPLETED, replace(STARTED, template_id="0" * 16))
    assert [event.event for event in found] == [EnrollmentEventType.STARTED]


def test_an_idle_reader_causes_no_event() -> None:
    assert events(COMPLETED, IDLE) == ()


def test_a_rejection_is_reported_before_the_capture_of_its_scan() -> None:
    """After missing scans 1 and 2, Home Assistant still reports which of them had the bad image."""
    new = replace(
        SECOND,
        stage=Stage.LIFT_FINGER,
        captured=(2, 1),
        rejected=1,
        rejected_last=Rejection.TOO_MESSY,
    )
    assert [(found.event, found.step) for found in events(STARTED, new)] == [
        (EnrollmentEventType.SCAN_REJECTED, 1),
        (EnrollmentEventType.SCAN_CAPTURED, 1),
        (EnrollmentEventType.SCAN_CAPTURED, 2),
    ]


def test_only_the_newest_rejection_has_a_reason() -> None:
    new = replace(SECOND, captured=(3,), rejected=3, rejected_last=Rejection.NO_IMAGE)
    rejected = [
        (found.step, found.rejected, found.rejection)
        for found in events(STARTED, new)
        if found.event is EnrollmentEventType.SCAN_REJECTED
    ]
    assert rejected == [(1, 2, None), (2, 1, Rejection.NO_IMAGE)]


def test_a_reported_rejection_is_not_reported_again_with_its_capture() -> None:
    rejected = replace(
        STARTED, seq=3, stage=Stage.LIFT_FINGER, rejected=1, rejected_last=Rejection.TOO_MESSY
    )
    captured = replace(rejected, seq=5, captured=(2,))
    assert [found.event for found in events(rejected, captured)] == [
        EnrollmentEventType.SCAN_CAPTURED
    ]


def test_a_reported_rejection_does_not_hide_one_of_the_next_scan() -> None:
    rejected = replace(STARTED, seq=3, rejected=1, rejected_last=Rejection.TOO_MESSY)
    captured = replace(
        rejected, seq=9, stage=Stage.LIFT_FINGER, step=2, captured=(2, 2), rejected=2
    )
    assert [(found.event, found.step) for found in events(rejected, captured)] == [
        (EnrollmentEventType.SCAN_CAPTURED, 1),
        (EnrollmentEventType.SCAN_REJECTED, 2),
        (EnrollmentEventType.SCAN_CAPTURED, 2),
    ]


@given(histories())
def test_an_undisturbed_enrollment_is_followed_step_by_step(history: list[Snapshot]) -> None:
    states, _ = follow(history)
    assert states == [IDLE, *history]


@given(deliveries())
def test_home_assistant_ends_in_the_last_state(
    delivery: tuple[list[Snapshot], list[Snapshot]],
) -> None:
    history, arrived = delivery
    states, _ = follow(arrived)
    assert states[-1] == history[-1]


@given(deliveries())
def test_all_events_are_reported_once_and_in_order(
    delivery: tuple[list[Snapshot], list[Snapshot]],
) -> None:
    """Whatever is lost, repeated or out of order: started, every scan, the end."""
    history, arrived = delivery
    _, happened = follow(arrived)
    last = history[-1]
    told = [(found.event, found.step) for found in happened]
    rejected = [told for told in told if told[0] is EnrollmentEventType.SCAN_REJECTED]
    assert [each for each in told if each not in rejected] == [
        (EnrollmentEventType.STARTED, 1),
        *((EnrollmentEventType.SCAN_CAPTURED, k) for k in range(1, len(last.captured) + 1)),
        (EnrollmentEventType(last.stage), last.step),
    ]
    assert told[-1][0] in _FINAL


@given(deliveries())
def test_every_rejected_image_is_counted_once(
    delivery: tuple[list[Snapshot], list[Snapshot]],
) -> None:
    history, arrived = delivery
    _, happened = follow(arrived)
    assert sum(found.rejected or 0 for found in happened) == history[-1].rejected


@given(deliveries())
def test_the_attempts_of_each_scan_are_reported(
    delivery: tuple[list[Snapshot], list[Snapshot]],
) -> None:
    history, arrived = delivery
    _, happened = follow(arrived)
    told = [found.attempts for found in happened if found.attempts is not None]
    assert tuple(told) == history[-1].captured


@given(deliveries())
def test_progress_never_falls(delivery: tuple[list[Snapshot], list[Snapshot]]) -> None:
    _, arrived = delivery
    states, _ = follow(arrived)
    progress = [state.progress for state in states]
    assert progress == sorted(progress)
