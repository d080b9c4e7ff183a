"""From what readers of the first generation say to typed messages, and what those mean."""

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.legacy import enrollment as enrollments
from custom_components.biometric_enroll.legacy import protocol
from custom_components.biometric_enroll.legacy.protocol import (
    EnrollmentMessage,
    EnrollmentStatus,
    ReaderStatus,
    Touch,
)
from custom_components.biometric_enroll.protocol.fields import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable


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
    assert protocol.enrollment_message(_bytes(message)) == EnrollmentMessage(
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
    assert protocol.touch(_bytes(message)) == expected[message["meaning"]]


@pytest.mark.parametrize("message", _messages("reader", "status"))
def test_each_status_is_read(message: dict[str, Any]) -> None:
    expected = {
        "connected": ReaderStatus(True, None, None, None),
        "still there": ReaderStatus(True, False, 127, 3),
        "still there, and busy with an enrollment": ReaderStatus(True, True, 127, 3),
        "answer to sensor_info": ReaderStatus(True, None, 127, 3),
        "answer to clear_all": ReaderStatus(True, None, None, None),
    }
    assert protocol.reader_status(_bytes(message)) == expected[message["meaning"]]
    assert not protocol.is_version_1(_bytes(message))


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (protocol.start(5, TEMPLATE_ID), "start an enrollment"),
        (protocol.cancel(), "cancel the enrollment"),
        (protocol.confirm(), "store what was scanned"),
        (protocol.saved(TEMPLATE_ID), "be free for the next enrollment"),
        (protocol.detect(), "report touches"),
        (protocol.sensor_info(), "tell capacity and count"),
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
    assert protocol.is_version_1(json.dumps(online).encode())
    # Whoever it was, it is not there.
    assert not protocol.is_version_1(b'{"v":1,"online":false}')
    assert not protocol.is_version_1(b'{"v":1}')


# Nonsense

READERS: dict[str, Callable[[bytes], object]] = {
    "enroll/response": protocol.enrollment_message,
    "fingerprint": protocol.touch,
    "status": protocol.reader_status,
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
    protocol.is_version_1(payload)


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
    assert enrollments.names_another(protocol.enrollment_message(payload.encode()), _RUNNING)
