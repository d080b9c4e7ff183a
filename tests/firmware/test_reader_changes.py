"""Changes to the whole reader as a process: real broker, emulated sensor, every runtime."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from emulator import LED_OFF, PROFILES, Command, EmulatedSensor, Led, SensorLine
from tests.firmware.stage import RUNTIMES, House, Reader
from tests.firmware.test_reader_process import ANNA, BEN, broker, enroll, house, touch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.firmware.stage import Broker

__all__ = ["broker", "house"]  # fixtures


@pytest.fixture
def model() -> str:
    return "R307"


@pytest.fixture(params=RUNTIMES)
def reader(
    request: pytest.FixtureRequest, tmp_path: Path, broker: Broker, model: str
) -> Iterator[Reader]:
    """Give a reader that is connected and whose sensor answers."""
    reader = Reader(tmp_path, request.param, broker.port, model)
    house = House(broker.port)
    reader.start()
    try:
        house.wait("templates", lambda one: one["count"] == 0)
        yield reader
    finally:
        house.close()
        reader.close()
        print(reader.log.read_text())  # noqa: T201 - shown when a test fails


def change(house: House, command: str, **message: Any) -> dict[str, Any]:
    """Ask for a change, return the answer."""
    nonce = house.hello()["nonce"]
    answer: dict[str, Any] = house.ask("command", command=command, nonce=nonce, **message).payload
    return answer


def listed(house: House) -> list[Any]:
    """List all templates; they fit on one page here."""
    result = house.ask("command", command="list", first=0).payload["result"]
    assert result["revision"] == house.hello()["templates"]["revision"]
    assert result["next"] is None
    templates: list[Any] = result["templates"]
    return templates


def test_templates_are_listed_deleted_and_adopted(reader: Reader, house: House) -> None:
    anna = enroll(house, reader, ANNA)
    ben = enroll(house, reader, BEN)
    assert listed(house) == [[0, anna], [1, ben]]
    since = house.mark()
    assert change(house, "delete", slot=0, template_id=ben)["error"] == "not_found"
    assert change(house, "delete", slot=0, template_id=anna)["ok"]
    house.wait("templates", lambda one: one["count"] == 1, since)
    assert listed(house) == [[1, ben]]
    assert touch(house, reader, ANNA)["result"] == "not_identified"
    # A template that somebody else stored has no id until it gets one.
    with reader.line.hold() as sensor:
        sensor.templates[7] = sensor.templates[1]
    reader.kill()
    since = house.mark()
    reader.start()
    house.wait("templates", lambda one: one["count"] == 2, since)
    assert listed(house) == [[1, ben], [7, None]]
    new, revision = secrets.token_hex(8), house.hello()["templates"]["revision"]
    wrong = change(house, "adopt", slot=7, template_id=new, revision="0" * 16)
    assert wrong["error"] == "not_found"
    adopted = change(house, "adopt", slot=7, template_id=new, revision=revision)
    assert adopted["result"]["revision"] == house.hello()["templates"]["revision"]
    assert listed(house) == [[1, ben], [7, new]]


def test_another_sensor_is_accepted(reader: Reader, house: House) -> None:
    enroll(house, reader, ANNA)
    since = house.mark()
    reader.line.close()
    house.wait("templates", lambda one: one["sensor_error"] is not None, since)
    other = EmulatedSensor(PROFILES["R307"])
    reader.line = SensorLine(other, link=reader.folder / "sensor")
    house.wait("templates", lambda one: one["sensor_changed"], since, timeout=15)
    assert change(house, "accept_sensor")["result"] == {}
    assert house.hello()["templates"]["sensor_changed"] is False
    assert change(house, "accept_sensor")["error"] == "bad_request"
    assert listed(house) == []


def test_settings_survive_a_power_cut(reader: Reader, house: House) -> None:
    template_id = enroll(house, reader, ANNA)
    assert house.hello()["settings"] == {"identification": True, "security_level": 3}
    wanted = {"identification": False, "security_level": 4}
    assert change(house, "settings", **wanted)["result"] == wanted
    reader.kill()
    since = house.mark()
    reader.start()
    house.wait("templates", lambda one: one["count"] == 1, since)
    assert house.hello()["settings"] == wanted
    since, mark = house.mark(), reader.line.command_count
    reader.line.place(ANNA)
    reader.line.wait_for_command(Command.SEARCH, since=mark)
    mark = reader.line.command_count
    reader.line.lift()
    reader.line.wait_for_command(Command.GEN_IMG, since=mark)
    assert touch(house, reader, BEN)["result"] == "not_identified"
    assert len(house.payloads("fingerprint", since)) == 1
    assert change(house, "settings", identification=True)["ok"]
    assert touch(house, reader, ANNA)["template_id"] == template_id


@pytest.mark.parametrize("model", ["R503"])
def test_the_colour_of_the_light_survives_a_power_cut(reader: Reader, house: House) -> None:
    def light() -> Led:
        with reader.line.hold() as sensor:
            return sensor.led

    status = house.wait("status", lambda one: one["online"]).payload
    assert "led_color" in status["features"]
    assert house.hello()["settings"]["led_color"] == "off"
    answer = change(house, "settings", led_color="yellow")
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
    assert house.hello()["settings"]["led_color"] == "yellow"


def test_a_lamp_has_no_colour_to_be_set(reader: Reader, house: House) -> None:
    status = house.wait("status", lambda one: one["online"]).payload
    assert "led_color" not in status["features"]
    assert "led_color" not in house.hello()["settings"]
    assert change(house, "settings", led_color="off")["error"] == "bad_request"


def test_hello_tells_how_the_reader_is_doing(reader: Reader, house: House) -> None:
    diagnostics = house.hello()["diagnostics"]
    assert set(diagnostics) == {"signal", "free_memory", "sensor_errors"}
    assert (diagnostics["signal"], diagnostics["sensor_errors"]) == (None, 0)
    since = house.mark()
    reader.line.close()
    house.wait("templates", lambda one: one["sensor_error"] is not None, since)
    assert house.hello()["diagnostics"]["sensor_errors"] > 0
