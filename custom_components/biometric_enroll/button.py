"""Buttons of a reader."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.const import EntityCategory, Platform

from .entity import ReaderEntity, ReaderEntityDescription, fitting
from .errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import BiometricEnrollConfigEntry

# The reader handles one request at a time.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ReaderButtonDescription(ButtonEntityDescription, ReaderEntityDescription):
    """Describes a button and its request."""

    press: Callable[[Any], Awaitable[None]]
    """Takes the client of the reader: that of its protocol."""


BUTTONS = (
    ReaderButtonDescription(
        key="cancel_enrollment",
        translation_key="cancel_enrollment",
        press=lambda client: client.enroller.async_cancel(),
    ),
    ReaderButtonDescription(
        key="identify",
        device_class=ButtonDeviceClass.IDENTIFY,
        entity_category=EntityCategory.DIAGNOSTIC,
        press=lambda client: client.requests.async_identify(),
        fits=lambda can: can.can_identify,
    ),
    ReaderButtonDescription(
        key="restart",
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        press=lambda client: client.requests.async_restart(),
        fits=lambda can: can.can_restart,
    ),
)


class ReaderButton(ReaderEntity, ButtonEntity):
    """A button that sends a request to the reader."""

    entity_description: ReaderButtonDescription

    @override
    async def async_press(self) -> None:
        """Send the request. Raises a translated error if it is refused or not answered."""
        with translate_errors(self.coordinator.config_entry.title):
            await self.entity_description.press(self.coordinator.client)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of a reader."""
    coordinator = entry.runtime_data
    async_add_entities(
        ReaderButton(coordinator, description)
        for description in fitting(coordinator, Platform.BUTTON, BUTTONS)
    )
