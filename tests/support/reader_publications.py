"""What a reader publishes, as docs/protocol.md has it: status, templates, snapshots and touches."""

import asyncio
import json
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.support.broker import FakeBroker

FEATURES = ["accept_sensor", "adopt", "delete", "led", "list", "settings"]

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


def new_id() -> str:
    """Return a new random id, as of a template, a touch or a request."""
    return secrets.token_hex(8)


class PublishingReader:
    """The state of a reader; publishes it, as a test requests."""

    def __init__(self, broker: FakeBroker, reader_id: str, device: str) -> None:
        self.silent = False
        """Whether it receives nothing, as without power."""
        self.speechless = False
        """Whether all messages that it sends are lost."""
        self.identity: dict[str, Any] = {
            "device": device,
            "firmware": "0.2.0",
            "board": "esp32",
            "sensor": "R307",
            "max_scans": 3,
            "features": FEATURES,
        }
        self.stored: dict[int, str | None] = {1: None, 2: None, 3: None}
        """Template ids by slot; those without an id were enrolled by somebody else."""
        self.templates: dict[str, Any] = {
            "capacity": 1000,
            "count": 3,
            "revision": "5f0c6d7e8a9b0c1d",
            "sensor_changed": False,
            "sensor_error": None,
        }
        self.enrollment: dict[str, Any] = IDLE
        self.greeted: str | None = None
        """Request id of the last hello that was answered."""
        self.boot = new_id()
        self.reader_id = reader_id
        self._broker = broker
        self._started = asyncio.get_running_loop().time() - 100

    @property
    def uptime_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._started) * 1000)

    def forward(self, seconds: float) -> None:
        """Put its uptime forward, as if that time had passed."""
        self._started -= seconds

    def announce(self) -> None:
        """Publish the three retained topics, as on every connect."""
        self.silent = False
        self.say("status", {"online": True, **self.identity}, retain=True)
        self.say("templates", self.templates, retain=True)
        self.say("enroll/response", self.enrollment, retain=True)

    @contextmanager
    def unheard(self) -> Generator[None]:
        """Lose all messages that it sends during the context."""
        self.speechless = True
        yield
        self.speechless = False

    def die(self) -> None:
        """Lose power; the broker publishes the last will."""
        self.silent = True
        self.say("status", {"online": False}, retain=True)

    # Enrollments

    def go_on(self, **changes: Any) -> None:
        """Publish the snapshot with changes, one `seq` further."""
        self.enrollment = {**self.enrollment, "seq": self.enrollment["seq"] + 1, **changes}
        self.say("enroll/response", self.enrollment, retain=True)

    def reject(self, why: str = "too_messy") -> None:
        """Reject one image; then wait for the finger again."""
        rejected = {"count": self.enrollment["rejected"]["count"] + 1, "last": why}
        self.go_on(stage="lift_finger", rejected=rejected)
        self.go_on(stage="place_finger")

    def capture(self, scans: int = 1) -> None:
        """Capture the current scan and the following ones, `scans` in total, with lifts between."""
        for _ in range(scans):
            self._capture()

    def _capture(self) -> None:
        captured, step = self.enrollment["captured"], self.enrollment["step"]
        before = sum(scan["attempts"] - 1 for scan in captured)
        attempts = self.enrollment["rejected"]["count"] - before + 1
        captured = [*captured, {"attempts": attempts}]
        if step == self.enrollment["total"]:
            self.end("completed", captured=captured)
        else:
            self.go_on(stage="lift_finger", captured=captured)
            self.go_on(stage="place_finger", step=step + 1)

    def end(self, stage: str, reason: str | None = None, **changes: Any) -> None:
        """End the enrollment."""
        self.go_on(stage=stage, reason=reason, timeout_ms=None, **changes)
        if stage == "completed":
            self.hold(self.enrollment["slot"], self.enrollment["template_id"])

    # Templates

    def hold(self, slot: int, template_id: str | None) -> None:
        """Store a template in a slot, and publish that the templates have changed."""
        self.stored[slot] = template_id
        self._templates_changed()

    def lose(self, slot: int) -> None:
        """Empty a slot, and publish that the templates have changed."""
        del self.stored[slot]
        self._templates_changed()

    def _templates_changed(self) -> None:
        self.templates = {**self.templates, "count": len(self.stored), "revision": new_id()}
        self.say("templates", self.templates, retain=True)

    # Touches

    def touch(self, template_id: str | None = None, *, age: float = 0.0, **changes: Any) -> str:
        """Send a touch, identified if a template is given; return its id."""
        found = template_id is not None
        message = {
            "touch": new_id(),
            "boot": self.boot,
            "at_ms": self.uptime_ms - round(age * 1000),
            "result": "identified" if found else "not_identified",
            "slot": 5 if found else None,
            "template_id": template_id,
            "confidence": 143 if found else None,
            "reason": None,
            "count": 1,
            **changes,
        }
        self.say("fingerprint", message)
        touch: str = message["touch"]
        return touch

    # Messages

    def say(self, topic: str, message: dict[str, Any], *, retain: bool = False) -> None:
        """Publish any message of this protocol."""
        self.say_bytes(topic, json.dumps({"v": 1, **message}).encode(), retain=retain)

    def say_bytes(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish any payload."""
        if self.speechless:
            return
        self._broker.publish(f"biometric/{self.reader_id}/{topic}", payload, retain=retain)
