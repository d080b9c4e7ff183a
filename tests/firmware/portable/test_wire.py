"""The requests of tests/wire, as the dispatcher takes them."""

import binascii
import json

from fpreader.sensor import LED_COLORS
from tests.firmware.portable.dispatcher_harness import (
    DIAGNOSTICS,
    PAGE,
    REVISION,
    SETTINGS,
    DispatcherHarness,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

WIRE = __file__.rsplit("/", 3)[0] + "/wire/"
BASE = "biometric/front_door/"
TO_READER = ("command", "enroll/request")


def lines(name: str) -> "Iterator[dict[str, Any]]":
    """Read one entry of a line at a time: all of them do not fit into a reader's RAM."""
    with open(WIRE + name) as file:
        for line in file:
            text = line.strip().rstrip(",")
            if len(text) > 1:
                yield json.loads(text)


def entries(name: str) -> "Iterator[dict[str, Any]]":
    """Read the entries that are requests."""
    for entry in lines(name):
        entry["topic"] = entry["topic"][len(BASE) :]
        if entry["topic"] in TO_READER:
            yield entry


def payload(entry: "dict[str, Any]") -> bytes:
    if "payload_text" in entry:
        return str(entry["payload_text"]).encode()
    return binascii.a2b_base64(entry["payload_base64"])


def test_every_request_is_understood() -> None:
    count = 0
    for entry in entries("messages.json"):
        count += 1
        harness = DispatcherHarness(colored=True)
        message = entry["payload"]
        if "nonce" in message:
            message["nonce"] = harness.nonce()
        if message.get("action") == "cancel":
            harness.scanner.show(message["template_id"], "completed")
        answers = harness.give(entry["topic"], json.dumps(message).encode())
        if harness.scanner.changes.done:
            harness.scanner.changes.end()
            answers = [json.loads(harness.sent[-1])]
        if message.get("command") == "ack":
            assert (answers, harness.journal.acks) == ([], [message["touch"]])
        else:
            assert [answer["ok"] for answer in answers] == [True], entry["name"]
    assert count >= 18


def test_every_malformed_request_is_refused_as_the_fixtures_say_and_does_nothing() -> None:
    count = 0
    for entry in entries("malformed.json"):
        count += 1
        harness = DispatcherHarness(colored=True)
        retained = entry.get("retained", False)
        answers = harness.give(entry["topic"], payload(entry), retained=retained)
        expected = [] if entry["expect"] == "drop" else [entry["expect"]]
        assert [answer["error"] for answer in answers] == expected, entry["name"]
        nothing = (harness.scanner.started, harness.scanner.cancels, harness.restarts)
        assert nothing == ([], 0, 0), entry["name"]
        assert (harness.identified, harness.journal.acks) == (0, []), entry["name"]
        assert harness.scanner.changes.asked == [], entry["name"]
    assert count >= 170


def test_the_results_that_home_assistant_has_to_accept_are_those_of_the_desk() -> None:
    kinds: dict[str, dict[str, Any]] = {
        "list": PAGE,
        "revision": {"revision": REVISION},
        "settings": SETTINGS,
        "diagnostics": DIAGNOSTICS,
    }
    seen = set()
    for entry in lines("results.json"):
        if entry["expect"] == "accept":
            seen.add(entry["of"])
            assert set(kinds[entry["of"]]) <= set(entry["result"]), entry["name"]
    assert seen == set(kinds)


def test_home_assistant_has_to_accept_each_colour_and_none() -> None:
    entries = [entry for entry in lines("results.json") if entry["of"] == "settings"]
    colors = [entry["result"].get("led_color") for entry in entries if entry["expect"] == "accept"]
    # The others are words of a later firmware, which it has to accept as well.
    assert set(colors) > set(LED_COLORS) | {None}
