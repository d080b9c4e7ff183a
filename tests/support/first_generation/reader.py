"""A reader of the first generation, written from what is known of its messages.

It does what the sketch on such a reader does, faults included. It has neither clock nor network:
times (seconds, of any monotonic clock) and messages are passed in, and its own messages go to a
callback. All topics are suffixes of `biometric/esp32/`; all messages are QoS 0, not retained, and
there is no last will.

Where the reference is silent, the comments say what was assumed of the sketches.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.support.first_generation.enrollment import Enrollment
from tests.support.first_generation.sketch import GOOD, Press, Sensor, Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

READER_ID: Final = "esp32"
PREFIX: Final = f"biometric/{READER_ID}/"

ENROLL_REQUEST: Final = "enroll/request"
ENROLL_RESPONSE: Final = "enroll/response"
ENROLL_COMPLETION: Final = "enroll/completion"
SCAN_ACKNOWLEDGED: Final = "scan/acknowledged"
DETECT_REQUEST: Final = "detect/request"
FINGERPRINT: Final = "fingerprint"
STATUS: Final = "status"
COMMAND: Final = "command"

UNKNOWN_FINGER: Final = -1
HINT_ONLY: Final = -2

_FIRST_SKETCH_SLOTS: Final = 127
_CONFIDENCE: Final = 120
_HINT_CONFIDENCE: Final = 35
_AGAIN_AFTER: Final = 2.0
# Assumed: a finger that stays on the sensor is reported again, after a pause.
_MILLIS_WRAPS: Final = 2**32
_MODES: Final = ("attendance", "registration")
# Assumed: the numbers that stand for them are 0 and 1.


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is compiled into a sketch. Only `capacity` has its value from the reference."""

    device_id: str = "esp32_fingerprint"
    capacity: int = 127
    status_period: float = 30.0
    """Seconds from one `status` to the next."""
    enrollment_timeout: float = 60.0
    """Seconds for all scans of an enrollment together."""
    detecting_at_start: bool = False
    """Whether it reports touches before `detect/request` has enabled that."""


class FirstGenerationReader:
    """One reader with its sensor; it has just been switched on, and is not connected."""

    def __init__(
        self,
        sketch: Sketch,
        say: Callable[[str, bytes], None],
        now: float,
        settings: Settings | None = None,
    ) -> None:
        """Switch it on. `say` takes topic suffix and payload of all that reaches the broker."""
        self.sketch = sketch
        self.settings = settings or Settings()
        self.sensor = Sensor(self.settings.capacity)
        self._publish = say
        self._start(now)

    def _start(self, now: float) -> None:
        self.enrollment: Enrollment | None = None
        self.detecting = self.settings.detecting_at_start
        self.detection_mode = 0
        self._booted = now
        self._online = False
        self._next_status = float("inf")
        self._next_report = now
        self._last_slot = 0

    # What happens to it

    def reboot(self, now: float) -> None:
        """Interrupt its power briefly. Only the sensor's templates are kept."""
        self._start(now)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Suffixes of the topics that it subscribes to."""
        completion = (ENROLL_COMPLETION,) if self.sketch is Sketch.LATER else ()
        return (ENROLL_REQUEST, *completion, SCAN_ACKNOWLEDGED, DETECT_REQUEST, COMMAND)

    def connected(self, now: float) -> None:
        """Handle the connection to the broker, and announce it.

        As in the example that such sketches start from, it subscribes only after this.
        """
        self._online = True
        self._next_status = now + self.settings.status_period
        # The sketch says 0, whatever the time.
        self._say(STATUS, {"status": "online", "timestamp": 0})
        self.tick(now)

    def disconnected(self, now: float) -> None:
        """Handle a lost connection. Assumed: all goes on, and messages meanwhile are lost."""
        self._online = False
        self._next_status = float("inf")
        self.tick(now)

    def place(self, finger: Hashable, now: float, quality: int = GOOD) -> None:
        """Put a finger on the sensor; `quality` (0 to 100) is that of its image."""
        self.sensor.press = Press(finger, quality)
        self._next_report = now
        self.tick(now)

    def lift(self, now: float) -> None:
        """Take the finger from the sensor."""
        self.sensor.press = None
        self.tick(now)

    def touch(self, finger: Hashable, now: float, quality: int = GOOD) -> None:
        """Place a finger and lift it: one scan, or one touch."""
        self.place(finger, now, quality)
        self.lift(now)

    def due(self) -> float:
        """Return the time of the next `tick` that has something to do; infinite for never."""
        dues = [self._next_status]
        if self.enrollment is not None:
            dues.append(due if (due := self.enrollment.due()) is not None else float("inf"))
        elif self.detecting and self.sensor.press is not None:
            dues.append(self._next_report)
        return min(dues)

    def tick(self, now: float) -> None:
        """Do what is due, as the sketch's loop does; missed periods are not made up for."""
        if self.enrollment is not None:
            self.enrollment.look(now)
            if self.enrollment.ended:
                self.enrollment = None
        # A finger that still lies there when its enrollment has ended is a touch.
        if self.enrollment is None and self.detecting and now >= self._next_report:
            self._detect(now)
        if now >= self._next_status:
            self._next_status = now + self.settings.status_period
            self._say_status(now)

    def take(self, topic_suffix: str, payload: bytes, now: float) -> None:
        """Handle a message; unknown ones are ignored."""
        try:
            message = json.loads(payload)
        except ValueError:
            message = None
        if isinstance(message, dict):
            if topic_suffix == ENROLL_REQUEST:
                self._take_enroll_request(message, now)
            elif topic_suffix == ENROLL_COMPLETION and self.sketch is Sketch.LATER:
                self._take_completion(message)
            elif topic_suffix == DETECT_REQUEST:
                self._take_detect_request(message)
            elif topic_suffix == COMMAND:
                self._take_command(message)
        self.tick(now)

    # Enrolling

    def _take_enroll_request(self, message: dict[str, Any], now: float) -> None:
        match message.get("action"), self.sketch:
            case "start", _:
                self._begin(_integer(message.get("slot")), message.get("template_id") or "", now)
            case ("cancel", _) | ("cancel_enrollment", Sketch.LATER):
                self._cancel()
            case "confirm", Sketch.LATER if self.enrollment is not None:
                self.enrollment.confirm()

    def _begin(self, slot: int, template_id: str, now: float) -> None:
        highest = _FIRST_SKETCH_SLOTS if self.sketch is Sketch.FIRST else self.sensor.capacity
        if self.enrollment is not None:
            self._refuse(self.enrollment)
        elif not 1 <= slot <= highest:
            self._respond({"status": "error", "message": f"Invalid slot number (1-{highest})"})
        else:
            self._last_slot = slot
            self.enrollment = Enrollment(
                self.sketch,
                self.sensor,
                self._respond,
                slot,
                template_id,
                now + self.settings.enrollment_timeout,
            )

    def _refuse(self, running: Enrollment) -> None:
        if self.sketch is Sketch.FIRST:
            # Assumed: an error without a template id, and the enrollment goes on.
            self._respond({"status": "error", "message": "Enrollment already in progress"})
            return
        self._respond(
            {
                "status": "blocked",
                "waiting_for": "enrollment_completion",
                "slot": running.slot,
                "template_id": running.template_id,
            }
        )

    def _cancel(self) -> None:
        # Assumed: the first sketch answers whether something runs or not, with the slot of its
        # last enrollment, 0 if none; the later one looks. Neither takes back what is stored.
        if self.enrollment is None and self.sketch is Sketch.LATER:
            self._respond({"status": "error", "message": "No enrollment in progress"})
            return
        self.enrollment = None
        self._respond({"status": "cancelled", "slot": self._last_slot})

    def _take_completion(self, message: dict[str, Any]) -> None:
        # Assumed: the template id is not checked, and a running enrollment ends without a message.
        if message.get("status") == "enrollment_saved":
            self.enrollment = None

    # Touches

    def _take_detect_request(self, message: dict[str, Any]) -> None:
        match message.get("action"):
            case "enable":
                self.detecting = True
                self.detection_mode = self._mode(message.get("mode"))
            case "disable":
                self.detecting = False

    def _mode(self, wanted: object) -> int:
        # Assumed: what is neither is attendance.
        if wanted == "registration" or (self.sketch is Sketch.LATER and _integer(wanted) == 1):
            return 1
        return 0

    def _detect(self, now: float) -> None:
        press = self.sensor.press
        if press is None:
            return
        self._next_report = now + _AGAIN_AFTER
        found = self.sensor.find(press.finger)
        if press.usable and found is not None:
            self._report(found, _CONFIDENCE, "hardware", None, now)
        elif press.usable:
            self._report(UNKNOWN_FINGER, 0, "hardware", "no match", now)
        elif found is not None and self.sketch is Sketch.LATER:
            # Assumed of "hint only": a poor image that looks like somebody.
            self._report(HINT_ONLY, _HINT_CONFIDENCE, "hint", "low confidence", now)
        # Assumed: any other poor image is ignored.

    def _report(
        self, slot: int, confidence: int, kind: str, reason: str | None, now: float
    ) -> None:
        message: dict[str, Any] = {
            "fingerprint_id": slot,
            "confidence": confidence,
            "timestamp": self._millis(now),
            "mode": _MODES[self.detection_mode],
        }
        if self.sketch is Sketch.LATER:
            message["match_type"] = kind
            if reason is not None:
                message["reason"] = reason
        self._say(FINGERPRINT, message)

    # Status and commands

    def _take_command(self, message: dict[str, Any]) -> None:
        match message.get("command"):
            case "sensor_info":
                stored = len(self.sensor.templates)
                capacity = self.sensor.capacity
                self._say(
                    STATUS, {"command": "sensor_info", "capacity": capacity, "stored": stored}
                )
            case "clear_all":
                self.sensor.templates.clear()
                self._say(STATUS, {"command": "clear_all", "status": "success"})

    def _say_status(self, now: float) -> None:
        self._say(
            STATUS,
            {
                "device_id": self.settings.device_id,
                "status": "online",
                "wifi_signal": -61,
                "enrollment_in_progress": self.enrollment is not None,
                "detection_mode": self.detection_mode,
                "fingerprints_stored": len(self.sensor.templates),
                "fingerprint_capacity": self.sensor.capacity,
                "uptime_seconds": self._millis(now) // 1000,
            },
        )

    def _millis(self, now: float) -> int:
        """Return milliseconds since boot, as 32 bits have them."""
        return round((now - self._booted) * 1000) % _MILLIS_WRAPS

    def _respond(self, message: dict[str, Any]) -> None:
        self._say(ENROLL_RESPONSE, message)

    def _say(self, suffix: str, message: dict[str, Any]) -> None:
        if self._online:
            self._publish(suffix, json.dumps(message, separators=(",", ":")).encode())


def _integer(value: object) -> int:
    """Return a JSON number as the sketch's library reads it: 0 for anything else."""
    return value if isinstance(value, int) else 0
