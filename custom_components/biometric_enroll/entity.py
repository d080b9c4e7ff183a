"""Base classes of the entities of a reader."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import ReaderCoordinator, capabilities
from .errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from homeassistant.const import Platform

    from .client.capabilities import Capabilities
    from .protocol.messages import Settings


@dataclass(frozen=True, kw_only=True)
class ReaderEntityDescription(EntityDescription):
    """Describes an entity that not every reader has."""

    fits: Callable[[Capabilities], bool] = lambda _: True
    """Return whether a reader with these capabilities has it."""


@callback
def fitting[D: ReaderEntityDescription](
    coordinator: ReaderCoordinator, platform: Platform, descriptions: Iterable[D]
) -> list[D]:
    """Return the descriptions that fit the capabilities of this reader.

    Entities that no longer fit, after a change of the firmware, are removed from the registry.
    """
    can = capabilities(coordinator.config_entry)
    registry, fit = er.async_get(coordinator.hass), []
    for each in descriptions:
        if each.fits(can):
            fit.append(each)
            continue
        unique_id = f"{coordinator.device}_{each.key}"
        if entity_id := registry.async_get_entity_id(platform, DOMAIN, unique_id):
            registry.async_remove(entity_id)
    return fit


class ReaderEntity(CoordinatorEntity[ReaderCoordinator]):
    """An entity of one reader, on the reader's device."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: ReaderCoordinator, description: EntityDescription) -> None:
        """Initialize the entity of a reader."""
        super().__init__(coordinator)
        self._written: tuple[object, ...] | None = None
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
        """Return whether the reader is available."""
        return self.coordinator.data.available

    @property
    def shown(self) -> tuple[object, ...]:
        """Return everything in the entity's state that a new reader state can change.

        Changes by Home Assistant itself, such as names and units, are written by Home Assistant.
        """
        return ()

    @override
    async def async_added_to_hass(self) -> None:
        """Remember the state that Home Assistant is about to write for a new entity."""
        await super().async_added_to_hass()
        self._is_new()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write a changed state with the requester's context.

        Writing a state is the most expensive part of handling a message, and a message changes only
        two or three of twenty entities.
        """
        if self._is_new():
            self.async_set_context(self.coordinator.context)
            super()._handle_coordinator_update()

    def _is_new(self) -> bool:
        """Return whether the state has changed since the last call."""
        before, self._written = self._written, self.shown if self.available else None
        return self._written != before


class AlwaysThereEntity(ReaderEntity):
    """An entity that stays available when its reader is not.

    Either because its last value stays valid, or because its return from unavailable would trigger
    automations.
    """

    @property
    @override
    def available(self) -> bool:
        """Return True."""
        return True


class SettingEntity(ReaderEntity):
    """An entity for a setting of a reader."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the reader is available and has reported its settings."""
        return super().available and self.settings is not None

    @property
    def settings(self) -> Settings | None:
        """Return the last reported settings."""
        return self.coordinator.data.settings

    async def async_set(self, **settings: Any) -> None:
        """Change settings, see `Changes.async_set`. Raises a translated error."""
        with translate_errors(self.coordinator.config_entry.title):
            await self.coordinator.changes.async_set(self._context, **settings)
