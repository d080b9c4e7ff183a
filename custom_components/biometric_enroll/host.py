"""Home Assistant as the world around those who ask readers and follow them.

What *is* goes to the coordinator; what *happened* goes to event entities and the event bus, once,
and is never kept.
"""

import logging
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from homeassistant.components import mqtt
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from . import subjects
from .client.errors import UnreachableError
from .client.host import Kind, Options
from .const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_LIVE_LIMIT,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    DOMAIN,
    EVENT_BIOMETRIC_ENROLL,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant

    from .client.host import ReaderEvent
    from .client.state import ReaderState
    from .coordinator import BiometricEnrollConfigEntry
    from .issues import Issues
    from .protocol.messages import Identity

    type Listener = Callable[[ReaderEvent, dict[str, Any]], None]
    """Takes an event, and its fields as users see them."""

_LOGGER = logging.getLogger(__name__)


class MqttBroker:
    """Home Assistant's broker, as whoever asks a reader for something needs it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Speak through Home Assistant's MQTT."""
        self.loop: asyncio.AbstractEventLoop = hass.loop
        self._hass = hass

    def new_id(self) -> str:
        """Return 16 random hexadecimal digits, the form of every id of the protocol."""
        return secrets.token_hex(8)

    async def async_publish(self, topic: str, message: str) -> None:
        """Publish at QoS 0, not retained. Raises `UnreachableError` without a broker."""
        if not mqtt.is_connected(self._hass):
            raise UnreachableError
        try:
            await mqtt.async_publish(self._hass, topic, message)
        except HomeAssistantError as err:
            _LOGGER.debug("Could not publish on %s: %s", topic, err)
            raise UnreachableError from err


class ReaderHost(MqttBroker):
    """What the client of one reader finds around it in Home Assistant."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: BiometricEnrollConfigEntry,
        issues: Issues,
        state_changed: Callable[[ReaderState, Context | None], None],
    ) -> None:
        """Serve the client of an entry's reader.

        `state_changed` takes its new state, and the context of who caused the change.
        """
        super().__init__(hass)
        self._entry = entry
        self.state_changed = state_changed
        self._listeners: defaultdict[Kind, list[Listener]] = defaultdict(list)
        self._issues = issues

    @property
    def options(self) -> Options:
        """What the user has decided by now."""
        chosen, default = self._entry.options, Options()
        return Options(
            min_confidence=int(chosen.get(CONF_MIN_CONFIDENCE, default.min_confidence)),
            live_limit=float(chosen.get(CONF_LIVE_LIMIT, default.live_limit)),
        )

    def utcnow(self) -> datetime:
        """Return the date and time in UTC."""
        return dt_util.utcnow()

    def create_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; unloading the entry waits for it."""
        self._entry.async_create_task(self._hass, work)

    @callback
    def async_subscribe(self, kind: Kind, listener: Listener) -> CALLBACK_TYPE:
        """Call a listener for each event of a kind; call the result to end that."""
        self._listeners[kind].append(listener)

        @callback
        def unsubscribe() -> None:
            self._listeners[kind].remove(listener)

        return unsubscribe

    @callback
    def report(self, event: ReaderEvent) -> None:
        """Tell what happened, once."""
        # An automation that listens for `identified` must never hear of one that is late, nor find
        # a name where a live touch has its own.
        late = event.kind is Kind.LATE_TOUCH
        who = subjects.describe(self._hass, event.subject, "late_" if late else "")
        fields = {**event.fields, **who}
        for listener in list(self._listeners[event.kind]):
            listener(event, fields)
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, self._entry.data[CONF_DEVICE]), self._entry.entry_id
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

    @callback
    def identity_changed(self, identity: Identity) -> None:
        """Keep the device registry in step with what the reader says of itself."""
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._entry.data[CONF_DEVICE])},
            sw_version=identity.firmware,
            hw_version=identity.board,
            model=identity.sensor,
        )
        features = sorted(identity.features)
        if features != self._entry.data.get(CONF_FEATURES, []):
            entries = self._hass.config_entries
            # Which entities there are depends on them.
            entries.async_update_entry(
                self._entry, data={**self._entry.data, CONF_FEATURES: features}
            )
            self._hass.async_create_task(
                entries.async_reload(self._entry.entry_id),
                f"reload of {self._entry.title}",
                # What else the reader has just told is for this run, and so is who has asked.
                eager_start=False,
            )

    @callback
    def other_device(self, identity: Identity | None) -> None:
        """Tell the user that another reader answers under this reader's id; None: not any more."""
        self._issues.other_device(identity)
