"""What all entities of a reader share."""

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
    """An entity that not every reader can have."""

    fits: Callable[[Capabilities], bool] = lambda _: True
    """Whether a reader of these capabilities has it."""


@callback
def fitting[D: ReaderEntityDescription](
    coordinator: ReaderCoordinator, platform: Platform, descriptions: Iterable[D]
) -> list[D]:
    """Return the descriptions of what this reader can do or tell.

    Entities for what it cannot do any more, since it has another firmware, are forgotten.
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
        """Show one aspect of a reader."""
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
        """Return whether the reader is there."""
        return self.coordinator.data.available

    @property
    def shown(self) -> tuple[object, ...]:
        """All that a new state of the reader may change of what this shows while it is available.

        What Home Assistant changes itself, such as names and units, it writes itself.
        """
        return ()

    @override
    async def async_added_to_hass(self) -> None:
        """Begin with what Home Assistant is about to write of a new entity."""
        await super().async_added_to_hass()
        self._is_new()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is new with the context of whoever asked for it.

        Writing is what costs most of all that is done for a message, and of twenty entities it
        changes two or three.
        """
        if self._is_new():
            self.async_set_context(self.coordinator.context)
            super()._handle_coordinator_update()

    def _is_new(self) -> bool:
        """Return whether this shows something else than when it was asked last."""
        before, self._written = self._written, self.shown if self.available else None
        return self._written != before


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


class SettingEntity(ReaderEntity):
    """Something that can be set on a reader."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the reader is there and has told how it is set."""
        return super().available and self.settings is not None

    @property
    def settings(self) -> Settings | None:
        """The settings, as the reader told them last."""
        return self.coordinator.data.settings

    async def async_set(self, **settings: Any) -> None:
        """Change settings, see `Changes.async_set`. Raises a translated error."""
        with translate_errors(self.coordinator.config_entry.title):
            await self.coordinator.changes.async_set(self._context, **settings)
