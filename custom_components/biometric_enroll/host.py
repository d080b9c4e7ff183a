"""The hosts of clients in Home Assistant: access to MQTT, clock, tasks, state and events.

State goes to the coordinator; events go to event entities and the event bus, once, and are not
stored.
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

from . import clocks, subjects
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
    from .client.liveness import Clocks
    from .client.state import ReaderState
    from .coordinator import BiometricEnrollConfigEntry
    from .issues import Issues
    from .protocol.messages import Identity

    type Listener = Callable[[ReaderEvent, dict[str, Any]], None]
    """Called with an event, and its fields as users see them."""

_LOGGER = logging.getLogger(__name__)


class MqttBroker:
    """Sends requests to readers through Home Assistant's MQTT; implements `Broker`."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize with Home Assistant."""
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
    """The environment of the client of one reader in Home Assistant; implements `Host`."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: BiometricEnrollConfigEntry,
        issues: Issues,
        state_changed: Callable[[ReaderState, Context | None], None],
    ) -> None:
        """Initialize for the reader of an entry.

        `state_changed` is called with each new state and the context of the requester.
        """
        super().__init__(hass)
        self._entry = entry
        self.state_changed = state_changed
        self._listeners: defaultdict[Kind, list[Listener]] = defaultdict(list)
        self._issues = issues

    @property
    def options(self) -> Options:
        """Return the current options of the reader."""
        chosen, default = self._entry.options, Options()
        return Options(
            min_confidence=int(chosen.get(CONF_MIN_CONFIDENCE, default.min_confidence)),
            live_limit=float(chosen.get(CONF_LIVE_LIMIT, default.live_limit)),
        )

    def utcnow(self) -> datetime:
        """Return the date and time in UTC."""
        return dt_util.utcnow()

    def clocks(self) -> Clocks:
        """Return what all clocks show now."""
        return clocks.read(self._hass)

    def create_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as a task; unloading the entry waits for it."""
        self._entry.async_create_task(self._hass, work)

    @callback
    def async_subscribe(self, kind: Kind, listener: Listener) -> CALLBACK_TYPE:
        """Call a listener for each event of a kind; returns the function to unsubscribe."""
        self._listeners[kind].append(listener)

        @callback
        def unsubscribe() -> None:
            self._listeners[kind].remove(listener)

        return unsubscribe

    @callback
    def report(self, event: ReaderEvent) -> None:
        """Report an event to event entities and event bus, once."""
        # An automation that listens for `identified` must never receive a late touch, nor find a
        # name in the field in which a live touch has its name.
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
        """Update the device registry and the features of the entry; reloads if those changed."""
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
            # The features decide which entities exist.
            entries.async_update_entry(
                self._entry, data={**self._entry.data, CONF_FEATURES: features}
            )
            self._hass.async_create_task(
                entries.async_reload(self._entry.entry_id),
                f"reload of {self._entry.title}",
                # Not eagerly: this run must first handle the rest of the answer and its caller.
                eager_start=False,
            )

    @callback
    def other_device(self, identity: Identity | None) -> None:
        """Report to the user that another device uses this reader id; None: no longer."""
        self._issues.other_device(identity)
