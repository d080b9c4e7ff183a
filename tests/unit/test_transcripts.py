"""Recorded enrollments of the real firmware, parsed by the integration.

`tests/firmware` shows that the firmware says exactly these messages.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.biometric_enroll.client.enrollment import (
    EnrollmentEvent,
    EnrollmentEventType,
    advances,
    events,
)
from custom_components.biometric_enroll.protocol import builder, parser
from custom_components.biometric_enroll.protocol.fields import Fields
from custom_components.biometric_enroll.protocol.messages import IDLE, Answer, Snapshot

_FOLDER = Path(__file__).parent.parent / "wire" / "transcripts"
_NAMES = sorted(file.stem for file in _FOLDER.glob("*.json"))

ENDS = {
    "always_finger": ("completed", None),
    "another_sensor": ("completed", None),
    "bad_image": ("completed", None),
    "cancel": ("cancelled", None),
    "changes": ("completed", None),
    "checks": ("cancelled", None),
    "duplicate": ("failed", "duplicate"),
    "flickering_finger": ("completed", None),
    "good": ("completed", None),
    "mismatch": ("failed", "mismatch"),
    "mismatch_at_the_last_scan": ("completed", None),
    "no_processing": ("completed", None),
    "published_again": ("failed", "reader_restarted"),
    "reader_restarted": ("failed", "reader_restarted"),
    "refused": ("cancelled", None),
    "sensor_missing_at_start": ("failed", "reader_restarted"),
    "sensor_unplugged": ("failed", "sensor_error"),
    "seven_scans": ("completed", None),
    "shifted_index": ("completed", None),
    "stored_unverified": ("completed", None),
    "strange_codes": ("completed", None),
    "timeout": ("failed", "timeout"),
    "touch_after_timeout": ("failed", "timeout"),
}


def transcript(name: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads((_FOLDER / f"{name}.json").read_text())
    return messages


def said(name: str, topic: str) -> list[bytes]:
    """Return the reader's messages on one of its topics."""
    return [
        json.dumps(message["payload"]).encode()
        for message in transcript(name)
        if message["from"] == "reader" and message["topic"].endswith(f"/{topic}")
    ]


def follow(name: str) -> tuple[Snapshot, list[EnrollmentEvent]]:
    """Follow the last enrollment of a transcript as the integration does; it has to advance."""
    current = IDLE
    told: list[EnrollmentEvent] = []
    for payload in said(name, "enroll/response"):
        snapshot = parser.snapshot(Fields.parse(payload))
        if snapshot.template_id != current.template_id:
            current, told = IDLE, []
        if not advances(current, snapshot):
            assert snapshot.seq == current.seq, "the firmware went back"
            continue
        told += events(current, snapshot)
        current = snapshot
    return current, told


def test_every_transcript_has_its_end_here() -> None:
    assert sorted(ENDS) == _NAMES


@pytest.mark.parametrize("name", _NAMES)
def test_every_scan_is_told_once_and_in_order(name: str) -> None:
    last, told = follow(name)
    assert (last.stage, last.reason) == ENDS[name]
    captured = [event.step for event in told if event.event is EnrollmentEventType.SCAN_CAPTURED]
    assert captured == list(range(1, len(last.captured) + 1))
    assert sum(event.rejected or 0 for event in told) == last.rejected
    assert [told[0].event, told[-1].event] == [EnrollmentEventType.STARTED, ENDS[name][0]]


@pytest.mark.parametrize("name", _NAMES)
def test_every_answer_and_every_retained_message_is_understood(name: str) -> None:
    for payload in said(name, "status"):
        parser.status(payload)
    for payload in said(name, "templates"):
        parser.templates(Fields.parse(payload))
    asked = {message["payload"].get("request"): message for message in transcript(name)}
    for payload in said(name, "command/response"):
        answer = parser.answer(payload)
        question = asked[answer.request]["payload"]
        if isinstance(answer, Answer) and question.get("command") == "hello":
            parser.hello(answer.result)


@pytest.mark.parametrize("name", _NAMES)
def test_the_requests_are_those_that_the_integration_makes(name: str) -> None:
    answers = [json.loads(payload) for payload in said(name, "command/response")]
    nonsense = {
        answer["request"]
        for answer in answers
        if answer.get("error") in {"bad_request", "unknown_command"}
    }
    for message in transcript(name):
        # What a reader has to refuse is nothing that the integration says.
        if message["from"] != "ha" or message["payload"]["request"] in nonsense:
            continue
        payload = dict(message["payload"])
        version, request = payload.pop("v"), payload.pop("request")
        asked = payload.pop("command", None) or payload.pop("action")
        make = builder.list_templates if asked == "list" else getattr(builder, asked)
        assert version == 1
        assert json.loads(make(request, **payload)) == message["payload"]
