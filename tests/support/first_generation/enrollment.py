"""One enrollment as the sketches run it: two or three scans, with one message for each event.

Where the reference is silent, the comments say what was assumed of the sketches.
"""

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from tests.support.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from tests.support.first_generation.sketch import Press, Sensor

WAITING_EVERY: Final = 2.0
"""Seconds between two `waiting` messages."""

_BUFFERS: Final = {
    Sketch.FIRST: (1, 2),
    # Scan 2 overwrites scan 1: the "three scans" are two.
    Sketch.LATER: (1, 1, 2),
}
"""The sensor's buffer for each scan."""

# The codes of the sensor's own protocol; the reference says only that there is an `error_code`.
_DIFFERENT_FINGERS: Final = 0x0A
_FLASH_ERROR: Final = 0x18


class Stage(Enum):
    """What the enrollment waits for."""

    FINGER = auto()
    LIFT = auto()
    CONFIRMATION = auto()
    COMPLETION = auto()
    """Stored; the later sketch stays busy until it hears `enrollment_saved`."""
    NOTHING = auto()
    """It has ended; the reader is free."""


class Enrollment:
    """The enrollment that a reader is busy with."""

    def __init__(
        self,
        sketch: Sketch,
        sensor: Sensor,
        say: Callable[[dict[str, Any]], None],
        slot: int,
        template_id: str,
        deadline: float,
    ) -> None:
        """Begin it. `say` sends one message on `enroll/response`; `deadline` is a time."""
        self.slot = slot
        self.template_id = template_id
        self.stage = Stage.FINGER
        self._sketch = sketch
        self._sensor = sensor
        self._say = say
        self._deadline = deadline
        self._captured = 0
        self._buffers: dict[int, Hashable] = {}
        # Assumed: the first `waiting` comes at once, as from a counter that starts at 0.
        self._next_waiting = float("-inf")
        self._say({"status": "started", "slot": slot, "template_id": template_id})

    @property
    def ended(self) -> bool:
        return self.stage is Stage.NOTHING

    def due(self) -> float | None:
        """Return when `look` has something to do although nothing happens; None for never."""
        if self.stage is Stage.FINGER:
            return min(self._deadline, self._next_waiting)
        return self._deadline if self.stage is Stage.LIFT else None

    def look(self, now: float) -> None:
        """Do what the sketch does in each round of its loop."""
        if self.stage not in {Stage.FINGER, Stage.LIFT}:
            return
        press = self._sensor.press
        # Assumed: one deadline for all scans together; no scan puts it off.
        if now >= self._deadline:
            self._fail("Enrollment timeout")
        elif self.stage is Stage.LIFT:
            if press is None:
                self.stage = Stage.FINGER
                self.look(now)
        elif press is not None:
            self._scan(press)
        elif now >= self._next_waiting:
            self._next_waiting = now + WAITING_EVERY
            self._say({"status": "waiting", "message": "Waiting for finger...", **self._which()})

    def confirm(self) -> None:
        """Store, if that is what it waits for. Assumed: otherwise nothing happens."""
        if self.stage is Stage.CONFIRMATION:
            self._store()

    def _scan(self, press: Press) -> None:
        # Assumed: also after a poor scan the finger has to be lifted first.
        self.stage = Stage.LIFT
        step = self._captured + 1
        if not press.usable:
            self._reject(step, press)
            return
        # Assumed: the search comes after the first image, before its `progress`. A finger is
        # also refused for the slot that it already has.
        if step == 1 and self._sensor.find(press.finger) is not None:
            self._fail("Fingerprint already exists!", **self._which())
            return
        self._captured = step
        self._buffers[_BUFFERS[self._sketch][step - 1]] = press.finger
        more: dict[str, Any] = (
            {**self._which(), "success": True, "quality": press.quality}
            if self._sketch is Sketch.LATER
            else {}
        )
        self._say({"status": "progress", "step": step, "message": f"Scan {step} captured", **more})
        if step == len(_BUFFERS[self._sketch]):
            self._combine()

    def _reject(self, step: int, press: Press) -> None:
        if self._sketch is Sketch.FIRST:
            # Assumed: it knows no second try, the text is that of the sensor library's example.
            self._fail("Image too messy")
            return
        self._say(
            {
                "status": "capture_failed",
                "step": step,
                "quality": press.quality,
                "message": "Poor quality, try again",
                **self._which(),
            }
        )

    def _combine(self) -> None:
        """Make one template of the two buffers."""
        if self._buffers[1] != self._buffers[2]:
            # Assumed, with the text of the sensor library's example.
            self._fail("Fingerprints did not match", **self._details(_DIFFERENT_FINGERS))
        elif self._sketch is Sketch.FIRST:
            self._store()
        else:
            self.stage = Stage.CONFIRMATION
            self._say(
                {
                    "status": "ready_for_confirmation",
                    "step": self._captured,
                    "message": "Confirm to save the fingerprint",
                    **self._which(),
                }
            )

    def _store(self) -> None:
        if self._sensor.refuses_to_store:
            self._fail("Failed to store fingerprint", **self._details(_FLASH_ERROR))
            return
        # Store overwrites whatever was in the slot.
        self._sensor.templates[self.slot] = self._buffers[2]
        self._say(
            {
                "status": "success",
                "slot": self.slot,
                "template_id": self.template_id,
                "message": "Fingerprint enrolled successfully",
            }
        )
        # Assumed: this is what `blocked` waits for with its `enrollment_completion`.
        self.stage = Stage.COMPLETION if self._sketch is Sketch.LATER else Stage.NOTHING

    def _fail(self, message: str, **details: Any) -> None:
        self._say({"status": "error", "message": message, **details})
        self.stage = Stage.NOTHING

    def _details(self, code: int) -> dict[str, Any]:
        """Return what errors of the sensor carry: assumed of "sometimes adds"."""
        return {"error_code": code, **self._which()} if self._sketch is Sketch.LATER else {}

    def _which(self) -> dict[str, Any]:
        """Return slot and template id; the first sketch sends them only at begin and end."""
        if self._sketch is Sketch.FIRST:
            return {}
        return {"slot": self.slot, "template_id": self.template_id}
