"""Buttons of a reader."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.const import EntityCategory

from .entity import ReaderEntity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime import BiometricEnrollConfigEntry, Runtime

# The reader takes one request after the other.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ReaderButtonDescription(ButtonEntityDescription):
    """A button, and what it does."""

    press: Callable[[Runtime], Awaitable[None]]


BUTTONS = (
    ReaderButtonDescription(
        key="cancel_enrollment",
        translation_key="cancel_enrollment",
        press=lambda runtime: runtime.enroller.async_cancel(),
    ),
    ReaderButtonDescription(
        key="identify",
        device_class=ButtonDeviceClass.IDENTIFY,
        entity_category=EntityCategory.DIAGNOSTIC,
        press=lambda runtime: runtime.presence.async_identify(),
    ),
    ReaderButtonDescription(
        key="restart",
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        press=lambda runtime: runtime.presence.async_restart(),
    ),
)


class ReaderButton(ReaderEntity, ButtonEntity):
    """A button that asks the reader for something."""

    entity_description: ReaderButtonDescription

    def __init__(self, runtime: Runtime, description: ReaderButtonDescription) -> None:
        """Ask the reader of this runtime."""
        super().__init__(runtime.coordinator, description)
        self._runtime = runtime

    @override
    async def async_press(self) -> None:
        """Ask the reader; raises a translated error if it refuses or is silent."""
        await self.entity_description.press(self._runtime)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of a reader."""
    async_add_entities(ReaderButton(entry.runtime_data, description) for description in BUTTONS)
