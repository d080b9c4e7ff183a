"""What a user attaches to a bug report tells of the reader, and of nobody's fingers."""

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

from homeassistant.components.diagnostics import REDACTED
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)

from custom_components.biometric_enroll.const import DOMAIN
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator


async def enroll(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry, finger: str
) -> dict[str, Any]:
    """Start to enroll a finger of Anna."""
    person = er.async_get(hass).async_get_or_create("person", "person", "anna")
    device = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)[0].device_id
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "enroll_fingerprint",
        {"device_id": device, "name": "Anna", "person": person.entity_id, "finger": finger},
        blocking=True,
        return_response=True,
    )
    return {"person": person.id, **answer}


async def test_a_new_reader_tells_how_it_stands(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, loaded: MockConfigEntry
) -> None:
    assert await get_diagnostics_for_config_entry(hass, hass_client, loaded) == {
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
            },
            "inventory": {"revision": "5f0c6d7e8a9b0c1d", "templates": [1, 2, 3], "gone": 0},
            "settings": {"identification": True, "security_level": 3, "led_color": None},
            "diagnostics": {"signal": -61, "free_memory": 41000, "sensor_errors": 0},
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
            "expires_at": None,
            "identified": None,
        },
        "fingerprints_known_by_name": 0,
    }


async def test_a_reader_that_never_answered_tells_so(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    reader: FakeReader,
    entry: MockConfigEntry,
    impatient: None,
) -> None:
    reader.silent = True
    assert await hass.config_entries.async_setup(entry.entry_id)
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert not told["state"]["available"]
    assert told["state"]["identity"] is None


async def test_nothing_tells_whose_finger_it_is(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    reader: FakeReader,
    loaded: MockConfigEntry,
) -> None:
    """A bug report is public; the template id is the key to a door that trusts MQTT messages."""
    first = await enroll(hass, reader, loaded, "left_thumb")
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    reader.touch(first["template_id"])
    second = await enroll(hass, reader, loaded, "left_index_finger")
    reader.end("failed", "duplicate", duplicate_of=first["template_id"])
    await hass.async_block_till_done()
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, loaded)
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
