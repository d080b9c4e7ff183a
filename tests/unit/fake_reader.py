"""A reader and its broker, as Home Assistant's MQTT layer meets them (docs/protocol.md).

The mocked MQTT client is the border: everything on Home Assistant's side of it is real.
"""

import json
from typing import TYPE_CHECKING, Any

from homeassistant.components.mqtt import MQTT_CONNECTION_STATE
from homeassistant.helpers.dispatcher import async_dispatcher_send
from paho.mqtt.client import topic_matches_sub
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import (
        MqttMockHAClient,
        MqttMockPahoClient,
    )

DEVICE = "a1b2c3d4e5f6"

IDLE: dict[str, Any] = {
    "template_id": None,
    "seq": 0,
    "slot": None,
    "stage": "idle",
    "step": 0,
    "total": 0,
    "captured": [],
    "rejected": {"count": 0, "last": None},
    "timeout_ms": None,
    "reason": None,
}


class FakeBroker:
    """Delivers both ways, and replays what is retained to whoever subscribes."""

    def __init__(
        self, hass: HomeAssistant, client: MqttMockPahoClient, ha_client: MqttMockHAClient
    ) -> None:
        self.hass = hass
        self.retained: dict[str, str] = {}
        self.published: list[tuple[str, str]] = []
        """What Home Assistant published, oldest first."""
        self._listeners: list[Callable[[str, str], None]] = []
        self._ha_client = ha_client
        self._mocked_publish = client.publish.side_effect
        self._mocked_subscribe = client.subscribe.side_effect
        client.publish.side_effect = self._from_ha
        client.subscribe.side_effect = self._subscribed

    def listen(self, listener: Callable[[str, str], None]) -> None:
        """Tell a reader of everything that Home Assistant publishes."""
        self._listeners.append(listener)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Take a message of a reader; whoever is subscribed gets it as live."""
        if retain:
            self.retained[topic] = payload
        if self._ha_client.connected:
            async_fire_mqtt_message(self.hass, topic, payload)

    def set_connected(self, connected: bool) -> None:
        """Lose Home Assistant's connection, or bring it back."""
        self._ha_client.connected = connected
        async_dispatcher_send(self.hass, MQTT_CONNECTION_STATE, connected)

    def _from_ha(
        self, topic: str, payload: str, qos: int, retain: bool, properties: Any = None
    ) -> Any:
        self.published.append((topic, payload))
        for listener in self._listeners:
            # Later, like everything that comes over a network.
            self.hass.loop.call_soon(listener, topic, payload)
        return self._mocked_publish(topic, payload, qos, retain, properties)

    def _subscribed(self, topic_or_list: Any, qos: int = 0, **kwargs: Any) -> Any:
        acknowledged = self._mocked_subscribe(topic_or_list, qos, **kwargs)
        wanted = (
            [topic_or_list] if isinstance(topic_or_list, str) else [t for t, _ in topic_or_list]
        )
        for topic, payload in self.retained.items():
            if any(topic_matches_sub(each, topic) for each in wanted):
                self.hass.loop.call_soon(
                    async_fire_mqtt_message, self.hass, topic, payload, 0, True
                )
        return acknowledged


class FakeReader:
    """A reader that says hello back; what else it says, a test tells it."""

    def __init__(self, broker: FakeBroker, reader_id: str, device: str = DEVICE) -> None:
        self.broker = broker
        self.reader_id = reader_id
        self.identity: dict[str, Any] = {
            "device": device,
            "firmware": "0.1.0",
            "board": "esp32",
            "sensor": "R307",
            "max_scans": 3,
            "features": ["led"],
        }
        self.enrollment: dict[str, Any] = IDLE
        self.templates: dict[str, Any] = {
            "capacity": 1000,
            "count": 3,
            "revision": "5f0c6d7e8a9b0c1d",
            "sensor_changed": False,
            "sensor_error": None,
        }
        self.uptime_ms = 93211
        self.silent = False
        """Whether it hears nothing, as if it had no power."""
        self.heard: list[dict[str, Any]] = []
        """The requests that reached it, repeats included."""
        self._nonces = 0
        broker.listen(self._hear)

    def announce(self) -> None:
        """Publish the retained `status`."""
        self.say("status", {"online": True, **self.identity}, retain=True)

    def say(self, topic: str, message: dict[str, Any], *, retain: bool = False) -> None:
        """Publish a message below this reader's topic."""
        payload = json.dumps({"v": 1, **message})
        self.broker.publish(f"biometric/{self.reader_id}/{topic}", payload, retain=retain)

    def answer(self, request: str, result: dict[str, Any]) -> None:
        """Answer a request with yes."""
        self.say("command/response", {"request": request, "ok": True, "result": result})

    def refuse(self, request: str, error: str) -> None:
        """Answer a request with no."""
        self.say("command/response", {"request": request, "ok": False, "error": error})

    def hello(self) -> dict[str, Any]:
        """Return the result of a hello."""
        self._nonces += 1
        return {
            **self.identity,
            "uptime_ms": self.uptime_ms,
            "nonce": f"{self._nonces:016x}",
            "enrollment": self.enrollment,
            "templates": self.templates,
            "journal": 0,
            "dropped": 0,
        }

    def _hear(self, topic: str, payload: str) -> None:
        base = f"biometric/{self.reader_id}/"
        if self.silent or topic not in {f"{base}command", f"{base}enroll/request"}:
            return
        request = json.loads(payload)
        self.heard.append(request)
        self.on_request(request)

    def on_request(self, request: dict[str, Any]) -> None:
        """Answer as the firmware does; a test may put its own in place of this."""
        if request.get("command") == "hello":
            self.answer(request["request"], self.hello())
