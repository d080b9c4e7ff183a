"""Enrollments: `start`, `cancel` and the snapshot."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hands import ENROLLED, OTHER
from tests.conformance.steps import begin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.hands import Hands
    from tests.conformance.wire import Wire

START = "`start` (topic `enroll/request`)"
CANCEL = "`cancel` (topic `enroll/request`)"
SNAPSHOT = "`enroll/response`: the snapshot"
PROCEDURE = "The enrollment procedure"


@pytest.mark.section(START)
@pytest.mark.parametrize(
    "wrong",
    [
        {"template_id": "X" * 16},
        {"template_id": None},
        {"slot": -1},
        {"slot": "5"},
        {"slot": True},
        {"total": 2},
        {"total": 8},
        {"total": 3.5},
        {"scan_timeout_s": 4},
        {"scan_timeout_s": 121},
        {"nonce": "0" * 15},
        {"nonce": "A" * 16},
        {"nonce": 5},
    ],
    ids=str,
)
def test_a_start_with_a_wrong_value_is_a_bad_request_and_uses_no_nonce_up(
    wire: Wire, wrong: dict[str, Any]
) -> None:
    message = wire.start_message()
    answer = wire.ask("enroll/request", **{**message, **wrong})
    assert answer.get("error") == "bad_request"
    assert wire.ask("enroll/request", **message)["ok"]


@pytest.mark.section(START)
@pytest.mark.parametrize("key", ["template_id", "slot", "total", "scan_timeout_s"])
def test_a_start_that_lacks_a_key_is_a_bad_request(wire: Wire, key: str) -> None:
    message = wire.start_message()
    del message[key]
    assert wire.ask("enroll/request", **message).get("error") == "bad_request"


@pytest.mark.section(START)
def test_a_nonce_is_good_once_and_only_the_newest_one_is(wire: Wire) -> None:
    message = wire.start_message()
    used = message["nonce"]
    assert wire.ask("enroll/request", **message)["ok"]
    assert wire.cancel(message["template_id"])["ok"]
    again = {**message, "template_id": secrets.token_hex(8)}
    assert wire.ask("enroll/request", **again).get("error") == "stale"
    replaced = wire.hello()["nonce"]
    wire.hello()
    for nonce in (used, replaced, None, secrets.token_hex(8)):
        other = {**message, "template_id": secrets.token_hex(8), "nonce": nonce}
        assert wire.ask("enroll/request", **other).get("error") == "stale"
    without = {**message, "template_id": secrets.token_hex(8)}
    del without["nonce"]
    assert wire.ask("enroll/request", **without).get("error") == "stale"
    assert wire.hello()["enrollment"]["template_id"] == message["template_id"]


@pytest.mark.section(START)
def test_a_slot_beyond_the_capacity_and_too_many_scans_are_a_bad_request(wire: Wire) -> None:
    hello = wire.hello()
    assert wire.start(slot=hello["templates"]["capacity"]).get("error") == "bad_request"
    if hello["max_scans"] < 7:
        assert wire.start(total=hello["max_scans"] + 1).get("error") == "bad_request"


@pytest.mark.section(START)
def test_a_refused_start_leaves_the_snapshot_alone(wire: Wire) -> None:
    before = wire.hello()["enrollment"]
    since = wire.mark()
    assert not wire.start(nonce=None)["ok"]
    assert wire.hello()["enrollment"] == before
    assert wire.since(since, "enroll/response") == []


@pytest.mark.section(START)
def test_a_start_of_the_same_enrollment_is_answered_again_and_the_snapshot_published_again(
    wire: Wire,
) -> None:
    message = wire.start_message()
    first = wire.ask("enroll/request", **message)
    shown = wire.stage("place_finger", 1)
    since = wire.mark()
    assert wire.ask("enroll/request", **message)["result"] == first["result"]
    assert wire.wait("enroll/response", since=since).payload["seq"] == shown["seq"]


@pytest.mark.section(START)
def test_meanwhile_all_that_changes_something_is_busy(
    wire: Wire, needs: Callable[..., None]
) -> None:
    needs("delete", "settings")
    running = begin(wire)
    assert wire.start().get("error") == "busy"
    assert wire.change("restart").get("error") == "busy"
    assert wire.change("delete", slot=0, template_id="0" * 16).get("error") == "busy"
    assert wire.change("settings", security_level=3).get("error") == "busy"
    assert wire.hello()["enrollment"]["template_id"] == running


@pytest.mark.section("`settings` (topic `command`)")
def test_identification_can_be_turned_off_during_an_enrollment(
    wire: Wire, needs: Callable[..., None]
) -> None:
    needs("settings")
    begin(wire)
    try:
        answer = wire.change("settings", identification=False)
        assert answer["result"]["identification"] is False
    finally:
        assert wire.change("settings", identification=True)["ok"]


@pytest.mark.section(SNAPSHOT)
def test_three_scans_are_shown_in_order_and_the_template_counts(
    wire: Wire, hands: Hands, enrolled: str, needs: Callable[..., None]
) -> None:
    needs("list")
    _, held = wire.whole_list()
    assert list(held.values()).count(enrolled) == 1
    assert wire.hello()["templates"]["count"] == len(held)
    templates = wire.since(0, "templates")[-1]
    assert templates["revision"] == wire.whole_list()[0]


@pytest.mark.section(CANCEL)
def test_a_cancel_after_two_scans_leaves_the_sensor_as_it_was(
    wire: Wire, hands: Hands, needs: Callable[..., None]
) -> None:
    needs("list")
    before = wire.whole_list()
    template_id = begin(wire)
    for step in (1, 2):
        hands.place(OTHER)
        wire.stage("lift_finger", step)
        hands.lift()
        wire.stage("place_finger", step + 1)
        # What is stored and not verified does not count.
        assert wire.whole_list() == before
    answer = wire.cancel(template_id)
    assert answer["result"]["enrollment"]["stage"] == "cancelled"
    shown = wire.stage("cancelled")
    assert {"v": 1, **answer["result"]["enrollment"]} == shown
    assert wire.cancel(template_id)["result"] == answer["result"]
    assert wire.whole_list() == before
    # The finger that was scanned is nobody's: the slot was emptied.
    since = wire.mark()
    hands.place(OTHER)
    assert wire.wait("fingerprint", since=since).payload["result"] == "not_identified"


@pytest.mark.section(CANCEL)
def test_a_cancel_of_what_the_reader_does_not_know_is_not_running(wire: Wire) -> None:
    running = begin(wire)
    assert wire.cancel(secrets.token_hex(8)).get("error") == "not_running"
    assert wire.hello()["enrollment"]["template_id"] == running
    for wrong in ({}, {"template_id": None}, {"template_id": "X"}):
        assert wire.ask("enroll/request", action="cancel", **wrong).get("error") == "bad_request"


@pytest.mark.section(PROCEDURE)
def test_nobody_coming_in_time_fails_the_enrollment(wire: Wire) -> None:
    begin(wire, scan_timeout_s=5)
    assert wire.stage("failed")["reason"] == "timeout"


@pytest.mark.section(PROCEDURE)
def test_a_finger_that_is_stored_already_is_a_duplicate_and_says_whose(
    wire: Wire, hands: Hands, enrolled: str
) -> None:
    begin(wire)
    hands.place(ENROLLED)
    ended = wire.stage("failed")
    assert (ended["reason"], ended["duplicate_of"]) == ("duplicate", enrolled)


@pytest.mark.section(PROCEDURE)
def test_another_finger_repeats_the_scan_and_not_the_enrollment(
    wire: Wire, hands: Hands, enrolled: str
) -> None:
    begin(wire)
    hands.place(OTHER)
    wire.stage("lift_finger", 1)
    hands.lift()
    wire.stage("place_finger", 2)
    hands.place(ENROLLED)
    shown = wire.stage("lift_finger", 2)
    # Some sensors accept it here; the verifying scan would then reject the one or the other.
    if len(shown["captured"]) == 1:
        assert shown["rejected"] == {"count": 1, "last": "mismatch"}
        hands.lift()
        again = wire.wait(
            "enroll/response",
            lambda one: one["stage"] == "place_finger" and one["rejected"]["count"] == 1,
        ).payload
        assert (again["step"], len(again["captured"])) == (2, 1)
