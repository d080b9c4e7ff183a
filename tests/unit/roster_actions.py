"""The actions about fingerprints, as tests call them; and who is there to be named."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.home import async_set_up
from tests.support.reader import FEATURES, FakeReader

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from homeassistant.core import Context, HomeAssistant

    from tests.support.broker import FakeBroker

BACK_DOOR = "b1b2c3d4e5f6"
"""Hardware id of the second reader."""


async def async_update(hass: HomeAssistant, context: Context | None = None, **data: Any) -> None:
    """Call the action that changes or names a fingerprint."""
    await hass.services.async_call(
        DOMAIN, "update_fingerprint", data, blocking=True, context=context
    )


async def async_delete(hass: HomeAssistant, context: Context | None = None, **data: Any) -> None:
    """Call the action that deletes a fingerprint."""
    await hass.services.async_call(
        DOMAIN, "delete_fingerprint", data, blocking=True, context=context
    )


async def async_get(
    hass: HomeAssistant, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call the action that lists fingerprints; return its response."""
    response = await hass.services.async_call(
        DOMAIN, "get_fingerprints", data, blocking=True, return_response=True, context=context
    )
    assert response is not None
    return dict(response)


async def async_named(hass: HomeAssistant) -> dict[int, str]:
    """Return the names of the fingerprints of all readers, by slot."""
    return {each["slot"]: each["name"] for each in (await async_get(hass))["fingerprints"]}


async def async_unnamed(hass: HomeAssistant) -> dict[int, str | None]:
    """Return the template ids that the readers hold and nobody knows by name, by slot."""
    return {each["slot"]: each["template_id"] for each in (await async_get(hass))["unnamed"]}


def missing(hass: HomeAssistant) -> str | None:
    """Return the names that are missing on their readers, None if no repair issue says so."""
    counts = [
        (issue.translation_placeholders or {})["count"]
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.translation_key == "fingerprints_gone"
    ]
    gone = [
        name
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for name in entry.runtime_data.gone.values()
    ]
    assert sum(map(int, counts)) == len(gone)
    return "\n".join(f"- {name}" for name in gone) if counts else None


async def async_fails(calling: Awaitable[None]) -> str:
    """Return the key of the error that a call ends with."""
    with pytest.raises(HomeAssistantError) as error:
        await calling
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key is not None
    return error.value.translation_key


async def async_person(hass: HomeAssistant) -> str:
    """Add a person and return its entity id."""
    person = {"id": "1234", "name": "Anna", "device_trackers": []}
    assert await async_setup_component(hass, "person", {"person": [person]})
    return "person.anna"


async def async_back_door(
    hass: HomeAssistant, broker: FakeBroker
) -> tuple[FakeReader, MockConfigEntry]:
    """Set up a second reader, with nothing on its sensor; return it and its config entry."""
    reader = FakeReader(broker, "back_door", BACK_DOOR)
    reader.stored.clear()
    reader.templates = {**reader.templates, "count": 0}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Back door",
        unique_id=BACK_DOOR,
        data={CONF_READER_ID: "back_door", CONF_DEVICE: BACK_DOOR, CONF_FEATURES: FEATURES},
    )
    entry.add_to_hass(hass)
    await async_set_up(hass, reader, entry)
    return reader, entry
