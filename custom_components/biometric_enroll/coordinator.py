"""The coordinator of one reader: passes MQTT messages to its client, and its state to entities.

All decisions are in `client/`; `ReaderHost` connects it to Home Assistant.
"""

import logging
from functools import partial
from typing import TYPE_CHECKING, cast, override

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Context, callback
from homeassistant.helpers import service
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .client.capabilities import Capabilities, of_features
from .client.client import ReaderClient
from .client.errors import UnreachableError, UnsupportedError
from .client.model import ReaderModel
from .client.state import ReaderState
from .const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_FEATURES,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
)
from .host import ReaderHost
from .issues import Issues
from .legacy.client import LegacyClient
from .migration import async_upgrade
from .naming import async_on_rename
from .protocol.words import topic_of
from .storage import DATA_DELIVERY_LOG, DATA_REGISTRY

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant, ServiceCall

    from .client.changes import Changes

_LOGGER = logging.getLogger(__name__)

ANY_CHANGE = "changes"
"""What a reader lacks that supports no change at all, in place of a feature."""

type BiometricEnrollConfigEntry = ConfigEntry[ReaderCoordinator]


class ReaderCoordinator(DataUpdateCoordinator[ReaderState]):
    """Passes the state of the client of one reader to its entities."""

    config_entry: BiometricEnrollConfigEntry

    def __init__(self, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
        """Initialize from config entry and stores; the stores must be loaded."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.reader_id: str = entry.data[CONF_READER_ID]
        self.device: str = entry.data[CONF_DEVICE]
        self.registry = hass.data[DATA_REGISTRY]
        self.issues = Issues(hass, entry)
        self.context = Context()
        """The context of the newest change of the state."""
        self._upgrading = False
        self.host = ReaderHost(hass, entry, self.issues, self._show)
        self.client = self._client()
        self.data = self.client.state
        self._stops: list[CALLBACK_TYPE] = []
        self._subscribed = False

    def _client(self) -> ReaderClient | LegacyClient:
        entry, delivery_log = self.config_entry, self.hass.data[DATA_DELIVERY_LOG]
        model = ReaderModel(self.reader_id, self.device, self.host, self.registry, delivery_log)
        if entry.data.get(CONF_DIALECT) != DIALECT_FIRST_GENERATION:
            return ReaderClient(model)
        return LegacyClient(
            model,
            trusted=lambda: bool(entry.options.get(CONF_TRUST_TOUCHES)),
            speaks_version_1=self._speaks_version_1,
        )

    @property
    def changes(self) -> Changes:
        """Return the changes of the reader. Raises `UnsupportedError` if it supports none."""
        if self.client.changes is None:
            raise UnsupportedError(ANY_CHANGE)
        return self.client.changes

    async def async_subscribe(self) -> None:
        """Subscribe to the reader's topics and watch its connection; MQTT must be there."""
        client = self.client
        self._subscribed = True
        for topic, qos in client.topics:
            self._stops.append(
                await mqtt.async_subscribe(
                    self.hass,
                    topic_of(self.reader_id, topic),
                    callback(partial(self._receive, topic)),
                    qos,
                    # Bytes, so that what is not UTF-8 is judged like any other nonsense.
                    encoding=None,
                )
            )
        last, qos = client.topics[-1]
        self._stops += [
            mqtt.async_on_subscribe_done(
                self.hass, topic_of(self.reader_id, last), qos, client.subscribed
            ),
            mqtt.async_subscribe_connection_status(self.hass, self._connection_changed),
            client.stop,
            self.registry.subscribe(client.model.update),
            async_on_rename(self.hass, self.config_entry, self.issues.renamed),
            self.issues.clear,
        ]
        self.config_entry.async_create_background_task(
            self.hass, client.async_watch(), f"connection of {self.reader_id}"
        )

    @callback
    def unsubscribe(self) -> None:
        """Stop listening, before the entities go: what arrives now is for the next run."""
        self._subscribed = False
        while self._stops:
            self._stops.pop()()

    @callback
    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - given by MQTT
        if not connected:
            self.client.disconnected()

    @callback
    def _receive(self, topic: str, message: ReceiveMessage) -> None:
        # After a reload of Home Assistant's MQTT these subscriptions cannot be removed; ignore what
        # arrives on them later.
        if self._subscribed:
            # Bytes, since that is how the topics are subscribed to.
            self.client.receive(topic, cast("bytes", message.payload), retained=message.retain)

    @callback
    def _show(self, state: ReaderState, cause: Context | None) -> None:
        self.context = cause or Context()
        # Before the issues: a listener for an issue may read or change the state again; the newer
        # state must not be overwritten.
        self.data = state
        self.issues.show(state)
        self.async_set_updated_data(self.data)

    @callback
    def _speaks_version_1(self) -> None:
        """Check whether the reader now has firmware of protocol version 1."""
        if not self._upgrading:
            self._upgrading = True
            # Not a task of the entry, because it unloads the entry.
            self.hass.async_create_background_task(
                self._async_upgrade(), f"upgrade of {self.reader_id}"
            )

    async def _async_upgrade(self) -> None:
        try:
            await async_upgrade(self.hass, self.config_entry)
        finally:
            self._upgrading = False

    @override
    async def _async_update_data(self) -> ReaderState:
        """Ask the reader, for `homeassistant.update_entity`; its answer updates the client."""
        try:
            await self.client.async_look()
        except UnreachableError:
            _LOGGER.debug("Reader %s does not answer", self.reader_id)
        return self.client.state


def capabilities(entry: BiometricEnrollConfigEntry) -> Capabilities:
    """Return the last reported capabilities of an entry's reader; the entry may be unloaded."""
    if entry.data.get(CONF_DIALECT) == DIALECT_FIRST_GENERATION:
        return Capabilities()
    return of_features(entry.data.get(CONF_FEATURES, []))


def coordinators(hass: HomeAssistant) -> list[ReaderCoordinator]:
    """Return all loaded readers."""
    return [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]


def coordinator_of(hass: HomeAssistant, device: str) -> ReaderCoordinator | None:
    """Return the reader of this hardware id, if it is loaded."""
    return next((reader for reader in coordinators(hass) if reader.device == device), None)


def reader_of(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader of the device in a call. Raises a translated error."""
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    reader: ReaderCoordinator = entry.runtime_data
    return reader
