"""The name that the user gave a reader, and its changes."""

from typing import TYPE_CHECKING

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryChange
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import CONF_DEVICE, DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant

    from .coordinator import BiometricEnrollConfigEntry


@callback
def reader_name(hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> str:
    """Return the name of an entry's reader: the user's name of its device, or the entry's title."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, entry.data[CONF_DEVICE]), entry.entry_id
    )
    return (device.name_by_user if device else None) or entry.title


@callback
def async_on_rename(
    hass: HomeAssistant, entry: BiometricEnrollConfigEntry, renamed: Callable[[], None]
) -> CALLBACK_TYPE:
    """Call `renamed` when a reader may have a new name; returns the function to unsubscribe."""

    @callback
    def is_rename(data: dr.EventDeviceRegistryUpdatedData) -> bool:
        return data["action"] == "update" and "name_by_user" in data["changes"]

    @callback
    def device_changed(_: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        renamed()

    @callback
    def entry_changed(_: ConfigEntryChange, changed: BiometricEnrollConfigEntry) -> None:
        if changed is entry:
            renamed()

    stops = [
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, device_changed, is_rename),
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed),
    ]

    @callback
    def stop() -> None:
        while stops:
            stops.pop()()

    return stop
