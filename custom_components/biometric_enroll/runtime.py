"""Everything that works for one reader while its config entry is loaded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from homeassistant.config_entries import ConfigEntry

from .coordinator import ReaderCoordinator
from .inbox import Inbox

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

type BiometricEnrollConfigEntry = ConfigEntry[Runtime]


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts, each of which knows only those above it."""

    coordinator: ReaderCoordinator
    inbox: Inbox

    @classmethod
    def create(cls, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> Self:
        """Make the parts for the reader of an entry; nothing runs yet."""
        coordinator = ReaderCoordinator(hass, entry)
        return cls(coordinator, Inbox(coordinator))
