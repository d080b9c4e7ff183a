"""Switches of a reader."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory, Platform

from .entity import ReaderEntityDescription, SettingEntity, fitting

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import BiometricEnrollConfigEntry

# The reader handles one request at a time.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ReaderSwitchDescription(SwitchEntityDescription, ReaderEntityDescription):
    """Describes a switch."""


SWITCHES = (
    ReaderSwitchDescription(
        key="identification",
        translation_key="identification",
        entity_category=EntityCategory.CONFIG,
        fits=lambda can: can.can_be_set,
    ),
)


class IdentificationSwitch(SettingEntity, SwitchEntity):
    """Turns the reporting of identified touches on or off, for holidays and lock-outs."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether identified touches are reported."""
        return self.settings.identification if self.settings else None

    @property
    @override
    def shown(self) -> tuple[object, ...]:
        """Return whether it is on."""
        return (self.is_on,)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn on the reporting of identified touches."""
        await self.async_set(identification=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn off the reporting of identified touches; enrolling still works."""
        await self.async_set(identification=False)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of a reader."""
    coordinator = entry.runtime_data
    async_add_entities(
        IdentificationSwitch(coordinator, description)
        for description in fitting(coordinator, Platform.SWITCH, SWITCHES)
    )
