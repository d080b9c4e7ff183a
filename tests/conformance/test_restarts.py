"""Restarts and power cuts."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.conformance.hands import ENROLLED, OTHER
from tests.conformance.steps import begin, touch

if TYPE_CHECKING:
    from tests.conformance.hands import Hands
    from tests.conformance.wire import Wire

OFFLINE_WITHIN = 45
"""Seconds within which the broker tells of a reader without power."""


@pytest.mark.section("`restart` (topic `command`)")
def test_a_restart_is_answered_and_makes_a_new_boot_to_which_a_repeat_is_stale(
    wire: Wire, hands: Hands
) -> None:
    before = wire.hello()
    since = wire.mark()
    message = {"v": 1, "request": secrets.token_hex(8), "command": "restart"}
    message["nonce"] = before["nonce"]
    assert wire.request("command", message).payload["result"] == {}
    wire.wait("enroll/response", since=since, seconds=hands.patience + OFFLINE_WITHIN)
    after = wire.hello()
    assert after["boot"] != before["boot"]
    assert after["enrollment"] == before["enrollment"]
    assert after["templates"] == before["templates"]
    assert wire.request("command", message).payload.get("error") == "stale"
    assert wire.hello()["boot"] == after["boot"]


@pytest.mark.section("Topics")
def test_a_retained_request_is_dropped_by_a_reader_that_connects(wire: Wire, hands: Hands) -> None:
    left = {"v": 1, "request": secrets.token_hex(8), "command": "hello"}
    wire.say("command", json.dumps(left).encode(), retain=True)
    try:
        wire.wait("command/response", lambda one: one["request"] == left["request"])
        nonce = wire.hello()["nonce"]
        since = wire.mark()
        assert wire.command("restart", nonce=nonce)["ok"]
        wire.wait("enroll/response", since=since, seconds=hands.patience + OFFLINE_WITHIN)
        wire.hello()
        answers = wire.since(since, "command/response")
        assert left["request"] not in [one["request"] for one in answers]
    finally:
        wire.say("command", b"", retain=True)


@pytest.mark.section("What the reader keeps in flash")
@pytest.mark.timeout(600)
def test_a_power_cut_ends_the_enrollment_and_keeps_templates_touches_and_seq(
    wire: Wire, hands: Hands, enrolled: str
) -> None:
    left = touch(wire, hands, ENROLLED)
    # Two seconds later it is in flash; a start makes it so at once or later, and either will do.
    since = wire.mark()
    before = wire.hello()
    wire.wait("fingerprint", lambda one: one["touch"] == left["touch"], since)
    template_id = begin(wire)
    for step in (1, 2):
        hands.place(OTHER)
        wire.stage("lift_finger", step, since)
        hands.lift()
        shown = wire.stage("place_finger", step + 1, since)

    hands.cut_power()
    since = wire.mark()
    wire.wait("status", lambda one: not one["online"], since, hands.patience + OFFLINE_WITHIN)
    hands.give_power()
    wire.wait("status", lambda one: one["online"], since, hands.patience + OFFLINE_WITHIN)
    ended = wire.wait(
        "enroll/response", lambda one: one["template_id"] == template_id, since
    ).payload
    assert (ended["stage"], ended["reason"]) == ("failed", "reader_restarted")
    assert ended["seq"] > shown["seq"]
    assert len(ended["captured"]) == 2
    after = wire.hello()
    assert after["boot"] != before["boot"]
    assert after["templates"] == before["templates"]
    again = wire.wait("fingerprint", lambda one: one["touch"] == left["touch"], since).payload
    assert again == {**left, "boot": None, "at_ms": None}
    wire.ack(left["touch"])
    hands.lift()
    # The half-enrolled finger is nobody's, the other one is still known.
    assert touch(wire, hands, OTHER)["result"] == "not_identified"
    assert touch(wire, hands, ENROLLED)["template_id"] == enrolled
