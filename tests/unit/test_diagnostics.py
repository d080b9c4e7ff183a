"""The diagnostics for bug reports describe the reader, without personal data."""

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

from homeassistant.components.diagnostics import REDACTED
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)

from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES

if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from tests.support.home import Home


async def enroll(home: Home, finger: str) -> dict[str, Any]:
    """Start to enroll a finger of Anna."""
    person = er.async_get(home.hass).async_get_or_create("person", "person", "anna")
    answer = await home.enroll(person=person.entity_id, finger=finger)
    return {"person": person.id, **answer}


async def test_the_diagnostics_of_a_new_reader_describe_its_state(
    home: Home, hass_client: ClientSessionGenerator
) -> None:
    assert await get_diagnostics_for_config_entry(home.hass, hass_client, home.entry) == {
        "entry": {"reader_id": READER_ID, "device": DEVICE, "features": FEATURES},
        "state": {
            "available": True,
            "identity": {
                "device": DEVICE,
                "firmware": "0.2.0",
                "board": "esp32",
                "sensor": "R307",
                "max_scans": 3,
                "features": FEATURES,
            },
            "templates": {
                "capacity": 1000,
                "count": 3,
                "revision": "5f0c6d7e8a9b0c1d",
                "sensor_changed": False,
                "sensor_error": None,
                "sensor_error_details": None,
            },
            "inventory": {"revision": "5f0c6d7e8a9b0c1d", "templates": [1, 2, 3], "missing": 0},
            "unmatched": {"revision": "5f0c6d7e8a9b0c1d", "unnamed": [1, 2, 3], "missing": 0},
            "settings": {"identification": True, "security_level": 3, "led_color": None},
            "diagnostics": {"signal": -61, "free_memory": 41000, "sensor_errors": 0},
            "sensor_info": {
                "product": None,
                "missing": [0x3C],
                "mark": True,
                "index": "table",
                "index_shift": 0,
                "count_agrees": True,
            },
            "started_at": ANY,
            "snapshot": {
                "template_id": None,
                "seq": 0,
                "slot": None,
                "stage": "idle",
                "step": 0,
                "total": 0,
                "captured": [],
                "rejected": 0,
                "rejected_last": None,
                "timeout_ms": None,
                "reason": None,
                "duplicate_of": None,
            },
            "subject": None,
            "doubtful": False,
            "expires_at": None,
            "identified": None,
        },
        "fingerprints_known_by_name": 0,
    }


async def test_the_diagnostics_of_a_reader_that_never_answered_say_so(
    new_home: Home, hass_client: ClientSessionGenerator, reader: FakeReader, impatient: None
) -> None:
    reader.silent = True
    assert await new_home.start()
    told: Any = await get_diagnostics_for_config_entry(new_home.hass, hass_client, new_home.entry)
    assert not told["state"]["available"]
    assert told["state"]["identity"] is None


async def test_it_tells_which_command_a_sensor_lacks(
    home: Home, hass_client: ClientSessionGenerator, reader: FakeReader
) -> None:
    details = {"command": 0x1F, "code": None}
    reader.templates |= {"sensor_error": "missing_command", "sensor_error_details": details}
    reader.sensor_info |= {"product": "R999", "missing": [0x18, 0x19], "index": "load_char"}
    await home.look()
    told: Any = await get_diagnostics_for_config_entry(home.hass, hass_client, home.entry)
    assert told["state"]["templates"]["sensor_error_details"] == details
    assert told["state"]["sensor_info"] == reader.sensor_info


async def test_diagnostics_do_not_reveal_whose_finger_it_is(
    home: Home, hass_client: ClientSessionGenerator, reader: FakeReader
) -> None:
    """A bug report is public; the template id is the key to a door that trusts MQTT messages."""
    first = await enroll(home, "left_thumb")
    reader.capture(3)
    await home.settle()
    reader.touch(first["template_id"])
    second = await enroll(home, "left_index_finger")
    reader.end("failed", "duplicate", duplicate_of=first["template_id"])
    await home.settle()
    told: Any = await get_diagnostics_for_config_entry(home.hass, hass_client, home.entry)
    state = told["state"]
    assert state["subject"] == state["identified"] == REDACTED
    assert state["snapshot"]["template_id"] == state["snapshot"]["duplicate_of"] == REDACTED
    assert state["snapshot"]["reason"] == "duplicate"
    assert told["fingerprints_known_by_name"] == 1
    text = json.dumps(told)
    for personal in ("Anna", "anna", "thumb", "index_finger", first["person"]):
        assert personal not in text
    for template in (first["template_id"], second["template_id"]):
        assert template not in text
