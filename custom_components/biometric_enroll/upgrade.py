"""A first-generation reader that was given the firmware of today keeps its device and its entities.

Its names stay in the roster, but its templates have no ids: whoever was enrolled before has to
enroll again.
"""

import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from .const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from .follower.errors import UnreachableError
from .probe import async_probe_version_1
from .stores import DATA_MARKS, DATA_ROSTER

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

_LOGGER = logging.getLogger(__name__)


async def async_upgrade(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Rewrite an entry for a reader of version 1, if one answers under its reader id."""
    try:
        identity = await async_probe_version_1(hass, entry.data[CONF_READER_ID])
    except UnreachableError:
        return
    device = identity.device
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        # Removed meanwhile.
        return
    owner = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, device)
    if owner is not None and owner is not entry:
        _LOGGER.warning("Reader %s is set up already, under another id", device)
        return
    loaded = entry.state is ConfigEntryState.LOADED
    if loaded and not await hass.config_entries.async_unload(entry.entry_id):
        return
    if device != entry.data[CONF_DEVICE]:
        await _async_rename_device(hass, entry, device)
    hass.config_entries.async_update_entry(
        entry,
        unique_id=device,
        data={CONF_READER_ID: entry.data[CONF_READER_ID], CONF_DEVICE: device},
        options={},
    )
    if loaded:
        await hass.config_entries.async_setup(entry.entry_id)


async def _async_rename_device(hass: HomeAssistant, entry: ConfigEntry[Any], device: str) -> None:
    """Let everything that hangs on the old hardware id hang on the new one."""
    old: str = entry.data[CONF_DEVICE]
    devices, entities = dr.async_get(hass), er.async_get(hass)
    found = devices.async_get_device_by_identifier((DOMAIN, old), entry.entry_id)
    if found is not None:
        devices.async_update_device(found.id, new_identifiers={(DOMAIN, device)})
    for entity in er.async_entries_for_config_entry(entities, entry.entry_id):
        key = entity.unique_id.removeprefix(f"{old}_")
        entities.async_update_entity(entity.entity_id, new_unique_id=f"{device}_{key}")
    await hass.data[DATA_ROSTER].async_rename_device(old, device)
    await hass.data[DATA_MARKS].async_rename_device(old, device)
