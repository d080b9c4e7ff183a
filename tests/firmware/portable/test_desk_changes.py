"""Requests that change something beside enrolling, and the list: what the desk makes of them."""

import json

from fpreader.answers import MOST_ANSWERS
from fpreader.requests import MOST_PAYLOAD
from fpreader.scanner import PAGE as SCANNER_PAGE
from tests.firmware.portable.office import COLOR_SETTINGS, PAGE, REVISION, SETTINGS, Office
from tests.firmware.portable.test_desk import REQUESTS, T, U, start

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

#: Each change as HA asks for it, without nonce, and as the desk asks for it.
CHANGES: "list[tuple[dict[str, Any], tuple[Any, ...]]]" = [
    ({"command": "delete", "slot": 5, "template_id": T}, ("delete", 5, T, None)),
    (
        {"command": "delete", "slot": 0, "template_id": None, "revision": U},
        ("delete", 0, None, U),
    ),
    (
        {"command": "adopt", "slot": 65535, "template_id": U, "revision": T},
        ("adopt", 65535, U, T),
    ),
    ({"command": "accept_sensor"}, ("accept_sensor",)),
    ({"command": "settings", "identification": False}, ("set", False, None, None)),
    ({"command": "settings", "security_level": 1}, ("set", None, 1, None)),
    ({"command": "settings", "led_color": "white"}, ("set", None, None, "white")),
    (
        {
            "command": "settings",
            "identification": True,
            "security_level": 5,
            "led_color": "off",
        },
        ("set", True, 5, "off"),
    ),
]


def change(office: Office, message: "dict[str, Any]") -> "list[Any]":
    """Ask for a change with a good nonce, return the answers."""
    return office.ask("command", nonce=office.nonce(), **message)


def end(office: Office, error: "str | None" = None) -> "list[Any]":
    """Let the change end, return the answers."""
    before = len(office.sent)
    office.scanner.changes.end(error)
    return [json.loads(answer) for answer in office.sent[before:]]


def test_a_change_is_asked_for_once_and_answered_when_it_is_done() -> None:
    for message, asked in CHANGES:
        office = Office(colored=True)
        nonce = office.nonce()
        assert office.ask("command", nonce=nonce, **message) == []
        assert office.repeat("command", nonce=nonce, **message) == []
        assert office.scanner.changes.asked == [asked]
        (answer,) = end(office)
        result: dict[str, Any] = {}
        if message["command"] == "settings":
            result.update(SETTINGS)
            result.update(COLOR_SETTINGS)
        if message["command"] in ("delete", "adopt"):
            result["revision"] = REVISION
        assert answer == {"v": 1, "request": office.request, "ok": True, "result": result}
        assert office.repeat("command", nonce=nonce, **message) == [answer]
        assert office.scanner.changes.asked == [asked]


def test_a_change_that_fails_later_is_answered_with_its_error() -> None:
    for message, _ in CHANGES:
        office = Office(colored=True)
        change(office, message)
        (answer,) = end(office, "sensor_error")
        assert (answer["ok"], answer["error"]) == (False, "sensor_error")
        assert office.repeat("command", **message) == [answer]


def test_a_change_that_is_refused_is_answered_at_once_and_not_asked_for_again() -> None:
    for message, _ in CHANGES:
        for error in ("busy", "sensor_error", "sensor_changed", "bad_request", "not_found"):
            office = Office(colored=True)
            office.scanner.changes.refuses = error
            answers = change(office, message)
            assert [answer["error"] for answer in answers] == [error]
            office.scanner.changes.refuses = None
            assert office.repeat("command", **message) == answers
            assert office.scanner.changes.asked == []


def test_settings_are_answered_as_they_are_when_they_are_done() -> None:
    office = Office()
    change(office, {"command": "settings", "security_level": 5})
    office.scanner.changes.settings["security_level"] = 5
    (answer,) = end(office)
    assert answer["result"] == {"identification": True, "security_level": 5}


def test_every_colour_is_taken_where_the_light_has_some_and_none_where_it_has_not() -> None:
    for color in ("off", "red", "blue", "purple", "green", "yellow", "cyan", "white"):
        message: dict[str, Any] = {"command": "settings", "led_color": color}
        office = Office(colored=True)
        assert change(office, message) == []
        assert office.scanner.changes.asked == [("set", None, None, color)]
        plain = Office()
        message["identification"] = False
        nonce = plain.nonce()
        assert plain.error("command", nonce=nonce, **message) == "bad_request"
        assert plain.scanner.changes.asked == []
        # Which is found out before the nonce is looked at, so it still counts.
        message.pop("led_color")
        assert plain.ask("command", nonce=nonce, **message) == []


def test_the_colour_is_told_only_where_the_light_has_some() -> None:
    for colored in (False, True):
        office = Office(colored=colored)
        (hello,) = office.ask("command", command="hello")
        assert ("led_color" in hello["result"]["features"]) is colored
        assert ("led_color" in hello["result"]["settings"]) is colored
        change(office, {"command": "settings", "identification": True})
        (answer,) = end(office)
        assert ("led_color" in answer["result"]) is colored


def test_hello_tells_that_a_change_may_still_come() -> None:
    for message, _ in CHANGES:
        office = Office(colored=True)
        change(office, message)
        (hello,) = office.ask("command", command="hello")
        assert hello["result"]["changing"] is True
        end(office)
        (hello,) = office.ask("command", command="hello")
        assert hello["result"]["changing"] is False


def test_a_change_needs_a_nonce_and_uses_it_up() -> None:
    for message, _ in CHANGES:
        office = Office(colored=True)
        for nonce in (None, "0" * 16):
            assert office.error("command", nonce=nonce, **message) == "stale"
        assert office.error("command", **message) == "stale"
        nonce = office.nonce()
        assert office.error("command", nonce=7, **message) == "bad_request"
        office.scanner.changes.refuses = "busy"
        assert office.error("command", nonce=nonce, **message) == "busy"
        assert office.error("command", nonce=nonce, **message) == "stale"
        assert office.scanner.changes.asked == []


def test_no_restart_in_the_middle_of_a_change() -> None:
    office = Office()
    change(office, CHANGES[0][0])
    assert office.error("command", command="restart", nonce=office.nonce()) == "busy"
    end(office)
    assert office.error("command", command="restart", nonce=office.nonce()) is None


def test_a_change_is_answered_also_after_many_other_answers() -> None:
    office = Office()
    change(office, CHANGES[0][0])
    request = office.request
    for _ in range(2 * MOST_ANSWERS):
        office.ask("command", command="identify")
    (answer,) = end(office)
    assert (answer["request"], answer["ok"]) == (request, True)


def test_a_change_whose_answer_is_forgotten_is_answered_as_stale() -> None:
    office = Office()
    message = CHANGES[0][0]
    nonce = office.nonce()
    office.ask("command", nonce=nonce, **message)
    end(office)
    late: dict[str, Any] = {"v": 1, "request": office.request, "nonce": nonce}
    late.update(message)
    for _ in range(MOST_ANSWERS):
        office.ask("command", command="identify")
    (answer,) = office.give("command", json.dumps(late).encode())
    assert answer["error"] == "stale"
    assert len(office.scanner.changes.asked) == 1


def test_a_change_and_a_cancel_can_wait_side_by_side() -> None:
    office = Office()
    office.ask(REQUESTS, **start(office))
    office.ask(REQUESTS, action="cancel", template_id=T)
    cancel = office.request
    change(office, {"command": "settings", "identification": False})
    (answer,) = end(office)
    assert answer["request"] == office.request
    office.scanner.show(T, "cancelled")
    office.desk.settle()
    assert json.loads(office.sent[-1])["request"] == cancel


def test_a_list_is_answered_anew_each_time_and_costs_no_answer_its_place() -> None:
    office = Office()
    nonce = office.nonce()
    hello = json.dumps({"v": 1, "request": office.request, "command": "hello"}).encode()
    for first in range(2 * MOST_ANSWERS):
        (answer,) = office.ask("command", command="list", first=first)
        expected: dict[str, Any] = dict(PAGE)
        expected["next"] = first + 7
        assert answer == {"v": 1, "request": office.request, "ok": True, "result": expected}
    assert office.repeat("command", command="list", first=0)[0]["result"]["next"] == 7
    (again,) = office.give("command", hello)
    assert again["result"]["nonce"] == nonce


def test_a_list_of_what_nobody_knows_is_an_error() -> None:
    office = Office()
    office.scanner.known = False
    assert office.error("command", command="list", first=0) == "sensor_error"


def test_the_longest_answers_are_short_enough() -> None:
    office = Office(colored=True)
    office.scanner.show(T, "place_finger", 65535)
    office.scanner.snapshot["captured"] = [{"attempts": 65535}] * 7
    office.scanner.snapshot["rejected"] = {"count": 65535, "last": "too_few_features"}
    office.scanner.snapshot["duplicate_of"] = U
    office.journal.waiting = office.journal.dropped = 2**53
    office.now = 2**53
    office.ask("command", command="hello")
    assert len(office.sent[-1]) < MOST_PAYLOAD / 2
    office.scanner.templates_of_a_page = [(65535, "f" * 16)] * SCANNER_PAGE
    office.ask("command", command="list", first=65535)
    assert len(office.sent[-1]) < MOST_PAYLOAD / 2
