"""The vocabulary of the wire protocol (docs/protocol.md); a later firmware may have more words."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container


def shown(word: str | None, known: Container[str]) -> str | None:
    """Return a word as users see it: `other (word)` for one of a later firmware.

    Every reason, rejection, problem and refusal may be such a word (docs/protocol.md).
    """
    return word if word is None or word in known else f"other ({word})"


class Stage(StrEnum):
    """The stages of an enrollment."""

    IDLE = "idle"
    PLACE_FINGER = "place_finger"
    PROCESSING = "processing"
    LIFT_FINGER = "lift_finger"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUNNING_STAGES = frozenset({Stage.PLACE_FINGER, Stage.PROCESSING, Stage.LIFT_FINGER})
FINAL_STAGES = frozenset({Stage.COMPLETED, Stage.FAILED, Stage.CANCELLED})


class Reason(StrEnum):
    """Why an enrollment failed."""

    TIMEOUT = "timeout"
    MISMATCH = "mismatch"
    DUPLICATE = "duplicate"
    SENSOR_ERROR = "sensor_error"
    READER_RESTARTED = "reader_restarted"


class Rejection(StrEnum):
    """Why one image was not good enough."""

    TOO_MESSY = "too_messy"
    TOO_FEW_FEATURES = "too_few_features"
    NO_IMAGE = "no_image"
    MISMATCH = "mismatch"
    SENSOR_ERROR = "sensor_error"


class TouchResult(StrEnum):
    """The result of a touch."""

    IDENTIFIED = "identified"
    NOT_IDENTIFIED = "not_identified"
    UNREADABLE = "unreadable"


class SensorFault(StrEnum):
    """The known problems of a sensor; a later firmware may report others."""

    NOT_RESPONDING = "not_responding"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a word of the protocol, not a secret
    MISSING_COMMAND = "missing_command"
    UNCLEAR_INDEX = "unclear_index"
    ALWAYS_FINGER = "always_finger"
    """The only one with which the sensor still works."""


class Refusal(StrEnum):
    """Why the reader refused a request."""

    BAD_REQUEST = "bad_request"
    UNKNOWN_COMMAND = "unknown_command"
    STALE = "stale"
    BUSY = "busy"
    SLOT_OCCUPIED = "slot_occupied"
    SENSOR_FULL = "sensor_full"
    SENSOR_ERROR = "sensor_error"
    SENSOR_CHANGED = "sensor_changed"
    NOT_RUNNING = "not_running"
    NOT_FOUND = "not_found"


class Feature(StrEnum):
    """The known features of a reader; it may report others, of a later version."""

    LED = "led"
    LIST = "list"
    DELETE = "delete"
    ADOPT = "adopt"
    ACCEPT_SENSOR = "accept_sensor"
    SETTINGS = "settings"
    LED_COLOR = "led_color"


class LedColor(StrEnum):
    """The idle colour of the sensor's LED."""

    OFF = "off"
    RED = "red"
    BLUE = "blue"
    PURPLE = "purple"
    GREEN = "green"
    YELLOW = "yellow"
    CYAN = "cyan"
    WHITE = "white"


READ_SYS_PARA = 0x0F
"""The sensor's command that tells its capacity."""

_SENSOR_COMMANDS = {
    0x01: "GenImg",
    0x02: "Img2Tz",
    0x04: "Search",
    0x05: "RegModel",
    0x06: "Store",
    0x07: "LoadChar",
    0x0C: "DeletChar",
    0x0E: "SetSysPara",
    READ_SYS_PARA: "ReadSysPara",
    0x13: "VfyPwd",
    0x18: "WriteNotepad",
    0x19: "ReadNotepad",
    0x1B: "HiSpeedSearch",
    0x1D: "TempleteNum",
    0x1F: "ReadIndexTable",
    0x35: "AuraLed",
    0x3C: "ReadProdInfo",
}


def sensor_command(number: int) -> str:
    """Return a command of the sensor as manuals name it, such as `ReadIndexTable (1F)`."""
    name = _SENSOR_COMMANDS.get(number)
    return f"{number:02X}" if name is None else f"{name} ({number:02X})"


class Topic(StrEnum):
    """A topic below ``biometric/<reader_id>/``."""

    STATUS = "status"
    TEMPLATES = "templates"
    SNAPSHOT = "enroll/response"
    TOUCH = "fingerprint"
    ENROLL = "enroll/request"
    COMMAND = "command"
    ANSWER = "command/response"


def topic_of(reader_id: str, topic: str) -> str:
    """Return the full MQTT topic of one reader; `topic` is of the `Topic` of either protocol."""
    return f"biometric/{reader_id}/{topic}"
