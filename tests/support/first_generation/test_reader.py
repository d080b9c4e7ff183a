"""Touches, status and commands of the two sketches, and what goes wrong around them."""

import pytest

from tests.support.first_generation.reader import (
    DETECT_REQUEST,
    ENROLL_COMPLETION,
    ENROLL_RESPONSE,
    FINGERPRINT,
    SCAN_ACKNOWLEDGED,
    STATUS,
    Settings,
)
from tests.support.first_generation.scene import Scene, both, quiet_scene
from tests.support.first_generation.sketch import POOR, Sketch

# Touches


def test_touches_of_the_first_sketch_tell_slot_confidence_time_and_mode(first: Scene) -> None:
    first.sensor.templates[5] = "anna"
    first.enable()
    first.wait(12.5)
    first.touch("anna", "ben")
    first.touch("anna", quality=POOR)
    common = {"timestamp": 12500, "mode": "attendance"}
    assert first.news() == [
        (FINGERPRINT, {"fingerprint_id": 5, "confidence": 120, **common}),
        (FINGERPRINT, {"fingerprint_id": -1, "confidence": 0, **common}),
    ]


def test_touches_of_the_later_sketch_also_tell_how_they_matched(later: Scene) -> None:
    later.sensor.templates[5] = "anna"
    later.enable("registration")
    later.touch("anna", "ben")
    later.touch("anna", quality=POOR)
    found = [
        (message["fingerprint_id"], message["match_type"], message.get("reason"), message["mode"])
        for _, message in later.news()
    ]
    assert found == [
        (5, "hardware", None, "registration"),
        (-1, "hardware", "no match", "registration"),
        (-2, "hint", "low confidence", "registration"),
    ]


@both
def test_nothing_is_detected_until_it_is_enabled_nor_after_it_is_disabled(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.touch("anna")
    assert scene.news() == []
    scene.enable()
    scene.touch("anna")
    assert [suffix for suffix, _ in scene.news()] == [FINGERPRINT]
    scene.send(DETECT_REQUEST, {"action": "disable", "mode": "attendance"})
    scene.touch("anna")
    assert scene.news() == []


def test_the_mode_may_be_a_number_for_the_later_sketch_only(first: Scene, later: Scene) -> None:
    modes = []
    for scene in (first, later):
        scene.enable(1)
        scene.touch("anna")
        modes.append(scene.news()[0][1]["mode"])
    assert modes == ["attendance", "registration"]


@both
def test_a_sketch_may_detect_from_the_start(sketch: Sketch) -> None:
    scene = quiet_scene(sketch, Settings(detecting_at_start=True))
    scene.touch("anna")
    assert [suffix for suffix, _ in scene.news()] == [FINGERPRINT]


@both
def test_a_finger_that_stays_is_reported_again(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.enable()
    scene.place("anna")
    scene.wait(4)
    scene.lift()
    scene.wait(4)
    assert len(scene.news()) == 3


@both
def test_scans_of_an_enrollment_are_no_touches_but_what_stays_on_is_one(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.enable()
    scene.start()
    scene.place("anna")
    assert FINGERPRINT not in {suffix for suffix, _ in scene.news()}
    scene.enroll("cancel")
    assert [suffix for suffix, _ in scene.news()] == [ENROLL_RESPONSE, FINGERPRINT]


# Status, commands, and what goes wrong around it


@both
def test_status_comes_at_connect_and_then_periodically(sketch: Sketch) -> None:
    scene = Scene(sketch, Settings(status_period=10, device_id="esp32_lab"))
    assert scene.news() == [(STATUS, {"status": "online", "timestamp": 0})]
    scene.sensor.templates[5] = "anna"
    scene.wait(9.9)
    assert scene.news() == []
    scene.wait(10.1)
    full = {
        "device_id": "esp32_lab",
        "status": "online",
        "wifi_signal": -61,
        "enrollment_in_progress": False,
        "detection_mode": 0,
        "fingerprints_stored": 1,
        "fingerprint_capacity": 127,
    }
    assert scene.news() == [
        (STATUS, {**full, "uptime_seconds": 10}),
        (STATUS, {**full, "uptime_seconds": 20}),
    ]


@both
def test_status_tells_that_an_enrollment_is_in_progress(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.enable("registration")
    scene.start()
    scene.wait(30)
    status = [message for suffix, message in scene.news() if suffix == STATUS]
    assert [(one["enrollment_in_progress"], one["detection_mode"]) for one in status] == [(True, 1)]


@both
def test_commands_are_answered_on_the_status_topic(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.sensor.templates |= {1: "anna", 2: "ben"}
    scene.command("sensor_info")
    scene.command("clear_all")
    assert scene.news() == [
        (STATUS, {"command": "sensor_info", "capacity": 127, "stored": 2}),
        (STATUS, {"command": "clear_all", "status": "success"}),
    ]
    assert scene.sensor.templates == {}


@both
def test_it_hears_acknowledgements_of_scans_and_never_reads_them(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    assert SCAN_ACKNOWLEDGED in scene.reader.subscriptions
    scene.start()
    scene.news()
    scene.send(SCAN_ACKNOWLEDGED, {"action": "cancel", "command": "clear_all"})
    assert scene.news() == []
    scene.touch("anna")
    assert scene.statuses() == ["progress"]


@both
@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"7", b"{}", b'{"action":"dance"}'])
def test_unknown_messages_are_ignored(sketch: Sketch, payload: bytes) -> None:
    scene = quiet_scene(sketch)
    for suffix in (*scene.reader.subscriptions, "elsewhere"):
        scene.reader.take(suffix, payload, scene.now)
    assert scene.news() == []


def test_completion_is_not_for_the_first_sketch(first: Scene) -> None:
    assert ENROLL_COMPLETION not in first.reader.subscriptions
    first.start()
    first.save()
    first.touch("anna", "anna")
    assert first.statuses()[-1] == "success"


@both
def test_what_it_says_while_the_broker_is_away_is_lost(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.start()
    scene.news()
    scene.reader.disconnected(scene.now)
    scene.touch("anna")
    scene.wait(100)
    assert scene.news() == []
    scene.reader.connected(scene.now)
    assert scene.news() == [(STATUS, {"status": "online", "timestamp": 0})]


@both
def test_a_reboot_keeps_only_the_templates(sketch: Sketch) -> None:
    scene = quiet_scene(sketch)
    scene.sensor.templates[5] = "anna"
    scene.enable()
    scene.start(6)
    scene.wait(50)
    scene.news()
    scene.reader.reboot(scene.now)
    scene.touch("ben")
    scene.reader.connected(scene.now)
    scene.wait(7)
    scene.touch("ben")
    assert scene.news() == [(STATUS, {"status": "online", "timestamp": 0})]
    scene.enable()
    scene.touch("anna")
    assert [(one["fingerprint_id"], one["timestamp"]) for _, one in scene.news()] == [(5, 7000)]


def test_its_milliseconds_start_over_after_49_days(first: Scene) -> None:
    first.enable()
    first.now += 2**32 / 1000 + 1
    first.touch("ben")
    assert [one["timestamp"] for suffix, one in first.news() if suffix == FINGERPRINT] == [1000]
