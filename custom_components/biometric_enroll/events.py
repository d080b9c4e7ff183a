"""What happens at a reader, on its way to event entities and to the event bus.

What *is* goes through the coordinator's data; what *happened* goes here, once, and is never kept.
"""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr

from . import subjects
from .client.host import Kind
from .const import CONF_READER_ID, DOMAIN, EVENT_BIOMETRIC_ENROLL

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from .client.host import ReaderEvent
    from .coordinator import BiometricEnrollConfigEntry

type Listener = Callable[[ReaderEvent, dict[str, Any]], None]
"""Takes a moment, and its fields as users see them."""


class EventReporter:
    """Hands each moment of one reader to its event entity and to the event bus."""

    def __init__(self, hass: HomeAssistant, entry: BiometricEnrollConfigEntry, device: str) -> None:
        """Report for one reader."""
        self._hass = hass
        self._entry = entry
        self._device = device
        self._listeners: defaultdict[Kind, list[Listener]] = defaultdict(list)

    @callback
    def async_subscribe(self, kind: Kind, listener: Listener) -> CALLBACK_TYPE:
        """Call a listener for each moment of a kind; call the result to end that."""
        self._listeners[kind].append(listener)

        @callback
        def unsubscribe() -> None:
            self._listeners[kind].remove(listener)

        return unsubscribe

    @callback
    def async_report(self, event: ReaderEvent) -> None:
        """Tell that something happened."""
        # An automation that listens for `identified` must never hear of one that is late, nor find
        # a name where a live touch has its own.
        late = event.kind is Kind.LATE_TOUCH
        who = subjects.describe(self._hass, event.subject, "late_" if late else "")
        fields = {**event.fields, **who}
        for listener in list(self._listeners[event.kind]):
            listener(event, fields)
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, self._device), self._entry.entry_id
        )
        self._hass.bus.async_fire(
            EVENT_BIOMETRIC_ENROLL,
            {
                "type": f"late_{event.type}" if late else event.type,
                "device_id": device.id if device else None,
                CONF_READER_ID: self._entry.data[CONF_READER_ID],
                **fields,
            },
            context=event.cause,
        )
