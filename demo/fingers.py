"""The virtual fingers of the demo, and how Home Assistant's buttons move them."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from emulator.fingers import Finger, Quality

if TYPE_CHECKING:
    from emulator.line import SensorLine

_LOGGER = logging.getLogger(__name__)

_LIFT = "lift"


@dataclass(frozen=True, slots=True)
class DemoFinger:
    """A finger that a button places on the sensor."""

    key: str
    label: str
    icon: str
    finger: Finger


FINGERS = (
    DemoFinger("anna", "Anna's thumb", "mdi:fingerprint", Finger("anna")),
    DemoFinger("ben", "Ben's index finger", "mdi:fingerprint", Finger("ben")),
    DemoFinger("stranger", "a stranger's finger", "mdi:incognito", Finger("stranger")),
    DemoFinger("wet", "a wet finger", "mdi:water", Finger("wet", Quality.TOO_MESSY)),
)


def topic_of(reader_id: str) -> str:
    """Return the topic on which a finger is named, or lifted. Not a topic of the reader's."""
    return f"demo/{reader_id}/finger"


def mqtt_buttons(reader_id: str) -> list[dict[str, Any]]:
    """Return the buttons as Home Assistant's MQTT integration wants them in YAML."""
    places = [(finger.key, f"Place {finger.label}", finger.icon) for finger in FINGERS]
    return [
        {
            "name": label,
            "unique_id": f"demo_{reader_id}_{key}",
            "default_entity_id": f"button.{reader_id}_{key}",
            "icon": icon,
            "command_topic": topic_of(reader_id),
            "payload_press": key,
        }
        for key, label, icon in [*places, (_LIFT, "Lift the finger", "mdi:arrow-up-bold")]
    ]


class FingerHand:
    """Listens to the buttons and moves the fingers on one sensor."""

    def __init__(self, port: int, reader_id: str, line: SensorLine) -> None:
        """Connect to the broker of the demo; a thread of its own does the rest."""
        self._line = line
        self._topic = topic_of(reader_id)
        self._fingers = {finger.key: finger.finger for finger in FINGERS}
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._move
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe(self._topic)

    def _move(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic != self._topic:
            # Seen with amqtt: it hands a new client also retained messages that it did not ask for.
            return
        key = message.payload.decode(errors="replace")
        if key == _LIFT:
            self._line.lift()
        elif (finger := self._fingers.get(key)) is not None:
            self._line.place(finger)
        else:
            _LOGGER.warning("Nobody has the finger %r", key)
