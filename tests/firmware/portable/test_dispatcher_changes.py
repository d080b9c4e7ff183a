"""Requests that change something beside enrolling, and the list, at the dispatcher."""

import json

from fpreader.answers import MOST_ANSWERS
from fpreader.requests import MOST_PAYLOAD
from fpreader.scanner import PAGE as SCANNER_PAGE
from tests.firmware.portable.dispatcher_harness import (
    COLOR_SETTINGS,
    PAGE,
    REVISION,
    SETTINGS,
    DispatcherHarness,
)
from tests.firmware.portable.test_dispatcher import REQUESTS, T, U, start

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

#: Each change as HA asks for it, without nonce, and as the dispatcher asks for it.
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


def change(harness: DispatcherHarness, message: "dict[str, Any]") -> "list[Any]":
    """Ask for a change with a good nonce, return the answers."""
    return harness.ask("command", nonce=harness.nonce(), **message)


def end(harness: DispatcherHarness, error: "str | None" = None) -> "list[Any]":
    """Let the change end, return the answers."""
    return harness.sent_by(lambda: harness.scanner.changes.end(error))


def test_a_change_is_asked_for_once_and_answered_when_it_is_done() -> None:
    for message, asked in CHANGES:
        harness = DispatcherHarness(colored=True)
        nonce = harness.nonce()
        assert harness.ask("command", nonce=nonce, **message) == []
        assert harness.repeat("command", nonce=nonce, **message) == []
        assert harness.scanner.changes.asked == [asked]
        (answer,) = end(harness)
        result: dict[str, Any] = {}
        if message["command"] == "settings":
            result.update(SETTINGS)
            result.update(COLOR_SETTINGS)
        if message["command"] in ("delete", "adopt"):
            result["revision"] = REVISION
        assert answer == {"v": 1, "request": harness.request, "ok": True, "result": result}
        assert harness.repeat("command", nonce=nonce, **message) == [answer]
        assert harness.scanner.changes.asked == [asked]


def test_a_change_that_fails_later_is_answered_with_its_error() -> None:
    for message, _ in CHANGES:
        harness = DispatcherHarness(colored=True)
        change(harness, message)
        (answer,) = end(harness, "sensor_error")
        assert (answer["ok"], answer["error"]) == (False, "sensor_error")
        assert harness.repeat("command", **message) == [answer]


def test_a_change_that_is_refused_is_answered_at_once_and_not_asked_for_again() -> None:
    for message, _ in CHANGES:
        for error in ("busy", "sensor_error", "sensor_changed", "bad_request", "not_found"):
            harness = DispatcherHarness(colored=True)
            harness.scanner.changes.refuses = error
            answers = change(harness, message)
            assert [answer["error"] for answer in answers] == [error]
            harness.scanner.changes.refuses = None
            assert harness.repeat("command", **message) == answers
            assert harness.scanner.changes.asked == []


def test_settings_are_answered_as_they_are_when_they_are_done() -> None:
    harness = DispatcherHarness()
    change(harness, {"command": "settings", "security_level": 5})
    harness.scanner.changes.settings["security_level"] = 5
    (answer,) = end(harness)
    assert answer["result"] == {"identification": True, "security_level": 5}


def test_every_colour_is_taken_where_the_light_has_some_and_none_where_it_has_not() -> None:
    for color in ("off", "red", "blue", "purple", "green", "yellow", "cyan", "white"):
        message: dict[str, Any] = {"command": "settings", "led_color": color}
        harness = DispatcherHarness(colored=True)
        assert change(harness, message) == []
        assert harness.scanner.changes.asked == [("set", None, None, color)]
        plain = DispatcherHarness()
        message["identification"] = False
        nonce = plain.nonce()
        assert plain.error("command", nonce=nonce, **message) == "bad_request"
        assert plain.scanner.changes.asked == []
        # Which is found out before the nonce is looked at, so it still counts.
        message.pop("led_color")
        assert plain.ask("command", nonce=nonce, **message) == []


def test_the_colour_is_told_only_where_the_light_has_some() -> None:
    for colored in (False, True):
        harness = DispatcherHarness(colored=colored)
        (hello,) = harness.ask("command", command="hello")
        assert ("led_color" in hello["result"]["features"]) is colored
        assert ("led_color" in hello["result"]["settings"]) is colored
        change(harness, {"command": "settings", "identification": True})
        (answer,) = end(harness)
        assert ("led_color" in answer["result"]) is colored


def test_hello_tells_that_a_change_may_still_come() -> None:
    for message, _ in CHANGES:
        harness = DispatcherHarness(colored=True)
        change(harness, message)
        (hello,) = harness.ask("command", command="hello")
        assert hello["result"]["changing"] is True
        end(harness)
        (hello,) = harness.ask("command", command="hello")
        assert hello["result"]["changing"] is False


def test_a_change_needs_a_nonce_and_uses_it_up() -> None:
    for message, _ in CHANGES:
        harness = DispatcherHarness(colored=True)
        for nonce in (None, "0" * 16):
            assert harness.error("command", nonce=nonce, **message) == "stale"
        assert harness.error("command", **message) == "stale"
        nonce = harness.nonce()
        assert harness.error("command", nonce=7, **message) == "bad_request"
        harness.scanner.changes.refuses = "busy"
        assert harness.error("command", nonce=nonce, **message) == "busy"
        assert harness.error("command", nonce=nonce, **message) == "stale"
        assert harness.scanner.changes.asked == []


def test_no_restart_in_the_middle_of_a_change() -> None:
    harness = DispatcherHarness()
    change(harness, CHANGES[0][0])
    assert harness.error("command", command="restart", nonce=harness.nonce()) == "busy"
    end(harness)
    assert harness.error("command", command="restart", nonce=harness.nonce()) is None


def test_a_change_is_answered_also_after_many_other_answers() -> None:
    harness = DispatcherHarness()
    change(harness, CHANGES[0][0])
    request = harness.request
    for _ in range(2 * MOST_ANSWERS):
        harness.ask("command", command="identify")
    (answer,) = end(harness)
    assert (answer["request"], answer["ok"]) == (request, True)


def test_a_change_whose_answer_is_forgotten_is_answered_as_stale() -> None:
    harness = DispatcherHarness()
    message = CHANGES[0][0]
    nonce = harness.nonce()
    harness.ask("command", nonce=nonce, **message)
    end(harness)
    late: dict[str, Any] = {"v": 1, "request": harness.request, "nonce": nonce}
    late.update(message)
    for _ in range(MOST_ANSWERS):
        harness.ask("command", command="identify")
    (answer,) = harness.give("command", json.dumps(late).encode())
    assert answer["error"] == "stale"
    assert len(harness.scanner.changes.asked) == 1


def test_a_change_and_a_cancel_can_wait_side_by_side() -> None:
    harness = DispatcherHarness()
    harness.ask(REQUESTS, **start(harness))
    harness.ask(REQUESTS, action="cancel", template_id=T)
    cancel = harness.request
    change(harness, {"command": "settings", "identification": False})
    (answer,) = end(harness)
    assert answer["request"] == harness.request
    harness.scanner.show(T, "cancelled")
    harness.dispatcher.answer_cancels()
    assert json.loads(harness.sent[-1])["request"] == cancel


def test_a_list_is_answered_anew_each_time_and_costs_no_answer_its_place() -> None:
    harness = DispatcherHarness()
    nonce = harness.nonce()
    hello = json.dumps({"v": 1, "request": harness.request, "command": "hello"}).encode()
    for first in range(2 * MOST_ANSWERS):
        (answer,) = harness.ask("command", command="list", first=first)
        expected: dict[str, Any] = dict(PAGE)
        expected["next"] = first + 7
        assert answer == {"v": 1, "request": harness.request, "ok": True, "result": expected}
    assert harness.repeat("command", command="list", first=0)[0]["result"]["next"] == 7
    (again,) = harness.give("command", hello)
    assert again["result"]["nonce"] == nonce


def test_a_list_of_what_nobody_knows_is_an_error() -> None:
    harness = DispatcherHarness()
    harness.scanner.known = False
    assert harness.error("command", command="list", first=0) == "sensor_error"


def test_the_longest_answers_are_short_enough() -> None:
    harness = DispatcherHarness(colored=True)
    harness.scanner.show(T, "place_finger", 65535)
    harness.scanner.snapshot["captured"] = [{"attempts": 65535}] * 7
    harness.scanner.snapshot["rejected"] = {"count": 65535, "last": "too_few_features"}
    harness.scanner.snapshot["duplicate_of"] = U
    harness.journal.waiting = harness.journal.dropped = 2**53
    harness.now = 2**53
    harness.ask("command", command="hello")
    assert len(harness.sent[-1]) < MOST_PAYLOAD / 2
    harness.scanner.templates_of_a_page = [(65535, "f" * 16)] * SCANNER_PAGE
    harness.ask("command", command="list", first=65535)
    assert len(harness.sent[-1]) < MOST_PAYLOAD / 2
