"""Changes to the whole reader as a process: real broker, emulated sensor, every runtime."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from emulator import LED_OFF, PROFILES, Command, EmulatedSensor, Led, SensorLine
from emulator.seen_empty import wait_until_seen_empty
from tests.firmware.reader_process import ANNA, BEN, Home, Reader, enroll, touch


def change(home: Home, command: str, **message: Any) -> dict[str, Any]:
    """Ask for a change, return the answer."""
    nonce = home.hello()["nonce"]
    answer: dict[str, Any] = home.ask("command", command=command, nonce=nonce, **message).payload
    return answer


def listed(home: Home) -> list[Any]:
    """List all templates; they fit on one page here."""
    result = home.ask("command", command="list", first=0).payload["result"]
    assert result["revision"] == home.hello()["templates"]["revision"]
    assert result["next"] is None
    templates: list[Any] = result["templates"]
    return templates


def test_templates_are_listed_deleted_and_adopted(reader: Reader, home: Home) -> None:
    anna = enroll(home, reader, ANNA)
    ben = enroll(home, reader, BEN)
    assert listed(home) == [[0, anna], [1, ben]]
    since = home.mark()
    assert change(home, "delete", slot=0, template_id=ben)["error"] == "not_found"
    assert change(home, "delete", slot=0, template_id=anna)["ok"]
    home.wait("templates", lambda one: one["count"] == 1, since)
    assert listed(home) == [[1, ben]]
    assert touch(home, reader, ANNA)["result"] == "not_identified"
    # A template that somebody else stored has no id until it gets one.
    with reader.line.hold() as sensor:
        sensor.templates[7] = sensor.templates[1]
    reader.kill()
    since = home.mark()
    reader.start()
    home.wait("templates", lambda one: one["count"] == 2, since)
    assert listed(home) == [[1, ben], [7, None]]
    new, revision = secrets.token_hex(8), home.hello()["templates"]["revision"]
    wrong = change(home, "adopt", slot=7, template_id=new, revision="0" * 16)
    assert wrong["error"] == "not_found"
    adopted = change(home, "adopt", slot=7, template_id=new, revision=revision)
    assert adopted["result"]["revision"] == home.hello()["templates"]["revision"]
    assert listed(home) == [[1, ben], [7, new]]


def test_another_sensor_is_accepted(reader: Reader, home: Home) -> None:
    enroll(home, reader, ANNA)
    since = home.mark()
    reader.line.close()
    home.wait("templates", lambda one: one["sensor_error"] is not None, since)
    other = EmulatedSensor(PROFILES["R307"])
    reader.line = SensorLine(other, link=reader.folder / "sensor")
    home.wait("templates", lambda one: one["sensor_changed"], since, timeout=15)
    assert change(home, "accept_sensor")["result"] == {}
    assert home.hello()["templates"]["sensor_changed"] is False
    assert change(home, "accept_sensor")["error"] == "bad_request"
    assert listed(home) == []


def test_settings_survive_a_power_cut(reader: Reader, home: Home) -> None:
    template_id = enroll(home, reader, ANNA)
    assert home.hello()["settings"] == {"identification": True, "security_level": 3}
    wanted = {"identification": False, "security_level": 4}
    assert change(home, "settings", **wanted)["result"] == wanted
    reader.kill()
    since = home.mark()
    reader.start()
    home.wait("templates", lambda one: one["count"] == 1, since)
    assert home.hello()["settings"] == wanted
    wait_until_seen_empty(reader.line)
    since, mark = home.mark(), reader.line.command_count
    reader.line.place(ANNA)
    reader.line.wait_for_command(Command.SEARCH, since=mark)
    mark = reader.line.command_count
    reader.line.lift()
    reader.line.wait_for_command(Command.GEN_IMG, since=mark)
    assert touch(home, reader, BEN)["result"] == "not_identified"
    assert len(home.payloads("fingerprint", since)) == 1
    assert change(home, "settings", identification=True)["ok"]
    assert touch(home, reader, ANNA)["template_id"] == template_id


@pytest.mark.parametrize("model", ["R503"])
def test_the_colour_of_the_light_survives_a_power_cut(reader: Reader, home: Home) -> None:
    def light() -> Led:
        with reader.line.hold() as sensor:
            return sensor.led

    status = home.wait("status", lambda one: one["online"]).payload
    assert "led_color" in status["features"]
    assert home.hello()["settings"]["led_color"] == "off"
    answer = change(home, "settings", led_color="yellow")
    assert answer["result"] == {
        "identification": True,
        "security_level": 3,
        "led_color": "yellow",
    }
    assert light() == Led(3, 5)
    reader.kill()
    reader.line.power_cycle()
    assert light() == LED_OFF
    mark = reader.line.command_count
    reader.start()
    reader.line.wait_for_command(Command.AURA_LED, since=mark)
    assert light() == Led(3, 5)
    assert home.hello()["settings"]["led_color"] == "yellow"


def test_a_lamp_has_no_colour_to_be_set(reader: Reader, home: Home) -> None:
    status = home.wait("status", lambda one: one["online"]).payload
    assert "led_color" not in status["features"]
    assert "led_color" not in home.hello()["settings"]
    assert change(home, "settings", led_color="off")["error"] == "bad_request"


def test_hello_tells_how_the_reader_is_doing(reader: Reader, home: Home) -> None:
    diagnostics = home.hello()["diagnostics"]
    assert set(diagnostics) == {"signal", "free_memory", "sensor_errors"}
    assert (diagnostics["signal"], diagnostics["sensor_errors"]) == (None, 0)
    since = home.mark()
    reader.line.close()
    home.wait("templates", lambda one: one["sensor_error"] is not None, since)
    assert home.hello()["diagnostics"]["sensor_errors"] > 0
