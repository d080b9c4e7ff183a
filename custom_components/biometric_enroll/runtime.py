"""Everything that works for one reader while its config entry is loaded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.helpers import service

from .const import DOMAIN
from .coordinator import ReaderCoordinator
from .subscriptions import Subscriptions

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

type BiometricEnrollConfigEntry = ConfigEntry[Runtime]


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts, each of which knows only those above it."""

    coordinator: ReaderCoordinator
    subscriptions: Subscriptions

    @classmethod
    def create(cls, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> Self:
        """Make the parts for the reader of an entry; nothing runs yet."""
        coordinator = ReaderCoordinator(hass, entry)
        return cls(coordinator, Subscriptions(coordinator))


def coordinators(hass: HomeAssistant) -> list[ReaderCoordinator]:
    """Return all readers that are loaded."""
    return [
        entry.runtime_data.coordinator for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    ]


def coordinator_of(hass: HomeAssistant, device: str) -> ReaderCoordinator | None:
    """Return the reader of this hardware id, if it is loaded."""
    return next((reader for reader in coordinators(hass) if reader.device == device), None)


def reader_of(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader that a call names by its device. Raises a translated error."""
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    runtime: Runtime = entry.runtime_data
    return runtime.coordinator
