"""The MQTT subscriptions of one reader."""

from functools import partial
from typing import TYPE_CHECKING, cast

from homeassistant.components import mqtt
from homeassistant.core import callback

from .naming import async_on_rename
from .protocol.words import topic_of

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import CALLBACK_TYPE

    from .coordinator import ReaderCoordinator


class Subscriptions:
    """Subscribes to the topics of one reader, and passes messages to its client."""

    def __init__(self, coordinator: ReaderCoordinator) -> None:
        """Initialize with the coordinator; nothing is subscribed yet."""
        self._coordinator = coordinator
        self._client = coordinator.client
        self._stops: list[CALLBACK_TYPE] = []
        self._open = False

    async def async_start(self) -> None:
        """Subscribe to the reader's topics and watch its presence. MQTT must be set up."""
        hass, reader_id = self._coordinator.hass, self._coordinator.reader_id
        entry, issues = self._coordinator.config_entry, self._coordinator.issues
        self._open = True
        for topic, qos in self._client.topics:
            self._stops.append(
                await mqtt.async_subscribe(
                    hass,
                    topic_of(reader_id, topic),
                    callback(partial(self._receive, topic)),
                    qos,
                    # Bytes, so that the parser handles invalid UTF-8 like any malformed message.
                    encoding=None,
                )
            )
        last, qos = self._client.topics[-1]
        self._stops += [
            mqtt.async_on_subscribe_done(
                hass, topic_of(reader_id, last), qos, self._client.subscribed
            ),
            mqtt.async_subscribe_connection_status(hass, self._connection_changed),
            self._client.stop,
            self._coordinator.registry.subscribe(self._client.model.update),
            async_on_rename(hass, entry, issues.renamed),
            issues.clear,
        ]
        entry.async_create_background_task(
            hass, self._client.async_watch(), f"presence of {reader_id}"
        )

    @callback
    def stop(self) -> None:
        """Unsubscribe, before the entities are removed: later messages are for the next run."""
        self._open = False
        while self._stops:
            self._stops.pop()()

    @callback
    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - given by MQTT
        if not connected:
            self._client.disconnected()

    @callback
    def _receive(self, topic: str, message: ReceiveMessage) -> None:
        if not self._open:
            # After a reload of Home Assistant's MQTT, this subscription cannot be removed. What is
            # handled here would count as already reported in the next run.
            return
        # Bytes, because the topics are subscribed without an encoding.
        self._client.receive(topic, cast("bytes", message.payload), retained=message.retain)
