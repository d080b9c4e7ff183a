"""What all entities of a reader share."""

from typing import TYPE_CHECKING, Protocol, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import ReaderCoordinator
from .follower.first_generation import FirstGenerationFollower

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.helpers.entity import EntityDescription


class FittingDescription(Protocol):
    """An entity that not every reader can have."""

    @property
    def first_generation(self) -> bool:
        """Whether readers of the first generation have it too."""


def fitting[D: FittingDescription](
    coordinator: ReaderCoordinator, descriptions: Iterable[D]
) -> list[D]:
    """Return the descriptions of what this reader can do or tell."""
    limited = isinstance(coordinator.follower, FirstGenerationFollower)
    return [each for each in descriptions if each.first_generation or not limited]


class ReaderEntity(CoordinatorEntity[ReaderCoordinator]):
    """An entity of one reader, on the reader's device."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: ReaderCoordinator, description: EntityDescription) -> None:
        """Show one aspect of a reader."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.device}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, coordinator.device)},
            name=coordinator.config_entry.title,
            manufacturer="Biometric Enroll",
            serial_number=coordinator.device,
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the reader is there."""
        return self.coordinator.data.available

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the new state as the doing of whoever asked for it."""
        self.async_set_context(self.coordinator.context)
        super()._handle_coordinator_update()


class AlwaysThereEntity(ReaderEntity):
    """An entity that does not go away with its reader.

    Either because its last value stays true, or because its return would look like news to
    automations.
    """

    @property
    @override
    def available(self) -> bool:
        """Return that this entity is there."""
        return True
