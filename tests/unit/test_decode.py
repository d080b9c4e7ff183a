"""From the bytes of the wire to typed messages, and back."""

import base64
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.reader import build, decode
from custom_components.biometric_enroll.reader.fields import Fields, MalformedError
from custom_components.biometric_enroll.reader.messages import IDLE, Answer
from custom_components.biometric_enroll.reader.words import Topic
from tests.unit.histories import histories

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.reader.messages import Snapshot

WIRE = Path(__file__).parents[1] / "wire"


def _decode_answer(payload: bytes) -> object:
    """Read an answer, and its result by what is in it."""
    message = decode.answer(payload)
    if not isinstance(message, Answer):
        return message
    if "nonce" in message.result:
        return decode.hello(message.result)
    if "slot" in message.result:
        return decode.started_slot(message.result)
    if "enrollment" in message.result:
        return decode.ended_snapshot(message.result)
    return message


DECODERS: dict[str, Callable[[bytes], object]] = {
    Topic.STATUS: decode.status,
    Topic.TEMPLATES: lambda payload: decode.templates(Fields.parse(payload)),
    Topic.SNAPSHOT: lambda payload: decode.snapshot(Fields.parse(payload)),
    Topic.TOUCH: decode.touch,
    Topic.ANSWER: _decode_answer,
}
"""What Home Assistant reads, by topic."""


def _fixtures(name: str) -> list[Any]:
    """Return the fixtures of a file that Home Assistant would read, each named by its own name."""
    return [
        pytest.param(topic, fixture, id=fixture["name"])
        for fixture in json.loads((WIRE / name).read_text())
        if (topic := fixture["topic"].split("/", 2)[2]) in DECODERS
    ]


def _valid() -> list[tuple[str, dict[str, Any]]]:
    return [
        (topic, fixture["payload"])
        for topic, fixture in (parameters.values for parameters in _fixtures("messages.json"))
    ]


@pytest.mark.parametrize(("topic", "fixture"), _fixtures("messages.json"))
def test_every_message_of_the_protocol_is_understood(topic: str, fixture: dict[str, Any]) -> None:
    payload = json.dumps(fixture["payload"]).encode()
    assert DECODERS[topic](payload) == DECODERS[topic](payload)


@pytest.mark.parametrize(("topic", "fixture"), _fixtures("malformed.json"))
def test_whatever_the_protocol_does_not_allow_is_malformed(
    topic: str, fixture: dict[str, Any]
) -> None:
    if "payload_base64" in fixture:
        payload = base64.b64decode(fixture["payload_base64"])
    else:
        payload = fixture["payload_text"].encode()
    with pytest.raises(MalformedError):
        DECODERS[topic](payload)


def _harmless(payload: bytes) -> None:
    for decoder in DECODERS.values():
        with contextlib.suppress(MalformedError):
            decoder(payload)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    """Anything else would end in an MQTT callback, as an error that nobody can act on."""
    _harmless(payload)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(_JSON)
def test_no_json_raises_anything_else(value: object) -> None:
    _harmless(json.dumps(value).encode())


def _places(value: object) -> list[tuple[Any, Any]]:
    """Return every container in a JSON value with each of its keys or indices."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [p for v in value.values() for p in _places(v)]
    if isinstance(value, list):
        return [(value, i) for i in range(len(value))] + [p for v in value for p in _places(v)]
    return []


@given(message=st.sampled_from(_valid()), place=st.integers(0, 1000), value=_JSON | st.just(...))
def test_no_valid_message_with_one_wrong_value_raises_anything_else(
    message: tuple[str, dict[str, Any]], place: int, value: object
) -> None:
    """Nearly right messages get deeper into the decoder than random ones."""
    mutated = json.loads(json.dumps(message[1]))
    places = _places(mutated)
    container, key = places[place % len(places)]
    if value is ...:
        del container[key]
    else:
        container[key] = value
    _harmless(json.dumps(mutated).encode())


def test_deep_nesting_is_malformed() -> None:
    """The JSON parser gives up on it with an error of its own."""
    with pytest.raises(MalformedError):
        decode.status(b"[" * 4096)


@given(histories())
def test_a_snapshot_survives_being_written_and_read(history: list[Snapshot]) -> None:
    """The marks are saved in the form of the wire."""
    for snapshot in [IDLE, *history]:
        text = json.dumps(build.snapshot(snapshot))
        assert decode.snapshot(Fields(json.loads(text))) == snapshot
