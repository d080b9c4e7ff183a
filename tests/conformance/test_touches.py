"""Touches, the journal and `ack`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.conformance.hands import ENROLLED, OTHER
from tests.conformance.steps import touch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.hands import Hands
    from tests.conformance.wire import Wire

TOUCH = "`fingerprint`: a touch"
ACK = "`ack` (topic `command`)"
RESTS_S = 3


@pytest.mark.section(TOUCH)
def test_an_enrolled_finger_is_identified_by_its_template_id_and_by_when_it_was_there(
    wire: Wire, hands: Hands, enrolled: str
) -> None:
    before = wire.hello()
    told = touch(wire, hands, ENROLLED)
    after = wire.hello()
    assert (told["result"], told["template_id"]) == ("identified", enrolled)
    assert told["boot"] == before["boot"] == after["boot"]
    assert before["uptime_ms"] <= told["at_ms"] <= after["uptime_ms"]


@pytest.mark.section(TOUCH)
def test_another_finger_is_not_identified(wire: Wire, hands: Hands, enrolled: str) -> None:
    assert touch(wire, hands, OTHER)["result"] == "not_identified"


@pytest.mark.section(TOUCH)
def test_a_finger_that_rests_is_one_touch(wire: Wire, hands: Hands, enrolled: str) -> None:
    since = wire.mark()
    hands.place(ENROLLED)
    told = wire.wait("fingerprint", since=since).payload
    wire.ack(told["touch"])
    time.sleep(RESTS_S)  # what is asked for is that nothing happens
    hands.lift()
    assert wire.hello()["journal"] == 0
    assert {one["touch"] for one in wire.since(since, "fingerprint")} == {told["touch"]}


@pytest.mark.section(TOUCH)
def test_a_touch_stays_in_the_journal_and_is_sent_again_until_it_is_acknowledged(
    wire: Wire, hands: Hands, enrolled: str
) -> None:
    told = touch(wire, hands, ENROLLED)
    since = wire.mark()
    assert wire.hello()["journal"] == 1
    assert wire.wait("fingerprint", since=since).payload == told
    wire.ack(told["touch"])
    assert wire.hello()["journal"] == 0


@pytest.mark.section(ACK)
def test_an_acknowledgement_is_of_one_touch_only(wire: Wire, hands: Hands, enrolled: str) -> None:
    first = touch(wire, hands, ENROLLED)
    second = touch(wire, hands, OTHER)
    wire.ack(second["touch"])
    since = wire.mark()
    assert wire.hello()["journal"] == 1
    assert wire.wait("fingerprint", since=since).payload["touch"] == first["touch"]
    wire.ack("0" * 16)
    assert wire.hello()["journal"] == 1


@pytest.mark.section(TOUCH)
def test_a_touch_that_nobody_acknowledges_does_not_block_the_next(
    wire: Wire, hands: Hands, enrolled: str
) -> None:
    first = touch(wire, hands, ENROLLED)
    second = touch(wire, hands, OTHER)
    since = wire.mark()
    assert wire.hello()["journal"] == 2
    wire.wait("fingerprint", lambda one: one["touch"] == first["touch"], since)
    wire.wait("fingerprint", lambda one: one["touch"] == second["touch"], since)
    wire.ack(second["touch"])
    assert wire.hello()["journal"] == 1


@pytest.mark.section("`settings` (topic `command`)")
def test_without_identification_only_the_others_are_told(
    wire: Wire, hands: Hands, enrolled: str, needs: Callable[..., None]
) -> None:
    needs("settings")
    assert wire.change("settings", identification=False)["ok"]
    try:
        assert wire.hello()["settings"]["identification"] is False
        since = wire.mark()
        hands.place(ENROLLED)
        time.sleep(RESTS_S)  # what is asked for is that nothing happens
        hands.lift()
        assert touch(wire, hands, OTHER)["result"] == "not_identified"
        assert len({one["touch"] for one in wire.since(since, "fingerprint")}) == 1
    finally:
        assert wire.change("settings", identification=True)["result"]["identification"]
