"""Event entities of a reader; their events are never restored."""

from typing import TYPE_CHECKING, Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import callback

from .client.enrollment import EnrollmentEventType
from .client.host import Kind
from .entity import AlwaysThereEntity
from .protocol.words import TouchResult

if TYPE_CHECKING:
    from homeassistant.components.event import EventExtraStoredData
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .client.host import ReaderEvent
    from .coordinator import BiometricEnrollConfigEntry

# The entities are updated by the coordinator's host and send no requests.
PARALLEL_UPDATES = 0

EVENTS = (
    EventEntityDescription(
        key=Kind.TOUCH, translation_key=Kind.TOUCH, event_types=list(TouchResult)
    ),
    EventEntityDescription(
        key=Kind.LATE_TOUCH,
        translation_key=Kind.LATE_TOUCH,
        event_types=list(TouchResult),
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    EventEntityDescription(
        key=Kind.ENROLLMENT, translation_key=Kind.ENROLLMENT, event_types=list(EnrollmentEventType)
    ),
)


class ReaderEventEntity(AlwaysThereEntity, EventEntity):
    """An event entity for the events of one kind."""

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the events."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.host.async_subscribe(Kind(self.entity_description.key), self._show)
        )

    @override
    async def async_get_last_event_data(self) -> EventExtraStoredData | None:
        """Return None: a restored touch would trigger automations that listen for states."""
        return None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Do nothing: a new reader state is not an event."""

    @callback
    def _show(self, event: ReaderEvent, fields: dict[str, Any]) -> None:
        if event.cause is not None:
            self.async_set_context(event.cause)
        self._trigger_event(event.type, fields)
        self.async_write_ha_state()


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of a reader."""
    async_add_entities(ReaderEventEntity(entry.runtime_data, description) for description in EVENTS)
