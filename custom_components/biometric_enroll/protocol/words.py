"""The fixed vocabulary of the wire protocol (docs/protocol.md)."""

from enum import StrEnum


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
    """Why the sensor does not work at the moment."""

    NOT_RESPONDING = "not_responding"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a word of the protocol, not a secret


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
