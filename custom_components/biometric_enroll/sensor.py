"""Sensors of a reader: what its enrollment and its templates are like."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory

from . import people
from .entity import AlwaysThereEntity, ReaderEntity
from .reader.words import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import ReaderCoordinator
    from .reader.state import ReaderState
    from .runtime import BiometricEnrollConfigEntry

# Nothing is polled, and nothing is written.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ReaderSensorDescription(SensorEntityDescription):
    """A sensor, and where its value and its attributes come from."""

    value: Callable[[ReaderState], str | int | None]
    attributes: Callable[[ReaderCoordinator], dict[str, Any]] = lambda _: {}
    entity: type[ReaderSensor]


class ReaderSensor(ReaderEntity, SensorEntity):
    """A sensor that goes with its reader."""

    entity_description: ReaderSensorDescription

    @property
    @override
    def native_value(self) -> str | int | None:
        """Return the value."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the attributes."""
        return self.entity_description.attributes(self.coordinator)


class LastingSensor(AlwaysThereEntity, ReaderSensor):
    """A sensor that stays when its reader is away."""


def _enrollment_attributes(coordinator: ReaderCoordinator) -> dict[str, Any]:
    state = coordinator.data
    snapshot = state.snapshot
    duplicate = snapshot.duplicate_of and coordinator.roster.find(
        coordinator.device, snapshot.duplicate_of
    )
    return {
        "step": snapshot.step,
        "total": snapshot.total,
        "captured": len(snapshot.captured),
        "attempts": snapshot.attempts,
        "rejected": snapshot.rejected,
        "rejected_reason": snapshot.rejected_last,
        "reason": snapshot.reason,
        **people.describe(coordinator.hass, state.subject),
        "slot": snapshot.slot,
        "template_id": snapshot.template_id,
        "expires_at": state.expires_at.isoformat() if state.expires_at else None,
        "duplicate_of": duplicate.subject.name if duplicate else None,
    }


SENSORS = (
    ReaderSensorDescription(
        key="enrollment",
        translation_key="enrollment",
        device_class=SensorDeviceClass.ENUM,
        options=list(Stage),
        value=lambda state: state.snapshot.stage,
        attributes=_enrollment_attributes,
        entity=LastingSensor,
    ),
    ReaderSensorDescription(
        key="enrollment_progress",
        translation_key="enrollment_progress",
        native_unit_of_measurement=PERCENTAGE,
        value=lambda state: state.snapshot.progress,
        entity=LastingSensor,
    ),
    ReaderSensorDescription(
        key="last_identified",
        translation_key="last_identified",
        value=lambda state: state.identified.name if state.identified else None,
        attributes=lambda coordinator: {
            key: value
            for key, value in people.describe(coordinator.hass, coordinator.data.identified).items()
            if key != "name"
        },
        # Were it to come back with its reader, "changed to Anna" would open the door again.
        entity=LastingSensor,
    ),
    ReaderSensorDescription(
        key="stored_fingerprints",
        translation_key="stored_fingerprints",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda state: state.templates.count if state.templates else None,
        attributes=lambda coordinator: {
            "capacity": (templates := coordinator.data.templates) and templates.capacity,
            "revision": templates and templates.revision,
        },
        entity=ReaderSensor,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a reader."""
    async_add_entities(
        description.entity(entry.runtime_data.coordinator, description) for description in SENSORS
    )
