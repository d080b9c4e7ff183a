"""Requests are done once, answered always the same, and believed only while they are fresh."""

import json
import os

from fpreader.answers import MOST_ANSWERS
from fpreader.desk import MOST_CANCELS, NONCE_MS
from fpreader.requests import MOST_PAYLOAD
from tests.firmware.portable.counting import nth
from tests.firmware.portable.office import DIAGNOSTICS, IDENTITY, SETTINGS, TEMPLATES, Office

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

T, U = "9f2c01ab44d0e1f7", "1b7d4e90c2a3f586"
TOUCH = "0c4f19d2b7a85e63"
REQUESTS = "enroll/request"


def start(office: Office, nonce: "str | None" = None, **changed: "Any") -> "dict[str, Any]":
    """Build a start that is right but for what is changed."""
    message: dict[str, Any] = {
        "action": "start",
        "template_id": T,
        "nonce": nonce or office.nonce(),
        "slot": None,
        "total": 3,
        "scan_timeout_s": 30,
    }
    message.update(changed)
    return message


def test_hello_tells_the_whole_truth() -> None:
    office = Office()
    office.journal.waiting, office.journal.dropped = 3, 41
    (answer,) = office.ask("command", command="hello")
    result: dict[str, Any] = dict(IDENTITY)
    result["uptime_ms"] = 1000
    result["nonce"] = nth(1)
    result["enrollment"] = office.scanner.snapshot
    result["templates"] = TEMPLATES
    result["journal"] = 3
    result["dropped"] = 41
    result["changing"] = False
    result["settings"] = SETTINGS
    result["diagnostics"] = DIAGNOSTICS
    assert answer == {"v": 1, "request": office.request, "ok": True, "result": result}
    assert office.journal.hellos == [(office.request, 1000)]


def test_a_repeated_hello_is_answered_with_the_same_bytes_and_replaces_nothing() -> None:
    office = Office()
    nonce = office.nonce()
    office.now += 2000
    office.scanner.show(U, "completed")
    office.repeat("command", command="hello")
    assert office.sent[0] == office.sent[1]
    assert office.error(REQUESTS, **start(office, nonce)) is None


def test_a_hello_whose_answer_could_not_be_sent_is_not_answered_yet() -> None:
    office = Office()
    office.connected = False
    office.ask("command", command="hello")
    assert office.journal.hellos == []
    office.connected = True
    office.now += 2000
    (answer,) = office.repeat("command", command="hello")
    assert answer["result"]["uptime_ms"] == 1000
    assert office.journal.hellos == [(office.request, 3000)]


def test_an_old_hello_that_comes_again_is_not_the_one_answered_last() -> None:
    office = Office()
    office.ask("command", command="hello")
    old = json.dumps({"v": 1, "request": office.request, "command": "hello"}).encode()
    office.ask("command", command="hello")
    assert len(office.give("command", old)) == 1
    assert [request for request, _ in office.journal.hellos][-1] == office.request
    assert len(office.journal.hellos) == 2


def test_start_hands_its_wishes_to_the_scanner_and_answers_the_slot() -> None:
    office = Office()
    (answer,) = office.ask(REQUESTS, **start(office, slot=7, scan_timeout_s=120))
    assert (answer["ok"], answer["result"]) == (True, {"slot": 7})
    assert office.scanner.started == [(T, 7, 3, 120)]
    assert office.published == 1


def test_a_repeated_start_is_done_once_and_answered_the_same() -> None:
    office = Office()
    message = start(office)
    first = office.ask(REQUESTS, **message)
    assert office.repeat(REQUESTS, **message) == first
    assert len(office.scanner.started) == 1


def test_a_start_of_the_current_or_last_enrollment_needs_no_nonce_and_starts_nothing() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    for stage in ("place_finger", "failed"):
        office.scanner.show(T, stage)
        published = office.published
        message = start(office, "0" * 16)
        del message["nonce"]
        (answer,) = office.ask(REQUESTS, **message)
        assert answer["result"] == {"slot": 5}
        assert office.published == published + 1
    assert len(office.scanner.started) == 1


def test_a_nonce_is_good_for_one_request() -> None:
    office = Office()
    nonce = office.nonce()
    office.scanner.refuses = "sensor_full"
    assert office.error(REQUESTS, **start(office, nonce)) == "sensor_full"
    office.scanner.refuses = None
    assert office.error(REQUESTS, **start(office, nonce)) == "stale"
    assert office.error("command", command="restart", nonce=nonce) == "stale"
    assert office.scanner.started == []


def test_a_nonce_is_good_for_half_a_minute() -> None:
    office = Office()
    nonce = office.nonce()
    office.now += NONCE_MS
    assert office.error(REQUESTS, **start(office, nonce)) == "stale"
    nonce = office.nonce()
    office.now += NONCE_MS - 1
    assert office.error(REQUESTS, **start(office, nonce)) is None


def test_a_nonce_is_replaced_by_the_next_hello() -> None:
    office = Office()
    nonce = office.nonce()
    office.nonce()
    assert office.error(REQUESTS, **start(office, nonce)) == "stale"


def test_a_wrong_nonce_does_not_use_up_the_right_one() -> None:
    office = Office()
    nonce = office.nonce()
    assert office.error(REQUESTS, **start(office, "0" * 16)) == "stale"
    assert office.error(REQUESTS, **start(office, nonce)) is None


def test_without_any_hello_no_nonce_is_right() -> None:
    office = Office()
    message = start(office, "0" * 16)
    assert office.error(REQUESTS, **message) == "stale"
    message["nonce"] = None
    assert office.error(REQUESTS, **message) == "stale"
    del message["nonce"]
    assert office.error(REQUESTS, **message) == "stale"
    assert office.scanner.started == []


def test_a_bad_start_leaves_the_nonce_alone() -> None:
    office = Office()
    nonce = office.nonce()
    assert office.error(REQUESTS, **start(office, nonce, total=8)) == "bad_request"
    assert office.error(REQUESTS, **start(office, nonce)) is None


def test_what_the_scanner_refuses_is_said_and_shows_nothing() -> None:
    for error in ("busy", "sensor_error", "sensor_changed", "slot_occupied", "sensor_full"):
        office = Office()
        office.scanner.refuses = error
        assert office.error(REQUESTS, **start(office)) == error
        assert office.published == 0


def test_cancel_is_answered_when_the_enrollment_has_ended_and_not_before() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    assert office.ask(REQUESTS, action="cancel", template_id=T) == []
    assert office.scanner.cancels == 1
    office.desk.settle()
    assert office.repeat(REQUESTS, action="cancel", template_id=T) == []
    assert office.scanner.cancels == 1
    office.scanner.show(T, "cancelled")
    before = len(office.sent)
    office.desk.settle()
    office.desk.settle()
    (answer,) = [json.loads(payload) for payload in office.sent[before:]]
    assert answer["result"] == {"enrollment": office.scanner.snapshot}
    assert office.repeat(REQUESTS, action="cancel", template_id=T) == [answer]


def test_every_cancel_of_an_enrollment_gets_its_answer() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    office.ask(REQUESTS, action="cancel", template_id=T)
    office.ask(REQUESTS, action="cancel", template_id=T)
    office.scanner.show(T, "completed")
    before = len(office.sent)
    office.desk.settle()
    answers = [json.loads(payload) for payload in office.sent[before:]]
    assert len({answer["request"] for answer in answers}) == 2
    assert all(answer["result"]["enrollment"]["stage"] == "completed" for answer in answers)


def test_a_cancel_whose_enrollment_nobody_knows_any_more_is_answered_as_well() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    office.ask(REQUESTS, action="cancel", template_id=T)
    office.scanner.show(U, "place_finger")
    office.desk.settle()
    answer = json.loads(office.sent[-1])
    assert (answer["ok"], answer["error"]) == (False, "not_running")


def test_no_flood_of_cancels_fills_the_memory() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    for _ in range(3 * MOST_CANCELS):
        office.ask(REQUESTS, action="cancel", template_id=T)
    office.scanner.show(T, "cancelled")
    before = len(office.sent)
    office.desk.settle()
    assert len(office.sent) - before == MOST_CANCELS


def test_cancel_of_an_ended_enrollment_tells_how_it_ended() -> None:
    office = Office()
    office.scanner.show(T, "completed")
    (answer,) = office.ask(REQUESTS, action="cancel", template_id=T)
    assert answer["result"] == {"enrollment": office.scanner.snapshot}
    assert office.scanner.cancels == 0


def test_cancel_never_hits_another_enrollment() -> None:
    office = Office()
    assert office.error(REQUESTS, action="cancel", template_id=T) == "not_running"
    office.ask(REQUESTS, **start(office))
    assert office.error(REQUESTS, action="cancel", template_id=U) == "not_running"
    assert office.scanner.cancels == 0


def test_an_acknowledgement_has_no_answer() -> None:
    office = Office()
    for touch in (TOUCH, TOUCH, "all", None, 7):
        assert office.ask("command", command="ack", touch=touch) == []
    assert office.journal.acks == [TOUCH, TOUCH]


def test_identify_blinks_once_for_each_request() -> None:
    office = Office()
    (answer,) = office.ask("command", command="identify")
    assert answer["result"] == {}
    office.repeat("command", command="identify")
    assert office.identified == 1


def test_restart_is_answered_first_and_needs_a_nonce() -> None:
    office = Office()
    assert office.error("command", command="restart") == "stale"
    nonce = office.nonce()
    assert office.error("command", command="restart", nonce=nonce) is None
    office.repeat("command", command="restart", nonce=nonce)
    assert office.restarts == 1


def test_no_restart_in_the_middle_of_an_enrollment() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    assert office.error("command", command="restart", nonce=office.nonce()) == "busy"
    assert office.restarts == 0


def test_the_last_answers_are_remembered() -> None:
    office = Office()
    office.ask("command", command="identify")
    oldest = json.dumps({"v": 1, "request": office.request, "command": "identify"}).encode()
    for _ in range(MOST_ANSWERS - 1):
        office.ask("command", command="identify")
    office.give("command", oldest)
    assert office.identified == MOST_ANSWERS
    office.ask("command", command="identify")
    office.give("command", oldest)
    assert office.identified == MOST_ANSWERS + 2


def test_a_message_of_4096_bytes_is_read_and_one_more_is_dropped() -> None:
    office = Office()
    message = '{"v":1,"request":"61d0f3a29c5b7e84","command":"identify","x":"%s"}'
    fill = MOST_PAYLOAD - len(message) + 2
    assert office.give("command", (message % ("x" * (fill + 1))).encode()) == []
    assert len(office.give("command", (message % ("x" * fill)).encode())) == 1
    assert office.give("command", None) == []


def test_random_bytes_are_dropped() -> None:
    office = Office()
    for topic in ("command", REQUESTS):
        for size in range(200):
            assert office.give(topic, os.urandom(size)) == []


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
    office = Office()
    for _ in range(2000):
        dice = os.urandom(2 * len(keys))
        message: dict[str, Any] = {"v": 1, "request": os.urandom(8).hex()}
        message["action"] = message["command"] = ("start", "cancel", "ack", "hello")[dice[0] & 3]
        for index, key in enumerate(keys):
            if dice[2 * index] < 128:
                message[key] = values[dice[2 * index + 1] % len(values)]
        for topic in ("command", REQUESTS):
            for answer in office.give(topic, json.dumps(message).encode()):
                assert answer["request"] == message["request"]
        office.sent.clear()
    assert (office.scanner.started, office.restarts) == ([], 0)
