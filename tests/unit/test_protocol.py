"""Parsing of messages from bytes, and building of requests."""

import base64
import contextlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.protocol import builder, parser
from custom_components.biometric_enroll.protocol.fields import Fields, MalformedError
from custom_components.biometric_enroll.protocol.messages import (
    IDLE,
    Answer,
    Page,
    Refused,
    Settings,
    Touch,
)
from custom_components.biometric_enroll.protocol.words import LedColor, Refusal, Topic
from tests.unit.snapshot_strategies import histories

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.protocol.messages import Snapshot

WIRE = Path(__file__).parents[1] / "wire"
REQUEST = "61d0f3a29c5b7e84"
TEMPLATE = "9f2c01ab44d0e1f7"
NONCE = "d94c1e70b2a6853f"


RESULT_WITH: dict[str, Callable[[dict[str, object]], object]] = {
    # In this order: the first key that is present determines the kind.
    "nonce": parser.hello,
    "slot": parser.started_slot,
    "enrollment": parser.ended_snapshot,
    "templates": parser.page,
    "revision": parser.changed_revision,
    "identification": parser.settings,
}


def _decode_answer(payload: bytes) -> object:
    """Parse an answer, and its result according to its keys."""
    message = parser.answer(payload)
    if isinstance(message, Answer):
        for key, decoder in RESULT_WITH.items():
            if key in message.result:
                return decoder(message.result)
    return message


DECODERS: dict[str, Callable[[bytes], object]] = {
    Topic.STATUS: parser.status,
    Topic.TEMPLATES: lambda payload: parser.templates(Fields.parse(payload)),
    Topic.SNAPSHOT: lambda payload: parser.snapshot(Fields.parse(payload)),
    Topic.TOUCH: parser.touch,
    Topic.ANSWER: _decode_answer,
}
"""Parsers of messages, by topic."""


def _fixtures(name: str, expect: str | None = None) -> list[Any]:
    """Return the fixtures of a file that Home Assistant would read, each named by its own name."""
    return [
        pytest.param(topic, fixture, id=fixture["name"])
        for fixture in json.loads((WIRE / name).read_text())
        if (topic := fixture["topic"].split("/", 2)[2]) in DECODERS
        and fixture.get("expect") == expect
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


@pytest.mark.parametrize(("topic", "fixture"), _fixtures("malformed.json", "drop"))
def test_whatever_the_protocol_does_not_allow_is_malformed(
    topic: str, fixture: dict[str, Any]
) -> None:
    if "payload_base64" in fixture:
        payload = base64.b64decode(fixture["payload_base64"])
    else:
        payload = fixture["payload_text"].encode()
    with pytest.raises(MalformedError):
        DECODERS[topic](payload)


@pytest.mark.parametrize(("topic", "fixture"), _fixtures("malformed.json", "acknowledge"))
def test_a_touch_with_an_id_is_understood_as_far_as_it_can_be_and_never_identified(
    topic: str, fixture: dict[str, Any]
) -> None:
    payload = fixture["payload_text"].encode()
    sent = json.loads(payload)
    touch = DECODERS[topic](payload)
    assert isinstance(touch, Touch)
    assert touch.touch == sent["touch"]
    assert touch.problem
    assert touch.result == ("unreadable" if sent.get("result") == "unreadable" else "not_identified")
    assert (touch.slot, touch.template_id, touch.confidence) == (None, None, None)
    assert (touch.boot is None) == (touch.at_ms is None)


RESULTS: dict[str, Callable[[dict[str, object]], object]] = {
    "list": parser.page,
    "revision": parser.changed_revision,
    "settings": parser.settings,
    "diagnostics": parser.diagnostics,
}
"""Parsers of results, by request."""


def _results(expect: str) -> list[Any]:
    """Return the results that have to be accepted or dropped, each named by its own name."""
    return [
        pytest.param(fixture["of"], fixture["result"], id=fixture["name"])
        for fixture in json.loads((WIRE / "results.json").read_text())
        if fixture["expect"] == expect
    ]


@pytest.mark.parametrize(("of", "result"), _results("accept"))
def test_every_result_of_the_protocol_is_understood(of: str, result: dict[str, object]) -> None:
    assert RESULTS[of](result) == RESULTS[of](result)


@pytest.mark.parametrize(("of", "result"), _results("drop"))
def test_a_result_that_the_protocol_does_not_allow_is_malformed(
    of: str, result: dict[str, object]
) -> None:
    with pytest.raises(MalformedError):
        RESULTS[of](result)


def test_there_are_results_of_every_kind() -> None:
    for expect in ("accept", "drop"):
        assert {parameters.values[0] for parameters in _results(expect)} == RESULTS.keys()


def test_a_page_tells_what_is_in_each_slot_and_where_the_next_begins() -> None:
    result = {"revision": TEMPLATE, "templates": [[5, TEMPLATE], [6, None]], "next": 7}
    assert parser.page(result) == Page(TEMPLATE, {5: TEMPLATE, 6: None}, 7)


def test_the_settings_may_tell_a_colour() -> None:
    """Where the sensor's light has colours; one that nobody knows is no colour."""
    result: dict[str, object] = {"identification": True, "security_level": 3}
    assert parser.settings(result) == Settings(
        identification=True, security_level=3, led_color=None
    )
    assert parser.settings(result | {"led_color": "blue"}).led_color is LedColor.BLUE
    for wrong in ("ultraviolet", None, 1):
        with pytest.raises(MalformedError):
            parser.settings(result | {"led_color": wrong})


@pytest.mark.parametrize("error", Refusal)
def test_every_refusal_of_the_protocol_has_its_fixture(error: Refusal) -> None:
    """`test_every_message_of_the_protocol_is_understood` shows that it is understood."""
    refused = [
        parser.answer(json.dumps(payload).encode())
        for topic, payload in _valid()
        if topic == Topic.ANSWER and not payload["ok"]
    ]
    assert Refused(REQUEST, error) in refused


def _harmless(payload: bytes) -> None:
    for decoder in DECODERS.values():
        with contextlib.suppress(MalformedError):
            decoder(payload)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    """Any other exception would reach an MQTT callback, and be logged as an error there."""
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
    """Nearly valid messages get further in the parser than random ones."""
    mutated = json.loads(json.dumps(message[1]))
    places = _places(mutated)
    container, key = places[place % len(places)]
    if value is ...:
        del container[key]
    else:
        container[key] = value
    _harmless(json.dumps(mutated).encode())


@pytest.mark.parametrize("feature", ["\ud800", "a\nb", "", "a" * 33, 1, None, ["led"]])
def test_a_feature_that_could_not_be_kept_in_a_file_is_malformed(feature: object) -> None:
    """With a lone surrogate Home Assistant could not save config entries any more."""
    identity: dict[str, object] = {
        "device": "a1b2c3",
        "firmware": "0.2.0",
        "board": "esp32",
        "sensor": "R307",
        "max_scans": 3,
    }
    assert parser.identity(Fields({**identity, "features": ["led"]})).features == {"led"}
    with pytest.raises(MalformedError):
        parser.identity(Fields({**identity, "features": ["led", feature]}))


def test_deep_nesting_is_malformed() -> None:
    """The JSON parser raises another error for it."""
    with pytest.raises(MalformedError):
        parser.status(b"[" * 4096)


@given(histories())
def test_a_snapshot_survives_being_written_and_read(history: list[Snapshot]) -> None:
    """The delivery log saves snapshots in the form of the protocol."""
    for snapshot in [IDLE, *history]:
        text = json.dumps(builder.snapshot(snapshot))
        assert parser.snapshot(Fields(json.loads(text))) == snapshot


# The other way: requests


_start = partial(builder.start, REQUEST, template_id=TEMPLATE, nonce=NONCE, scan_timeout_s=30)
_delete = partial(builder.delete, REQUEST, nonce=NONCE)
_settings = partial(builder.settings, REQUEST, nonce=NONCE)

BUILT = {
    "hello": builder.hello(REQUEST),
    "start in any free slot": _start(slot=None, total=3),
    "start in a wanted slot": _start(slot=0, total=3),
    "cancel": builder.cancel(REQUEST, template_id=TEMPLATE),
    "ack": builder.ack(REQUEST, touch="0c4f19d2b7a85e63"),
    "identify": builder.identify(REQUEST),
    "restart": builder.restart(REQUEST, nonce=NONCE),
    "list from the first slot": builder.list_templates(REQUEST, first=0),
    "list from the last slot that can be": builder.list_templates(REQUEST, first=65535),
    "delete": _delete(slot=5, template_id=TEMPLATE),
    "delete a template without an id": _delete(
        slot=0, template_id=None, revision="5f0c6d7e8a9b0c1d"
    ),
    "adopt": builder.adopt(
        REQUEST, nonce=NONCE, slot=6, template_id="1b7d4e90c2a3f586", revision="5f0c6d7e8a9b0c1d"
    ),
    "accept_sensor": builder.accept_sensor(REQUEST, nonce=NONCE),
    "settings, one of them": _settings(identification=False),
    "settings, the other": _settings(security_level=1),
    "settings, both": _settings(identification=True, security_level=5),
}
"""Requests as Home Assistant builds them, by the name of the fixture in tests/wire."""


@pytest.mark.parametrize("name", BUILT)
def test_a_request_is_the_one_that_the_firmware_is_tested_with(name: str) -> None:
    [wanted] = [
        fixture["payload"]
        for fixture in json.loads((WIRE / "messages.json").read_text())
        if fixture["name"] == f"request: {name}"
    ]
    assert json.loads(BUILT[name]) == wanted


def test_a_request_for_a_colour_names_only_the_colour() -> None:
    assert json.loads(_settings(led_color=LedColor.OFF)) == {
        "v": 1,
        "request": REQUEST,
        "command": "settings",
        "nonce": NONCE,
        "led_color": "off",
    }
