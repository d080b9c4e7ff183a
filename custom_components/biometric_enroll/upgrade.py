"""A first-generation reader that was given the firmware of today keeps its device and its entities.

Its names stay in the registry, but its templates have no ids: whoever was enrolled before has to
enroll again.
"""

import logging
from typing import TYPE_CHECKING, Any

from .client.errors import UnreachableError
from .const import CONF_READER_ID
from .discovery import async_probe_version_1
from .migration import async_move, is_taken

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
    if is_taken(hass, entry, identity):
        _LOGGER.warning("Reader %s is set up already, under another id", device)
        return
    await async_move(hass, entry, entry.data[CONF_READER_ID], identity)
