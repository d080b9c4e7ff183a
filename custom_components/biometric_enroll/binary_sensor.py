"""Binary sensors of a reader."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory, Platform

from .entity import AlwaysThereEntity, ReaderEntity, ReaderEntityDescription, fitting
from .protocol.words import SensorFault, sensor_command, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .client.state import ReaderState
    from .coordinator import BiometricEnrollConfigEntry

# The entities are updated by the coordinator and send no requests.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ReaderBinarySensorDescription(BinarySensorEntityDescription, ReaderEntityDescription):
    """Describes a binary sensor, and how to get its value and attributes."""

    value: Callable[[ReaderState], bool | None]
    attributes: Callable[[ReaderState], dict[str, Any]] = lambda _: {}
    entity: type[ReaderBinarySensor]


class ReaderBinarySensor(ReaderEntity, BinarySensorEntity):
    """A binary sensor that is unavailable with its reader."""

    entity_description: ReaderBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the value."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the attributes."""
        return self.entity_description.attributes(self.coordinator.data)

    @property
    @override
    def shown(self) -> tuple[object, ...]:
        """Return value and attributes."""
        return (self.is_on, self.extra_state_attributes)


class LastingBinarySensor(AlwaysThereEntity, ReaderBinarySensor):
    """A binary sensor that stays available when its reader is not."""


def _sensor_trouble(state: ReaderState) -> bool | None:
    if state.templates is None:
        return None
    return state.templates.sensor_error is not None or state.templates.sensor_changed


def _sensor_attributes(state: ReaderState) -> dict[str, Any]:
    templates, info = state.templates, state.sensor_info
    details = templates.sensor_error_details if templates else None
    return {
        "sensor_error": templates and shown(templates.sensor_error, SensorFault),
        "command": details and sensor_command(details.command),
        "code": None if details is None or details.code is None else f"{details.code:02X}",
        "sensor_changed": templates and templates.sensor_changed,
        "swap_noticed": info and info.mark,
    }


BINARY_SENSORS = (
    ReaderBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.available,
        entity=LastingBinarySensor,
    ),
    ReaderBinarySensorDescription(
        key="enrolling",
        translation_key="enrolling",
        device_class=BinarySensorDeviceClass.RUNNING,
        value=lambda state: state.snapshot.running,
        entity=ReaderBinarySensor,
    ),
    ReaderBinarySensorDescription(
        key="sensor",
        translation_key="sensor",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_sensor_trouble,
        attributes=_sensor_attributes,
        entity=ReaderBinarySensor,
        fits=lambda can: can.can_tell_health,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of a reader."""
    coordinator = entry.runtime_data
    async_add_entities(
        description.entity(coordinator, description)
        for description in fitting(coordinator, Platform.BINARY_SENSOR, BINARY_SENSORS)
    )
