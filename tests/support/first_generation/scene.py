"""A first-generation reader for tests, which control its time."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.first_generation.reader import (
    COMMAND,
    DETECT_REQUEST,
    ENROLL_COMPLETION,
    ENROLL_REQUEST,
    ENROLL_RESPONSE,
    FirstGenerationReader,
)
from tests.support.first_generation.sketch import GOOD, Sketch

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tests.support.first_generation.reader import Settings

TEMPLATE_ID = "9f2c01ab44d0e1f7"
WHICH: dict[str, Any] = {"slot": 5, "template_id": TEMPLATE_ID}

WAITING = {"status": "waiting", "message": "Waiting for finger..."}
SUCCESS = {"status": "success", **WHICH, "message": "Fingerprint enrolled successfully"}

Said = tuple[str, dict[str, Any]]
"""Topic suffix and message."""


both = pytest.mark.parametrize("sketch", list(Sketch))
"""Runs a test with each of the sketches."""

first = pytest.mark.parametrize("sketch", [Sketch.FIRST])
later = pytest.mark.parametrize("sketch", [Sketch.LATER])


def error(message: str, **details: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, **details}


class Scene:
    """A reader that was just switched on and connected; records its messages."""

    def __init__(self, sketch: Sketch, settings: Settings | None = None) -> None:
        self.now = 1000.0
        self.said: list[Said] = []
        self.reader = FirstGenerationReader(sketch, self._say, self.now, settings)
        self.sensor = self.reader.sensor
        self.reader.connected(self.now)

    def _say(self, suffix: str, payload: bytes) -> None:
        self.said.append((suffix, json.loads(payload)))

    def news(self) -> list[Said]:
        """Return its messages since the last call."""
        news, self.said = self.said, []
        return news

    def responses(self) -> list[dict[str, Any]]:
        """Return its messages on `enroll/response` since the last call; drop the others."""
        return [message for suffix, message in self.news() if suffix == ENROLL_RESPONSE]

    def statuses(self) -> list[str]:
        """Return only the status of each of `responses`."""
        return [message["status"] for message in self.responses()]

    def wait(self, seconds: float) -> None:
        """Let time pass, with all that becomes due in it."""
        end = self.now + seconds
        while (due := self.reader.due()) <= end:
            self.now = max(self.now, due)
            self.reader.tick(self.now)
            assert self.reader.due() > self.now, "it was due and did nothing about it"
        self.now = end

    def send(self, suffix: str, message: object) -> None:
        self.reader.take(suffix, json.dumps(message).encode(), self.now)

    def start(self, slot: int = 5, template_id: str = TEMPLATE_ID) -> None:
        self.enroll("start", slot=slot, template_id=template_id)

    def enroll(self, action: str, **more: Any) -> None:
        self.send(ENROLL_REQUEST, {"action": action, **more})

    def save(self) -> None:
        self.send(ENROLL_COMPLETION, {"status": "enrollment_saved", "template_id": TEMPLATE_ID})

    def enable(self, mode: object = "attendance") -> None:
        self.send(DETECT_REQUEST, {"action": "enable", "mode": mode})

    def command(self, command: str) -> None:
        self.send(COMMAND, {"command": command})

    def place(self, finger: Hashable, quality: int = GOOD) -> None:
        self.reader.place(finger, self.now, quality)

    def lift(self) -> None:
        self.reader.lift(self.now)

    def touch(self, *fingers: Hashable, quality: int = GOOD) -> None:
        """Place fingers and lift them, one after the other."""
        for finger in fingers:
            self.reader.touch(finger, self.now, quality)


def quiet_scene(sketch: Sketch, settings: Settings | None = None) -> Scene:
    """Return a scene without the messages of the reader's announcement."""
    scene = Scene(sketch, settings)
    scene.news()
    return scene
