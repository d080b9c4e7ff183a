"""Event entities of a reader: what has just happened, and never anything that happened before."""

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

# Nothing is polled, and nothing is written.
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
    """The events of one kind."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for events."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.host.async_subscribe(Kind(self.entity_description.key), self._show)
        )

    @override
    async def async_get_last_event_data(self) -> EventExtraStoredData | None:
        """Return nothing: a restored touch would open doors that listen for states."""
        return None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show nothing: the reader's state is no event."""

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
