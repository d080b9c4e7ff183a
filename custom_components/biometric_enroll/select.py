"""Selects of a reader."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory, Platform

from .entity import ReaderEntityDescription, SettingEntity, fitting
from .protocol.words import LedColor

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import BiometricEnrollConfigEntry
    from .protocol.messages import Settings

# The reader handles one request at a time.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ReaderSelectDescription(SelectEntityDescription, ReaderEntityDescription):
    """Describes a select, and how to convert between its option and the setting."""

    current: Callable[[Settings], int | str | None]
    setting: Callable[[str], dict[str, Any]]


SELECTS = (
    ReaderSelectDescription(
        key="security_level",
        translation_key="security_level",
        entity_category=EntityCategory.CONFIG,
        options=[str(level) for level in range(1, 6)],
        current=lambda settings: settings.security_level,
        setting=lambda option: {"security_level": int(option)},
        fits=lambda can: can.can_be_set,
    ),
    ReaderSelectDescription(
        key="led_color",
        translation_key="led_color",
        entity_category=EntityCategory.CONFIG,
        options=list(LedColor),
        current=lambda settings: settings.led_color,
        setting=lambda option: {"led_color": option},
        fits=lambda can: can.can_set_color,
    ),
)


class ReaderSelect(SettingEntity, SelectEntity):
    """A select for a setting of a reader."""

    entity_description: ReaderSelectDescription

    @property
    @override
    def current_option(self) -> str | None:
        """Return the current setting."""
        current = self.entity_description.current(self.settings) if self.settings else None
        return None if current is None else str(current)

    @property
    @override
    def options(self) -> list[str]:
        """Return the options, with the current one of a later firmware."""
        known, current = super().options, self.current_option
        return known if current is None or current in known else [*known, current]

    @property
    @override
    def shown(self) -> tuple[object, ...]:
        """Return the option."""
        return (self.current_option,)

    @override
    async def async_select_option(self, option: str) -> None:
        """Change the setting. Raises a translated error if it is refused or not answered."""
        await self.async_set(**self.entity_description.setting(option))


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of a reader."""
    coordinator = entry.runtime_data
    async_add_entities(
        ReaderSelect(coordinator, description)
        for description in fitting(coordinator, Platform.SELECT, SELECTS)
    )
