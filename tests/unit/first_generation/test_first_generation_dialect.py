"""From what readers of the first generation say to typed messages, and what those mean."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.client.enrollment import advances
from custom_components.biometric_enroll.legacy import enrollment as enrollments
from custom_components.biometric_enroll.legacy import protocol as dialect
from custom_components.biometric_enroll.legacy.protocol import (
    EnrollmentMessage,
    EnrollmentStatus,
    ReaderStatus,
    Touch,
)
from custom_components.biometric_enroll.protocol import builder, parser
from custom_components.biometric_enroll.protocol.fields import Fields, MalformedError
from custom_components.biometric_enroll.protocol.words import Reason, Refusal, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.protocol.messages import Snapshot

TEMPLATE_ID = "9f2c01ab44d0e1f7"
OTHER_ID = "0c4f19d2b7a85e63"

_WIRE = json.loads(
    (Path(__file__).parents[2] / "wire" / "first_generation.json").read_text(encoding="utf-8")
)
_RUNNING = enrollments.started(TEMPLATE_ID, 5, 30_000)


def _messages(side: str, *topics: str) -> list[Any]:
    """Return the known messages of a side on some topics, each named by what it means."""
    return [
        pytest.param(message, id=f"{message['sketch']}: {message['meaning']}")
        for message in _WIRE
        if message["from"] == side and _suffix(message) in topics
    ]


def _suffix(message: dict[str, Any]) -> str:
    suffix: str = message["topic"].removeprefix("biometric/esp32/")
    return suffix


def _bytes(message: dict[str, Any]) -> bytes:
    return json.dumps(message["payload"]).encode()


def _news(said: EnrollmentStatus, **what: Any) -> EnrollmentMessage:
    return replace(EnrollmentMessage(said, None, None, None, ""), **what)


# What they say

_SAID = {
    "request taken": (EnrollmentStatus.STARTED, None),
    "no finger yet": (EnrollmentStatus.WAITING, None),
    "scan 1 captured": (EnrollmentStatus.PROGRESS, 1),
    "scan 2 captured": (EnrollmentStatus.PROGRESS, 2),
    "scan 3 captured": (EnrollmentStatus.PROGRESS, 3),
    "scan 1 was too poor and is repeated": (EnrollmentStatus.CAPTURE_FAILED, 1),
    "waits for confirm, without a timeout": (EnrollmentStatus.READY, 3),
    "stored": (EnrollmentStatus.SUCCESS, None),
    "the finger is stored already": (EnrollmentStatus.ERROR, None),
    "two fingers were scanned": (EnrollmentStatus.ERROR, None),
    "the sensor did not store": (EnrollmentStatus.ERROR, None),
    "no such slot": (EnrollmentStatus.ERROR, None),
    "no finger in time": (EnrollmentStatus.ERROR, None),
    "the image was too poor": (EnrollmentStatus.ERROR, None),
    "nothing to cancel": (EnrollmentStatus.ERROR, None),
    "answer to cancel": (EnrollmentStatus.CANCELLED, None),
}
"""Word and step by meaning; what the reader is busy with, each sketch says in its own way."""


@pytest.mark.parametrize("message", _messages("reader", "enroll/response"))
def test_each_message_about_an_enrollment_is_read(message: dict[str, Any]) -> None:
    if message["meaning"] == "busy with another enrollment":
        said = EnrollmentStatus.ERROR if message["sketch"] == "first" else EnrollmentStatus.BLOCKED
        step = None
    else:
        said, step = _SAID[message["meaning"]]
    payload = message["payload"]
    assert dialect.enrollment_message(_bytes(message)) == EnrollmentMessage(
        said, step, payload.get("slot"), payload.get("template_id"), payload.get("message", "")
    )


@pytest.mark.parametrize("message", _messages("reader", "fingerprint"))
def test_each_touch_is_read(message: dict[str, Any]) -> None:
    expected = {
        "a touch of the finger in slot 5": Touch(5, 120),
        "a touch in the other mode": Touch(5, 120),
        "a touch of an unknown finger": Touch(None, 0),
        "a hint only, not a match": Touch(None, 35),
    }
    assert dialect.touch(_bytes(message)) == expected[message["meaning"]]


@pytest.mark.parametrize("message", _messages("reader", "status"))
def test_each_status_is_read(message: dict[str, Any]) -> None:
    expected = {
        "connected": ReaderStatus(True, None, None, None),
        "still there": ReaderStatus(True, False, 127, 3),
        "still there, and busy with an enrollment": ReaderStatus(True, True, 127, 3),
        "answer to sensor_info": ReaderStatus(True, None, 127, 3),
        "answer to clear_all": ReaderStatus(True, None, None, None),
    }
    assert dialect.reader_status(_bytes(message)) == expected[message["meaning"]]
    assert not dialect.is_version_1(_bytes(message))


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (dialect.start(5, TEMPLATE_ID), "start an enrollment"),
        (dialect.cancel(), "cancel the enrollment"),
        (dialect.confirm(), "store what was scanned"),
        (dialect.saved(TEMPLATE_ID), "be free for the next enrollment"),
        (dialect.detect(), "report touches"),
        (dialect.sensor_info(), "tell capacity and count"),
    ],
)
def test_what_is_said_to_them_is_what_they_know(said: str, meaning: str) -> None:
    known = [
        message["payload"]
        for message in _WIRE
        if message["from"] == "home_assistant" and message["meaning"] == meaning
    ]
    assert json.loads(said) in known


def test_a_status_of_version_1_is_told_from_theirs() -> None:
    online = {
        "v": 1, "online": True, "device": "a1b2c3", "firmware": "0.1.0", "board": "esp32",
        "sensor": "R307", "max_scans": 3, "features": [],
    }  # fmt: skip
    assert dialect.is_version_1(json.dumps(online).encode())
    # Whoever it was, it is not there.
    assert not dialect.is_version_1(b'{"v":1,"online":false}')
    assert not dialect.is_version_1(b'{"v":1}')


# Nonsense

READERS: dict[str, Callable[[bytes], object]] = {
    "enroll/response": dialect.enrollment_message,
    "fingerprint": dialect.touch,
    "status": dialect.reader_status,
}

_MALFORMED = {
    "enroll/response": [
        b"",
        b"started",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"status":"stored"}',
        b'{"status":null}',
        b'{"status":["started"]}',
        b'{"status":"started","slot":"5"}',
        b'{"status":"started","slot":-1}',
        b'{"status":"started","slot":5.0}',
        b'{"status":"started","slot":true}',
        b'{"status":"started","slot":65536}',
        b'{"status":"progress","step":0}',
        b'{"status":"progress","step":4}',
        b'{"status":"progress","step":"1"}',
        b'{"v":1,"status":"started"}',
        b'{"status":"waiting","message":"' + b"x" * 4096 + b'"}',
        b"[" * 4000,
    ],
    "fingerprint": [
        b"5",
        b"{}",
        b'{"fingerprint_id":5}',
        b'{"confidence":120}',
        b'{"fingerprint_id":"5","confidence":120}',
        b'{"fingerprint_id":true,"confidence":120}',
        b'{"fingerprint_id":-3,"confidence":120}',
        b'{"fingerprint_id":65536,"confidence":120}',
        b'{"fingerprint_id":5,"confidence":-1}',
        b'{"fingerprint_id":5,"confidence":null}',
        b'{"v":1,"fingerprint_id":5,"confidence":120}',
    ],
    "status": [
        b"online",
        b'"online"',
        b'{"v":1,"online":true}',
        b'{"command":"sensor_info","capacity":"127","stored":3}',
        b'{"command":"sensor_info","capacity":127,"stored":-1}',
        b'{"status":"online","fingerprint_capacity":65536}',
        b'{"status":"online","fingerprints_stored":true}',
    ],
}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [(topic, payload) for topic, payloads in _MALFORMED.items() for payload in payloads],
)
def test_what_they_would_not_say_is_malformed(topic: str, payload: bytes) -> None:
    with pytest.raises(MalformedError):
        READERS[topic](payload)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    for read in READERS.values():
        with contextlib.suppress(MalformedError):
            read(payload)
    dialect.is_version_1(payload)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_FROM_READERS = [message for message in _WIRE if message["from"] == "reader"]


@given(st.sampled_from(_FROM_READERS), st.integers(0, 100), _JSON)
def test_no_message_with_one_wrong_value_raises_anything_else(
    message: dict[str, Any], place: int, value: object
) -> None:
    keys = list(message["payload"])
    payload = {**message["payload"], keys[place % len(keys)]: value}
    with contextlib.suppress(MalformedError):
        READERS[_suffix(message)](json.dumps(payload).encode())


@pytest.mark.parametrize("template_id", [17, 1.5, True, ["a"], {"a": 1}, "", "Anna"])
def test_an_id_of_another_form_is_still_somebody_elses(template_id: object) -> None:
    """Else the enrollment of another system would pass for the one that is running."""
    payload = json.dumps({"status": "progress", "step": 1, "template_id": template_id})
    assert enrollments.names_another(dialect.enrollment_message(payload.encode()), _RUNNING)


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
        # The first sketch refuses higher ones, and does not tell that it is the first.
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
def test_a_full_sensor_is_told_so(taken: set[int], capacity: int, stored: int) -> None:
    assert enrollments.choose_slot(None, taken, capacity, stored) is Refusal.SENSOR_FULL


@pytest.mark.parametrize(
    ("wanted", "capacity", "result"),
    [
        (7, 127, 7),
        (127, None, 127),
        # Whether this sketch can, it will tell itself.
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
