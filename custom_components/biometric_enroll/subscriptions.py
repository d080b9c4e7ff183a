"""The topics of one reader in Home Assistant's MQTT, on their way to its client."""

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
    """Takes what one reader says."""

    def __init__(self, coordinator: ReaderCoordinator) -> None:
        """Hand messages to the client of this coordinator; nothing is subscribed to yet."""
        self._coordinator = coordinator
        self._client = coordinator.client
        self._stops: list[CALLBACK_TYPE] = []
        self._open = False

    async def async_start(self) -> None:
        """Subscribe to the reader's topics and watch its presence; MQTT must be there."""
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
                    # Bytes, so that what is not UTF-8 is judged like any other nonsense.
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
        """Stop listening, before the entities go: what arrives now is for the next run."""
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
            # Once Home Assistant's MQTT was itself reloaded, it cannot unsubscribe this any more.
            # What is taken here would be old news to the run that has followed.
            return
        # Bytes, since that is how the topics are subscribed to.
        self._client.receive(topic, cast("bytes", message.payload), retained=message.retain)
