"""Move a config entry to another reader or reader id; history and automations keep working."""

import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from .client.errors import UnreachableError
from .const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DOMAIN,
)
from .discovery import async_probe_version_1
from .storage import DATA_DELIVERY_LOG, DATA_REGISTRY

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .coordinator import BiometricEnrollConfigEntry
    from .protocol.messages import Identity

_LOGGER = logging.getLogger(__name__)


def entry_data(reader_id: str, identity: Identity) -> dict[str, Any]:
    """Return the entry data of a reader of protocol version 1."""
    return {
        CONF_READER_ID: reader_id,
        CONF_DEVICE: identity.device,
        CONF_FEATURES: sorted(identity.features),
    }


def is_taken(hass: HomeAssistant, entry: BiometricEnrollConfigEntry, identity: Identity) -> bool:
    """Return whether another entry has this reader; ignored entries do not count."""
    owner = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, identity.device)
    return owner is not None and owner is not entry and owner.source != SOURCE_IGNORE


async def async_move(
    hass: HomeAssistant,
    entry: BiometricEnrollConfigEntry,
    reader_id: str,
    identity: Identity,
) -> bool:
    """Rewrite an entry for the reader that answered under this id; return whether that worked.

    Device, entities, names and delivery log move with it. No other entry may have this reader (see
    `is_taken`).
    """
    entries = hass.config_entries
    if not entry.state.recoverable:
        # A setup or unload is in progress, and would continue with the old reader.
        return False
    loaded = entry.state is ConfigEntryState.LOADED
    if loaded and not await entries.async_unload(entry.entry_id):
        return False
    if entries.async_get_entry(entry.entry_id) is None:
        # Removed while waiting for the reader.
        return False
    # No await from here until all is rewritten: a setup of the entry in between must not see a mix
    # of both readers.
    renamed = identity.device != entry.data[CONF_DEVICE]
    if renamed:
        _rename_device(hass, entry, identity.device)
    ignored = entries.async_entry_for_domain_unique_id(DOMAIN, identity.device)
    if ignored is not None and ignored is not entry:
        entries.async_update_entry(ignored, unique_id=None)
    # The trust in touches of the first generation must not apply to a reader that proves their age.
    options = {key: value for key, value in entry.options.items() if key != CONF_TRUST_TOUCHES}
    entries.async_update_entry(
        entry,
        unique_id=identity.device,
        data=entry_data(reader_id, identity),
        options=options,
    )
    if ignored is not None and ignored is not entry:
        # Only now, because Home Assistant rediscovers a reader as soon as it is not ignored.
        await entries.async_remove(ignored.entry_id)
    if renamed:
        await hass.data[DATA_REGISTRY].async_save()
        await hass.data[DATA_DELIVERY_LOG].async_save()
    if loaded and entries.async_get_entry(entry.entry_id) is not None:
        # A reload instead of a setup, because it may have been set up by now.
        await entries.async_reload(entry.entry_id)
    return True


async def async_upgrade(hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
    """Rewrite the entry of a first-generation reader that has firmware of version 1 now.

    That is so if a reader of version 1 answers under its reader id. Device and entities are kept,
    and the names stay in the registry; but its templates have no ids, so users have to enroll
    again.
    """
    try:
        identity = await async_probe_version_1(hass, entry.data[CONF_READER_ID])
    except UnreachableError:
        return
    device = identity.device
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        # Removed while waiting for the reader.
        return
    if is_taken(hass, entry, identity):
        _LOGGER.warning("Reader %s is set up already, under another id", device)
        return
    await async_move(hass, entry, entry.data[CONF_READER_ID], identity)


def _rename_device(hass: HomeAssistant, entry: BiometricEnrollConfigEntry, device: str) -> None:
    """Replace the old hardware id in registries and stores; the stores are not saved."""
    old: str = entry.data[CONF_DEVICE]
    devices, entities = dr.async_get(hass), er.async_get(hass)
    found = devices.async_get_device_by_identifier((DOMAIN, old), entry.entry_id)
    if found is not None:
        devices.async_update_device(found.id, new_identifiers={(DOMAIN, device)})
    for entity in er.async_entries_for_config_entry(entities, entry.entry_id):
        key = entity.unique_id.removeprefix(f"{old}_")
        entities.async_update_entity(entity.entity_id, new_unique_id=f"{device}_{key}")
    hass.data[DATA_REGISTRY].rename_device(old, device)
    hass.data[DATA_DELIVERY_LOG].rename_device(old, device)
