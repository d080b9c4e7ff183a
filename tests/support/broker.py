"""The network below Home Assistant's real MQTT layer: a broker that retains and delivers."""

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from paho.mqtt.client import topic_matches_sub
from pytest_homeassistant_custom_component.common import MockMqttReasonCode, async_fire_mqtt_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import MqttMockHAClient, MqttMockPahoClient


class Published(NamedTuple):
    """One message that Home Assistant published."""

    topic: str
    payload: str
    qos: int
    retain: bool


class FakeBroker:
    """Retains messages, delivers them to subscribers, and records what Home Assistant published."""

    def __init__(
        self, hass: HomeAssistant, client: MqttMockPahoClient, ha_client: MqttMockHAClient
    ) -> None:
        self.retained: dict[str, bytes] = {}
        self.published: list[Published] = []
        """What Home Assistant published, oldest first."""
        self._listeners: list[Callable[[str, str], None]] = []
        self._hass = hass
        self._ha_client = ha_client
        self._client = client
        self._subscribed: set[str] = set()
        self._subscriptions_changed = asyncio.Event()
        for call in client.subscribe.call_args_list:
            self._note_subscribed(call.args[0])
        publish, subscribe, unsubscribe = (
            client.publish.side_effect,
            client.subscribe.side_effect,
            client.unsubscribe.side_effect,
        )

        def on_publish(
            topic: str, payload: str | bytes, qos: int, retain: bool, properties: Any = None
        ) -> Any:
            text = payload.decode() if isinstance(payload, bytes) else payload
            self.published.append(Published(topic, text, qos, retain))
            for listener in self._listeners:
                # Not at once: over a network it would also take time.
                hass.loop.call_soon(listener, topic, text)
            return publish(topic, payload, qos, retain, properties)

        def on_subscribe(topics: str | list[tuple[str, int]], qos: int = 0, **kwargs: Any) -> Any:
            names = self._note_subscribed(topics)
            result = subscribe(topics, qos, **kwargs)
            hass.loop.call_soon(self._replay, names)
            return result

        def on_unsubscribe(topics: str | list[str]) -> Any:
            self._subscribed.difference_update([topics] if isinstance(topics, str) else topics)
            self._subscriptions_changed.set()
            return unsubscribe(topics)

        client.publish.side_effect = on_publish
        client.subscribe.side_effect = on_subscribe
        client.unsubscribe.side_effect = on_unsubscribe

    def listen(self, listener: Callable[[str, str], None]) -> None:
        """Call `listener` with every message that Home Assistant publishes."""
        self._listeners.append(listener)

    async def until_subscribed(self, topic: str, subscribed: bool = True) -> None:
        """Wait until Home Assistant has subscribed to exactly this, or has unsubscribed."""
        async with asyncio.timeout(5):
            while (topic in self._subscribed) != subscribed:
                self._subscriptions_changed.clear()
                await self._subscriptions_changed.wait()

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish a message of a reader; subscribers have received it as live when this returns."""
        data = payload.encode() if isinstance(payload, str) else payload
        if retain:
            self.retained[topic] = data
        self._deliver(topic, data, retain=False)

    def _note_subscribed(self, topics: str | list[tuple[str, int]]) -> list[str]:
        names = [topics] if isinstance(topics, str) else [topic for topic, _ in topics]
        self._subscribed.update(names)
        self._subscriptions_changed.set()
        return names

    def _deliver(self, topic: str, payload: bytes, *, retain: bool) -> None:
        if any(topic_matches_sub(name, topic) for name in self._subscribed):
            async_fire_mqtt_message(self._hass, topic, payload, qos=1, retain=retain)

    def _replay(self, names: list[str]) -> None:
        for topic, payload in list(self.retained.items()):
            if any(topic_matches_sub(name, topic) for name in names):
                self._deliver(topic, payload, retain=True)

    def set_connected(self, connected: bool) -> None:
        """Cut Home Assistant's connection, or restore it."""
        # The harness has given its wrapper of Home Assistant's client an attribute of its own.
        self._ha_client.connected = connected
        if connected:
            self._client.on_connect(self._client, None, 0, MockMqttReasonCode())
        else:
            self._subscribed.clear()
            self._client.on_disconnect(self._client, None, 0, MockMqttReasonCode())
