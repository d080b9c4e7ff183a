"""Sensors of a reader: enrollment, identification, templates and diagnostics."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    Platform,
    UnitOfInformation,
)

from . import subjects
from .client.enrollment import REASONS
from .entity import AlwaysThereEntity, ReaderEntity, ReaderEntityDescription, fitting
from .protocol.words import Rejection, Stage, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .client.state import ReaderState
    from .coordinator import BiometricEnrollConfigEntry, ReaderCoordinator

# The entities are updated by the coordinator and send no requests.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ReaderSensorDescription(SensorEntityDescription, ReaderEntityDescription):
    """Describes a sensor, and how to get its value and attributes."""

    value: Callable[[ReaderState], str | int | datetime | None]
    attributes: Callable[[ReaderCoordinator], dict[str, Any]] = lambda _: {}
    entity: type[ReaderSensor]


class ReaderSensor(ReaderEntity, SensorEntity):
    """A sensor that is unavailable with its reader."""

    entity_description: ReaderSensorDescription

    @property
    @override
    def native_value(self) -> str | int | datetime | None:
        """Return the value."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the attributes."""
        return self.entity_description.attributes(self.coordinator)

    @property
    @override
    def shown(self) -> tuple[object, ...]:
        """Return value and attributes."""
        return (self.native_value, self.extra_state_attributes)


class LastingSensor(AlwaysThereEntity, ReaderSensor):
    """A sensor that stays available when its reader is not."""


def _enrollment_attributes(coordinator: ReaderCoordinator) -> dict[str, Any]:
    state = coordinator.data
    if state.doubtful:
        return {}
    snapshot = state.snapshot
    duplicate = snapshot.duplicate_of and coordinator.registry.find(
        coordinator.device, snapshot.duplicate_of
    )
    return {
        "step": snapshot.step,
        "total": snapshot.total,
        "captured": len(snapshot.captured),
        "attempts": snapshot.attempts,
        "rejected": snapshot.rejected,
        "rejected_reason": shown(snapshot.rejected_last, Rejection),
        "reason": shown(snapshot.reason, REASONS),
        **subjects.describe(coordinator.hass, state.subject),
        "slot": snapshot.slot,
        "template_id": snapshot.template_id,
        "expires_at": state.expires_at.isoformat() if state.expires_at else None,
        "duplicate_of": duplicate.subject.name if duplicate else None,
    }


def _diagnostic(
    key: str, value: Callable[[ReaderState], int | datetime | None], **more: Any
) -> ReaderSensorDescription:
    """Return the description of a diagnostic sensor, disabled by default, for version 1."""
    return ReaderSensorDescription(
        key=key,
        translation_key=key,
        value=value,
        entity=ReaderSensor,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        fits=lambda can: can.can_tell_health,
        **more,
    )


SENSORS = (
    ReaderSensorDescription(
        key="enrollment",
        translation_key="enrollment",
        device_class=SensorDeviceClass.ENUM,
        options=list(Stage),
        value=lambda state: None if state.doubtful else state.snapshot.stage,
        attributes=_enrollment_attributes,
        entity=LastingSensor,
    ),
    ReaderSensorDescription(
        key="enrollment_progress",
        translation_key="enrollment_progress",
        native_unit_of_measurement=PERCENTAGE,
        value=lambda state: None if state.doubtful else state.snapshot.progress,
        entity=LastingSensor,
    ),
    ReaderSensorDescription(
        key="last_identified",
        translation_key="last_identified",
        value=lambda state: state.identified.name if state.identified else None,
        attributes=lambda coordinator: {
            key: value
            for key, value in subjects.describe(
                coordinator.hass, coordinator.data.identified
            ).items()
            if key != "name"
        },
        # If it returned from unavailable, "changed to Anna" would open the door again.
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
            "roster_revision": coordinator.registry.changes,
            "unnamed_slots": list(coordinator.data.unmatched.unnamed),
            "missing": len(coordinator.data.unmatched.missing),
        },
        entity=ReaderSensor,
    ),
    _diagnostic(
        "signal",
        lambda state: state.diagnostics.signal if state.diagnostics else None,
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _diagnostic(
        "free_memory",
        lambda state: state.diagnostics.free_memory if state.diagnostics else None,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _diagnostic(
        "sensor_errors",
        lambda state: state.diagnostics.sensor_errors if state.diagnostics else None,
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
    _diagnostic(
        "started_at",
        lambda state: state.started_at,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a reader."""
    coordinator = entry.runtime_data
    async_add_entities(
        description.entity(coordinator, description)
        for description in fitting(coordinator, Platform.SENSOR, SENSORS)
    )
