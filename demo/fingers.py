"""The virtual fingers of the demo, and the entities that place and lift them.

Home Assistant has a switch for each finger, which is on while the finger is on the sensor, a button
that lifts it, and a sensor that shows which finger is placed. They do not belong to the reader.
"""

import contextlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from emulator.fingers import Finger, Quality
from emulator.seen_empty import wait_until_seen_empty

if TYPE_CHECKING:
    from emulator.line import SensorLine

_LOGGER = logging.getLogger(__name__)

NOBODY = "No finger"
"""State of the sensor while no finger is placed."""
_LIFT = "lift"
_NOTICED_WITHIN = 5.0
"""Seconds within which a working reader has noticed that the finger was lifted."""


@dataclass(frozen=True, slots=True)
class DemoFinger:
    """A finger that a switch places on the sensor."""

    key: str
    label: str
    icon: str
    finger: Finger


FINGERS = (
    DemoFinger("anna", "Anna's thumb", "mdi:thumb-up", Finger("anna")),
    DemoFinger("ben", "Ben's index finger", "mdi:hand-pointing-up", Finger("ben")),
    DemoFinger("stranger", "A stranger's finger", "mdi:incognito", Finger("stranger")),
    DemoFinger("wet", "A wet finger", "mdi:water", Finger("wet", Quality.TOO_MESSY)),
)


def switch_of(reader_id: str, finger: DemoFinger) -> str:
    """Return the id of the entity that places a finger on the sensor of a reader, and lifts it."""
    return f"switch.{reader_id}_{finger.key}"


def lift_of(reader_id: str) -> str:
    """Return the id of the entity that lifts any finger from the sensor of a reader."""
    return f"button.{reader_id}_{_LIFT}"


def lying_of(reader_id: str) -> str:
    """Return the id of the entity that shows which finger is on the sensor of a reader."""
    return f"sensor.{reader_id}_finger_on_sensor"


def mqtt_entities(reader_ids: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Return the entities in the YAML form of Home Assistant's MQTT integration."""
    return {
        "switch": [_switch(reader_id, each) for reader_id in reader_ids for each in FINGERS],
        "button": [
            _entity(lift_of(reader_id), "Lift the finger", "mdi:gesture-swipe-up")
            | {"command_topic": _command_topic(reader_id), "payload_press": _LIFT}
            for reader_id in reader_ids
        ],
        "sensor": [
            _entity(lying_of(reader_id), "On the sensor", "mdi:fingerprint")
            | {"state_topic": _state_topic(reader_id), "value_template": _LABEL}
            for reader_id in reader_ids
        ],
    }


_LABELS = json.dumps({finger.key: finger.label for finger in FINGERS})
_LABEL = f"{{{{ {_LABELS}.get(value, '{NOBODY}') }}}}"
"""A template: from the key of the placed finger to its label."""


def _switch(reader_id: str, finger: DemoFinger) -> dict[str, Any]:
    return _entity(switch_of(reader_id, finger), finger.label, finger.icon) | {
        "command_topic": _command_topic(reader_id),
        "payload_on": finger.key,
        "payload_off": _LIFT,
        "state_topic": _state_topic(reader_id),
        "value_template": f"{{{{ value if value == '{finger.key}' else '{_LIFT}' }}}}",
    }


def _entity(entity_id: str, name: str, icon: str) -> dict[str, Any]:
    return {
        "name": name,
        "unique_id": f"demo_{entity_id}",
        "default_entity_id": entity_id,
        "icon": icon,
    }


# Neither is a topic of the reader.
def _command_topic(reader_id: str) -> str:
    return f"demo/{reader_id}/finger"


def _state_topic(reader_id: str) -> str:
    return f"demo/{reader_id}/lying"


class FingerController:
    """Places and lifts fingers on one sensor as the entities request, and publishes the result."""

    def __init__(self, port: int, reader_id: str, line: SensorLine) -> None:
        """Connect to the broker of the demo; paho's thread handles the messages."""
        self._line = line
        self._reader_id = reader_id
        self._fingers = {finger.key: finger.finger for finger in FINGERS}
        self._lying: str | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._begin
        self._client.on_message = self._move
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _begin(self, client: paho.Client, *_: object) -> None:
        client.subscribe(_command_topic(self._reader_id))
        self._tell()

    def _move(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic != _command_topic(self._reader_id):
            # amqtt also sends a new client retained messages that it has not subscribed to.
            return
        key = message.payload.decode(errors="replace")
        if key == _LIFT:
            self._lift()
        elif key in self._fingers:
            self._place(key)
        else:
            _LOGGER.warning("Nobody has the finger %r", key)

    def _place(self, key: str) -> None:
        if self._lying != key:
            self._lift()
        self._line.place(self._fingers[key])
        self._lying = key
        self._tell()

    def _lift(self) -> None:
        """Lift the finger, and wait until the reader has noticed: people are not faster."""
        if self._lying is None:
            return
        self._line.lift()
        self._lying = None
        self._tell()
        with contextlib.suppress(TimeoutError):
            wait_until_seen_empty(self._line, _NOTICED_WITHIN)

    def _tell(self) -> None:
        """Publish which finger is placed, retained for a Home Assistant that starts later."""
        self._client.publish(_state_topic(self._reader_id), self._lying or NOBODY, retain=True)
