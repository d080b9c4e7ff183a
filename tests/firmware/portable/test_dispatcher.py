"""Requests are done once, answered always the same, and believed only while they are fresh."""

import json
import os

from fpreader.answers import MOST_ANSWERS
from fpreader.dispatcher import MOST_CANCELS, NONCE_MS
from fpreader.requests import MOST_PAYLOAD
from tests.firmware.portable.counting import nth
from tests.firmware.portable.dispatcher_harness import (
    BOOT,
    DIAGNOSTICS,
    IDENTITY,
    SETTINGS,
    TEMPLATES,
    DispatcherHarness,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

T, U = "9f2c01ab44d0e1f7", "1b7d4e90c2a3f586"
TOUCH = "0c4f19d2b7a85e63"
REQUESTS = "enroll/request"


def start(
    harness: DispatcherHarness, nonce: "str | None" = None, **changed: "Any"
) -> "dict[str, Any]":
    """Build a start that is right but for what is changed."""
    message: dict[str, Any] = {
        "action": "start",
        "template_id": T,
        "nonce": nonce or harness.nonce(),
        "slot": None,
        "total": 3,
        "scan_timeout_s": 30,
    }
    message.update(changed)
    return message


def test_hello_tells_the_whole_truth() -> None:
    harness = DispatcherHarness()
    harness.journal.waiting, harness.journal.dropped = 3, 41
    (answer,) = harness.ask("command", command="hello")
    result: dict[str, Any] = dict(IDENTITY)
    result["boot"] = BOOT
    result["uptime_ms"] = 1000
    result["nonce"] = nth(1)
    result["enrollment"] = harness.scanner.snapshot
    result["templates"] = TEMPLATES
    result["journal"] = 3
    result["dropped"] = 41
    result["changing"] = False
    result["settings"] = SETTINGS
    result["diagnostics"] = DIAGNOSTICS
    assert answer == {"v": 1, "request": harness.request, "ok": True, "result": result}
    assert harness.journal.hellos == [1000]


def test_a_repeated_hello_is_answered_with_the_same_bytes_and_replaces_nothing() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    harness.now += 2000
    harness.scanner.show(U, "completed")
    harness.repeat("command", command="hello")
    assert harness.sent[0] == harness.sent[1]
    assert harness.error(REQUESTS, **start(harness, nonce)) is None


def test_a_hello_whose_answer_could_not_be_sent_is_not_answered_yet() -> None:
    harness = DispatcherHarness()
    harness.connected = False
    harness.ask("command", command="hello")
    assert harness.journal.hellos == []
    harness.connected = True
    harness.now += 2000
    (answer,) = harness.repeat("command", command="hello")
    assert answer["result"]["uptime_ms"] == 1000
    assert harness.journal.hellos == [3000]


def test_an_old_hello_that_comes_again_begins_no_delivery() -> None:
    harness = DispatcherHarness()
    harness.ask("command", command="hello")
    old = json.dumps({"v": 1, "request": harness.request, "command": "hello"}).encode()
    harness.ask("command", command="hello")
    assert len(harness.give("command", old)) == 1
    assert harness.journal.hellos == [1000, 1000]


def test_start_hands_its_wishes_to_the_scanner_and_answers_the_slot() -> None:
    harness = DispatcherHarness()
    (answer,) = harness.ask(REQUESTS, **start(harness, slot=7, scan_timeout_s=120))
    assert (answer["ok"], answer["result"]) == (True, {"slot": 7})
    assert harness.scanner.started == [(T, 7, 3, 120)]
    assert harness.published == 1


def test_a_repeated_start_is_done_once_and_answered_the_same() -> None:
    harness = DispatcherHarness()
    message = start(harness)
    first = harness.ask(REQUESTS, **message)
    assert harness.repeat(REQUESTS, **message) == first
    assert len(harness.scanner.started) == 1


def test_a_start_of_the_current_or_last_enrollment_needs_no_nonce_and_starts_nothing() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    for stage in ("place_finger", "failed"):
        harness.scanner.show(T, stage)
        published = harness.published
        message = start(harness, "0" * 16)
        del message["nonce"]
        (answer,) = harness.ask(REQUESTS, **message)
        assert answer["result"] == {"slot": 5}
        assert harness.published == published + 1
    assert len(harness.scanner.started) == 1


def test_a_nonce_is_good_for_one_request() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    harness.scanner.refuses = "sensor_full"
    assert harness.error(REQUESTS, **start(harness, nonce)) == "sensor_full"
    harness.scanner.refuses = None
    assert harness.error(REQUESTS, **start(harness, nonce)) == "stale"
    assert harness.error("command", command="restart", nonce=nonce) == "stale"
    assert harness.scanner.started == []


def test_a_nonce_is_good_for_half_a_minute() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    harness.now += NONCE_MS
    assert harness.error(REQUESTS, **start(harness, nonce)) == "stale"
    nonce = harness.nonce()
    harness.now += NONCE_MS - 1
    assert harness.error(REQUESTS, **start(harness, nonce)) is None


def test_a_nonce_is_replaced_by_the_next_hello() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    harness.nonce()
    assert harness.error(REQUESTS, **start(harness, nonce)) == "stale"


def test_a_wrong_nonce_does_not_use_up_the_right_one() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    assert harness.error(REQUESTS, **start(harness, "0" * 16)) == "stale"
    assert harness.error(REQUESTS, **start(harness, nonce)) is None


def test_without_any_hello_no_nonce_is_right() -> None:
    harness = DispatcherHarness()
    message = start(harness, "0" * 16)
    assert harness.error(REQUESTS, **message) == "stale"
    message["nonce"] = None
    assert harness.error(REQUESTS, **message) == "stale"
    del message["nonce"]
    assert harness.error(REQUESTS, **message) == "stale"
    assert harness.scanner.started == []


def test_a_bad_start_leaves_the_nonce_alone() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    assert harness.error(REQUESTS, **start(harness, nonce, total=8)) == "bad_request"
    assert harness.error(REQUESTS, **start(harness, nonce)) is None


def test_what_the_scanner_refuses_is_said_and_shows_nothing() -> None:
    for error in ("busy", "sensor_error", "sensor_changed", "slot_occupied", "sensor_full"):
        harness = DispatcherHarness()
        harness.scanner.refuses = error
        assert harness.error(REQUESTS, **start(harness)) == error
        assert harness.published == 0


def test_cancel_is_answered_when_the_enrollment_has_ended_and_not_before() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    assert harness.ask(REQUESTS, action="cancel", template_id=T) == []
    assert harness.scanner.cancels == 1
    harness.dispatcher.answer_cancels()
    assert harness.repeat(REQUESTS, action="cancel", template_id=T) == []
    assert harness.scanner.cancels == 1
    harness.scanner.show(T, "cancelled")
    (answer,) = harness.sent_by(harness.dispatcher.answer_cancels)
    assert harness.sent_by(harness.dispatcher.answer_cancels) == []
    assert answer["result"] == {"enrollment": harness.scanner.snapshot}
    assert harness.repeat(REQUESTS, action="cancel", template_id=T) == [answer]


def test_every_cancel_of_an_enrollment_gets_its_answer() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    harness.ask(REQUESTS, action="cancel", template_id=T)
    harness.ask(REQUESTS, action="cancel", template_id=T)
    harness.scanner.show(T, "completed")
    answers = harness.sent_by(harness.dispatcher.answer_cancels)
    assert len({answer["request"] for answer in answers}) == 2
    assert all(answer["result"]["enrollment"]["stage"] == "completed" for answer in answers)


def test_a_cancel_whose_enrollment_nobody_knows_any_more_is_answered_as_well() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    harness.ask(REQUESTS, action="cancel", template_id=T)
    harness.scanner.show(U, "place_finger")
    (answer,) = harness.sent_by(harness.dispatcher.answer_cancels)
    assert (answer["ok"], answer["error"]) == (False, "not_running")


def test_no_flood_of_cancels_fills_the_memory() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    for _ in range(3 * MOST_CANCELS):
        harness.ask(REQUESTS, action="cancel", template_id=T)
    harness.scanner.show(T, "cancelled")
    assert len(harness.sent_by(harness.dispatcher.answer_cancels)) == MOST_CANCELS


def test_cancel_of_an_ended_enrollment_tells_how_it_ended() -> None:
    harness = DispatcherHarness()
    harness.scanner.show(T, "completed")
    (answer,) = harness.ask(REQUESTS, action="cancel", template_id=T)
    assert answer["result"] == {"enrollment": harness.scanner.snapshot}
    assert harness.scanner.cancels == 0


def test_cancel_never_hits_another_enrollment() -> None:
    harness = DispatcherHarness()
    assert harness.error(REQUESTS, action="cancel", template_id=T) == "not_running"
    harness.ask(REQUESTS, **start(harness))
    assert harness.error(REQUESTS, action="cancel", template_id=U) == "not_running"
    assert harness.scanner.cancels == 0


def test_an_acknowledgement_has_no_answer() -> None:
    harness = DispatcherHarness()
    for touch in (TOUCH, TOUCH, "all", None, 7):
        assert harness.ask("command", command="ack", touch=touch) == []
    assert harness.journal.acks == [TOUCH, TOUCH]


def test_identify_blinks_once_for_each_request() -> None:
    harness = DispatcherHarness()
    (answer,) = harness.ask("command", command="identify")
    assert answer["result"] == {}
    harness.repeat("command", command="identify")
    assert harness.identified == 1


def test_restart_is_answered_first_and_needs_a_nonce() -> None:
    harness = DispatcherHarness()
    assert harness.error("command", command="restart") == "stale"
    nonce = harness.nonce()
    assert harness.error("command", command="restart", nonce=nonce) is None
    harness.repeat("command", command="restart", nonce=nonce)
    assert harness.restarts == 1


def test_no_restart_in_the_middle_of_an_enrollment() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    assert harness.error("command", command="restart", nonce=harness.nonce()) == "busy"
    assert harness.restarts == 0


def test_the_last_answers_are_remembered() -> None:
    harness = DispatcherHarness()
    harness.ask("command", command="identify")
    oldest = json.dumps({"v": 1, "request": harness.request, "command": "identify"}).encode()
    for _ in range(MOST_ANSWERS - 1):
        harness.ask("command", command="identify")
    harness.give("command", oldest)
    assert harness.identified == MOST_ANSWERS
    harness.ask("command", command="identify")
    harness.give("command", oldest)
    assert harness.identified == MOST_ANSWERS + 2


def test_a_message_of_4096_bytes_is_read_and_one_more_is_dropped() -> None:
    harness = DispatcherHarness()
    message = '{"v":1,"request":"61d0f3a29c5b7e84","command":"identify","x":"%s"}'
    fill = MOST_PAYLOAD - len(message) + 2
    assert harness.give("command", (message % ("x" * (fill + 1))).encode()) == []
    assert len(harness.give("command", (message % ("x" * fill)).encode())) == 1
    assert harness.give("command", None) == []


def test_random_bytes_are_dropped() -> None:
    harness = DispatcherHarness()
    for topic in ("command", REQUESTS):
        for size in range(200):
            assert harness.give(topic, os.urandom(size)) == []


def test_requests_made_of_random_pieces_are_answered_or_dropped_and_start_nothing() -> None:
    values: tuple[Any, ...] = (
        None,
        True,
        0,
        -1,
        1.5,
        3,
        10**30,
        "",
        "x",
        T,
        [],
        [T],
        {},
        {"v": 1},
        "start",
        "hello",
    )
    keys = ("v", "request", "action", "command", "template_id", "slot", "total", "nonce", "touch")
    harness = DispatcherHarness()
    for _ in range(2000):
        dice = os.urandom(2 * len(keys))
        message: dict[str, Any] = {"v": 1, "request": os.urandom(8).hex()}
        message["action"] = message["command"] = ("start", "cancel", "ack", "hello")[dice[0] & 3]
        for index, key in enumerate(keys):
            if dice[2 * index] < 128:
                message[key] = values[dice[2 * index + 1] % len(values)]
        for topic in ("command", REQUESTS):
            for answer in harness.give(topic, json.dumps(message).encode()):
                assert answer["request"] == message["request"]
        harness.sent.clear()
    assert (harness.scanner.started, harness.restarts) == ([], 0)
