"""The whole reader as a process: real broker, emulated sensor, every runtime."""

from __future__ import annotations

import json
import secrets
import socket
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from emulator import R307, EmulatedSensor, SensorLine
from emulator.seen_empty import wait_until_seen_empty
from tests.firmware.reader_process import (
    ANNA,
    BEN,
    FINAL,
    RUNTIMES,
    Broker,
    Home,
    Reader,
    enroll,
    touch,
)
from tests.support.certificate import tls_listener

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Finger


def touch_unseen(reader: Reader, finger: Finger) -> None:
    """Touch while nobody listens: the sensor tells when the reader has read the finger."""
    wait_until_seen_empty(reader.line)
    mark = reader.line.command_count
    reader.line.place(finger)
    reader.line.wait_for_command(0x04, since=mark)
    reader.line.lift()
    wait_until_seen_empty(reader.line)


def test_whoever_subscribes_later_finds_the_three_retained_topics(
    reader: Reader, home: Home
) -> None:
    for topic in ("status", "templates", "enroll/response"):
        assert home.wait(topic, lambda _: True).retained
    assert home.wait("status", lambda _: True).payload == {
        "v": 1,
        "online": True,
        "device": reader.device,
        "firmware": "0.2.0",
        "board": "host",
        "sensor": "R307",
        "max_scans": 3,
        "features": ["led", "list", "delete", "adopt", "accept_sensor", "settings"],
    }
    assert home.wait("templates", lambda _: True).payload["capacity"] == 1000
    assert home.wait("enroll/response", lambda _: True).payload["stage"] == "idle"


def test_a_reader_without_power_is_said_to_be_offline(reader: Reader, home: Home) -> None:
    since = home.mark()
    reader.kill()
    message = home.wait("status", lambda one: not one["online"], since)
    assert message.payload == {"v": 1, "online": False}


def test_a_repeated_request_is_answered_once_and_the_same(reader: Reader, home: Home) -> None:
    request = secrets.token_hex(8)
    answers = [home.ask("command", request, command="hello").raw for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert json.loads(answers[0])["result"]["nonce"] != home.hello()["nonce"]


def test_three_scans_make_a_template_that_touches_are_known_by(reader: Reader, home: Home) -> None:
    template_id = enroll(home, reader, ANNA)
    snapshots = [
        one for one in home.payloads("enroll/response") if one["template_id"] == template_id
    ]
    assert [one["seq"] for one in snapshots] == sorted({one["seq"] for one in snapshots})
    assert snapshots[-1]["captured"] == [{"attempts": 1}] * 3
    home.wait("templates", lambda one: one["count"] == 1)
    one = touch(home, reader, ANNA)
    assert (one["result"], one["template_id"], one["slot"]) == ("identified", template_id, 0)
    other = touch(home, reader, BEN)
    assert (other["result"], other["template_id"]) == ("not_identified", None)
    home.ack(one["touch"])
    home.ack(other["touch"])
    assert home.hello()["journal"] == 0


def test_a_cancel_is_answered_with_the_end(reader: Reader, home: Home) -> None:
    template_id = secrets.token_hex(8)
    home.start(template_id)
    reader.line.place(ANNA)
    home.stage("lift_finger", 1)
    answer = home.ask("enroll/request", action="cancel", template_id=template_id).payload
    assert answer["result"]["enrollment"]["stage"] == "cancelled"
    retained = home.wait("enroll/response", lambda one: one["stage"] == "cancelled").payload
    assert {**answer["result"]["enrollment"], "v": 1} == retained
    again = home.ask("enroll/request", action="cancel", template_id=template_id).payload
    assert again["result"] == answer["result"]


def test_an_enrollment_goes_on_while_the_broker_is_away(
    reader: Reader, home: Home, broker: Broker
) -> None:
    template_id = secrets.token_hex(8)
    home.start(template_id)
    home.stage("place_finger", 1)
    broker.kill()
    for last in (0x04, 0x06):  # the first scan ends with a Search, the second with Store
        mark = reader.line.command_count
        reader.line.place(ANNA)
        reader.line.wait_for_command(last, since=mark)
        reader.line.lift()
        wait_until_seen_empty(reader.line)
    broker.start()
    later = Home(broker.port)
    try:
        snapshot = later.stage("place_finger", 3)
        assert (snapshot["template_id"], len(snapshot["captured"])) == (template_id, 2)
        reader.line.place(ANNA)
        assert later.stage("completed", 3)["captured"] == [{"attempts": 1}] * 3
    finally:
        later.close()


def test_touches_wait_for_the_broker_and_for_each_acknowledgement(
    reader: Reader, home: Home, broker: Broker
) -> None:
    template_id = enroll(home, reader, ANNA)
    broker.kill()
    for finger in (BEN, ANNA, BEN):
        touch_unseen(reader, finger)
    broker.start()
    later = Home(broker.port)
    try:
        later.wait("status", lambda one: one["online"])
        assert later.hello()["journal"] == 3
        got: dict[str, dict[str, Any]] = {}
        for _ in range(3):
            # What was younger than two seconds came at once, before the backlog.
            one = later.wait("fingerprint", lambda one: one["touch"] not in got).payload
            got[one["touch"]] = one
            later.ack(one["touch"])
        assert later.hello()["journal"] == 0
        in_order = sorted(got.values(), key=lambda one: int(one["at_ms"]))
        unknown = ("not_identified", None)
        assert [(one["result"], one["template_id"]) for one in in_order] == [
            unknown,
            ("identified", template_id),
            unknown,
        ]
    finally:
        later.close()


def test_a_touch_nobody_acknowledged_outlives_a_power_cut(reader: Reader, home: Home) -> None:
    one = touch(home, reader, BEN)
    journal = reader.flash / "journal"
    until(lambda: journal.exists() and journal.stat().st_size > 0)
    reader.kill()
    since = home.mark()
    reader.start()
    home.wait("status", lambda one: one["online"], since)
    assert home.hello()["journal"] == 1
    again = home.wait("fingerprint", lambda _: True, since).payload
    assert (again["touch"], again["at_ms"]) == (one["touch"], None)


def test_a_power_cut_in_the_middle_ends_the_enrollment_as_failed(
    reader: Reader, home: Home
) -> None:
    template_id = secrets.token_hex(8)
    home.start(template_id)
    reader.line.place(ANNA)
    before = home.stage("lift_finger", 1)
    reader.kill()
    since = home.mark()
    reader.start()
    snapshot = home.wait("enroll/response", lambda one: one["stage"] in FINAL, since).payload
    assert (snapshot["reason"], snapshot["template_id"]) == ("reader_restarted", template_id)
    assert snapshot["captured"] == before["captured"]
    assert snapshot["seq"] > before["seq"]


def test_a_restart_is_answered_and_then_wanted_from_outside(reader: Reader, home: Home) -> None:
    answer = home.ask("command", command="restart", nonce=home.hello()["nonce"]).payload
    assert answer["result"] == {}
    assert reader.process is not None
    assert reader.process.wait(5) == 3


def test_a_touch_right_before_a_restart_is_not_forgotten(reader: Reader, home: Home) -> None:
    nonce = home.hello()["nonce"]
    one = touch(home, reader, BEN)
    assert home.ask("command", command="restart", nonce=nonce).payload["ok"]
    assert reader.process is not None
    assert reader.process.wait(5) == 3
    since = home.mark()
    reader.start()
    home.wait("status", lambda one: one["online"], since)
    assert home.hello()["journal"] == 1
    again = home.wait("fingerprint", lambda _: True, since).payload
    assert again["touch"] == one["touch"]


def test_a_wrong_status_is_put_right(reader: Reader, home: Home) -> None:
    since = home.mark()
    home.say("status", b'{"v":1,"online":false}', retain=True)
    home.wait("status", lambda one: one["online"], since)


def test_nothing_that_anybody_sends_ends_the_reader(reader: Reader, home: Home) -> None:
    for topic in ("command", "enroll/request", "status"):
        for payload in (b'{"x":"' + b"x" * 5000 + b'"}', b"[" * 4000 + b"]" * 4000, b"7", b"{}"):
            home.say(topic, payload)
    assert home.hello()["device"] == reader.device
    assert reader.process is not None
    assert reader.process.poll() is None
    assert "mqtt:" not in reader.log.read_text()


def test_a_broker_that_talks_nonsense_or_nothing_is_left_and_tried_again(
    reader: Reader, broker: Broker
) -> None:
    broker.kill()
    with closing(socket.create_server(("127.0.0.1", broker.port))) as server:
        server.settimeout(20)
        for nonsense in (bytes(range(256)), b"", b"\x20\x02\x00\x05"):
            connection, _ = server.accept()
            with closing(connection):
                connection.settimeout(20)
                assert b"MQTT" in connection.recv(1000)
                connection.sendall(nonsense)
                if nonsense:
                    with suppress(ConnectionResetError):
                        connection.recv(1000)  # which ends when the reader has had enough
    broker.start()
    home = Home(broker.port)
    try:
        home.wait("status", lambda one: one["online"], timeout=20)
        assert "not allowed" in reader.log.read_text()
    finally:
        home.close()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_broker_that_wants_tls_is_told_by_what_it_does(runtime: str, tmp_path: Path) -> None:
    broker = Broker(tmp_path, *tls_listener(tmp_path))
    reader = Reader(tmp_path, runtime, broker.port)
    try:
        broker.start()
        reader.start()
        until(lambda: reader.log.read_text().count("mqtt: ") > 1)
        said = {line for line in reader.log.read_text().splitlines() if line.startswith("mqtt: ")}
        assert said == {"mqtt: the broker closed at once; does it want TLS?"}
    finally:
        reader.close()
        broker.kill()


def test_a_broker_that_ends_the_connection_later_is_not_asked_about_tls(
    reader: Reader,
    home: Home,
    broker: Broker,
) -> None:
    home.hello()
    broker.kill()
    until(lambda: "mqtt: the broker closed the connection" in reader.log.read_text())
    assert "TLS" not in reader.log.read_text()


def test_an_idle_reader_hardly_uses_the_processor(reader: Reader, home: Home) -> None:
    home.hello()
    before = reader.cpu_seconds()
    time.sleep(3)  # what is measured is time
    assert reader.cpu_seconds() - before < 3 * 0.05


def test_a_line_that_vanishes_is_found_again(reader: Reader, home: Home) -> None:
    since = home.mark()
    reader.line.close()
    home.wait("templates", lambda one: one["sensor_error"] == "not_responding", since)
    since = home.mark()
    reader.line = SensorLine(EmulatedSensor(R307), link=reader.folder / "sensor")
    home.wait("templates", lambda one: one["sensor_error"] is None, since, timeout=15)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reader_id": "Front door"}, "reader_id has to be"),
        ({"device": None}, "device has to be"),
        ({"sensor": "R999"}, "sensor has to be auto or one of AS608, FPM10A, R305"),
        ({"baud": 9601}, "baud has to be a multiple of 9600"),
        ({"capacity": 0}, "capacity has to be 1 to 10000"),
        ({"address": "12 34"}, "address has to be 4 bytes"),
        ({"sensor_password": -1}, "sensor_password has to be 4 bytes"),
        ({"port": "1883"}, "port has to be 1 to 65535"),
        ({"broker": ""}, "broker has to be"),
        ({"password": "secret"}, "password needs a user"),
    ],
)
def test_a_wrong_configuration_gives_one_clear_line(
    runtime: str, changed: dict[str, Any], said: str, tmp_path: Path
) -> None:
    reader = Reader(tmp_path, runtime, 1883)
    try:
        values = json.loads(reader.config.read_text())
        reader.configure(**{**values, **changed})
        reader.start()
        assert reader.process is not None
        assert reader.process.wait(10) == 2
        (line,) = reader.log.read_text().splitlines()
        assert said in line
        assert "secret" not in line
    finally:
        reader.close()


def until(true: Any, seconds: float = 10) -> None:
    """Wait for a file, which tells nobody that it has changed."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
