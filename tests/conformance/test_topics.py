"""Topics, and messages that are none."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conformance.conftest import Bench
    from tests.conformance.wire import Wire

TOPICS = "Topics"
RULES = "Ground rules"
GOOD: dict[str, Any] = {"v": 1, "command": "hello"}


@pytest.mark.section(TOPICS)
def test_whoever_subscribes_later_finds_the_three_retained_topics_and_no_other(
    wire: Wire, bench: Bench
) -> None:
    wire.hello()
    late = bench.connect()
    try:
        for topic in ("status", "templates", "enroll/response"):
            assert late.wait(topic).retained
        late.hello()
        retained = {one.topic for one in late.heard if one.retained}
        assert retained == {"status", "templates", "enroll/response"}
    finally:
        late.close()


@pytest.mark.section("`status`")
def test_a_status_that_says_offline_is_corrected_while_the_reader_is_there(wire: Wire) -> None:
    since = wire.mark()
    wire.publish_status(b'{"v":1,"online":false}')
    wire.wait("status", lambda one: not one["online"], since)
    wire.wait("status", lambda one: one["online"], since)


@pytest.mark.section(RULES)
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\x00", id="no UTF-8"),
        pytest.param(b'{"v":1', id="no JSON"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(json.dumps({**GOOD, "v": 2, "request": "0" * 16}).encode(), id="v 2"),
        pytest.param(json.dumps({**GOOD, "v": True, "request": "0" * 16}).encode(), id="v true"),
        pytest.param(b'{"request":"0000000000000000","command":"hello"}', id="no v"),
        pytest.param(json.dumps({**GOOD, "request": "A" * 16}).encode(), id="upper-case id"),
        pytest.param(json.dumps({**GOOD, "request": "0" * 15}).encode(), id="short id"),
        pytest.param(json.dumps({**GOOD, "request": 1}).encode(), id="number as id"),
        pytest.param(json.dumps(GOOD).encode(), id="no id"),
        pytest.param(
            json.dumps({**GOOD, "request": "0" * 16, "more": "x" * 4096}).encode(), id="too long"
        ),
    ],
)
def test_what_is_no_request_is_dropped(wire: Wire, payload: bytes) -> None:
    since = wire.mark()
    wire.say("command", payload)
    wire.say("enroll/request", payload)
    wire.hello()
    assert len(wire.since(since, "command/response")) == 1


@pytest.mark.section(RULES)
def test_unknown_keys_of_a_request_are_ignored(wire: Wire) -> None:
    assert wire.command("hello", newer={"a": [1, None]})["ok"]


@pytest.mark.section("Requests and answers")
def test_a_repeated_request_gets_the_same_answer_and_is_done_once(wire: Wire) -> None:
    message = {**GOOD, "request": secrets.token_hex(8)}
    first = wire.request("command", message).payload
    others = [wire.hello() for _ in range(7)]
    again = wire.request("command", message).payload
    assert again == first
    # That of the repeat would have replaced it.
    assert wire.command("identify")["ok"]
    answer = wire.command("restart", nonce=first["result"]["nonce"])
    assert answer.get("error") == "stale"
    assert len({one["nonce"] for one in (*others, first["result"])}) == 8


@pytest.mark.section("Requests and answers")
@pytest.mark.parametrize(
    ("topic", "message", "error"),
    [
        ("command", {}, "bad_request"),
        ("command", {"command": None}, "bad_request"),
        ("command", {"command": 7}, "bad_request"),
        ("command", {"action": "cancel"}, "bad_request"),
        ("command", {"command": "dance"}, "unknown_command"),
        ("command", {"command": "start"}, "unknown_command"),
        ("enroll/request", {}, "bad_request"),
        ("enroll/request", {"command": "hello"}, "bad_request"),
        ("enroll/request", {"action": "dance"}, "unknown_command"),
        ("enroll/request", {"action": "hello"}, "unknown_command"),
    ],
)
def test_a_missing_word_is_a_bad_request_and_an_unknown_one_is_said_to_be_unknown(
    wire: Wire, topic: str, message: dict[str, Any], error: str
) -> None:
    answer = wire.ask(topic, **message)
    assert (answer["ok"], answer.get("error")) == (False, error)


@pytest.mark.section("`hello` (topic `command`)")
def test_hello_tells_what_the_retained_topics_tell(wire: Wire) -> None:
    hello = wire.hello()
    status = wire.wait("status", lambda one: one["online"]).payload
    keys = ("device", "firmware", "board", "sensor", "max_scans", "features")
    assert {key: hello[key] for key in keys} == {key: status[key] for key in keys}
    assert {"v": 1, **hello["templates"]} == wire.since(0, "templates")[-1]
    assert {"v": 1, **hello["enrollment"]} == wire.since(0, "enroll/response")[-1]


@pytest.mark.section("`hello` (topic `command`)")
def test_two_hellos_tell_one_boot_two_nonces_and_an_uptime_that_goes_on(wire: Wire) -> None:
    first, second = wire.hello(), wire.hello()
    assert first["boot"] == second["boot"]
    assert first["nonce"] != second["nonce"]
    assert first["uptime_ms"] <= second["uptime_ms"]


@pytest.mark.section("`identify` (topic `command`)")
def test_identify_is_answered_with_an_empty_result(wire: Wire) -> None:
    assert wire.command("identify")["result"] == {}
