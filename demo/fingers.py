"""The virtual fingers of the demo, and how they get onto a sensor and off it again.

Home Assistant sees a switch for each finger, which is on while the finger lies on the sensor, a
button that lifts it, and a sensor that says which finger lies there. None of that is the reader's.
"""

import contextlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from emulator.fingers import Finger, Quality
from emulator.wire import Code, Command

if TYPE_CHECKING:
    from emulator.line import SensorLine

_LOGGER = logging.getLogger(__name__)

NOBODY = "No finger"
"""What the sensor says while nothing lies there."""
_LIFT = "lift"
_NOTICED_WITHIN = 1.0
"""Seconds in which a reader that works has seen that the finger is gone."""


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
    """Return the entity that places a finger on the sensor of a reader, and lifts it."""
    return f"switch.{reader_id}_{finger.key}"


def lift_of(reader_id: str) -> str:
    """Return the entity that lifts whatever finger lies on the sensor of a reader."""
    return f"button.{reader_id}_{_LIFT}"


def lying_of(reader_id: str) -> str:
    """Return the entity that says which finger lies on the sensor of a reader."""
    return f"sensor.{reader_id}_finger_on_sensor"


def mqtt_entities(reader_ids: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Return the entities as Home Assistant's MQTT integration wants them in YAML."""
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
"""A template: from the key of the finger that lies there to how it is called."""


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


# Neither is a topic of the reader's.
def _command_topic(reader_id: str) -> str:
    return f"demo/{reader_id}/finger"


def _state_topic(reader_id: str) -> str:
    return f"demo/{reader_id}/lying"


class FingerController:
    """Listens to the entities, moves the fingers on one sensor, and tells which one lies there."""

    def __init__(self, port: int, reader_id: str, line: SensorLine) -> None:
        """Connect to the broker of the demo; a thread of its own does the rest."""
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
            # Seen with amqtt: it hands a new client also retained messages that it did not ask for.
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
        """Lift what lies there, no faster than the reader can see it: people are slower."""
        if self._lying is None:
            return
        self._line.lift()
        self._lying = None
        self._tell()
        with contextlib.suppress(TimeoutError):
            self._line.wait_for_command(
                Command.GEN_IMG,
                _NOTICED_WITHIN,
                code=Code.NO_FINGER,
                since=self._line.command_count,
            )

    def _tell(self) -> None:
        """Tell what lies there, also to a Home Assistant that comes later."""
        self._client.publish(_state_topic(self._reader_id), self._lying or NOBODY, retain=True)
