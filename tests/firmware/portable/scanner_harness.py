"""A scanner on fake hardware, with a user who puts fingers on when asked to.

Nothing here ever waits, so days go by in no time.
"""

import os

from fpreader.board import Board
from fpreader.config import Section, SensorConfig
from fpreader.memory import Memory
from fpreader.scanner import Scanner
from tests.firmware.portable.fake_hardware import FakeFlash, FakeSensor, PowerCutError, Steps

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any

    from fpreader.changes import Done
    from fpreader.touch_record import Touch

ID = "a" * 16
OTHER = "b" * 16
ANNA, BERT = "0" * 16, "1" * 16
"""The ids that `enrolled` gives to the first two fingers."""
BAD_IMAGES = ("too_messy", "too_few_features", "no_image")


class ScannerHarness(Board):
    """Everything around one reader. `user` is called before each command, and acts as people do."""

    def __init__(self, buffers: int = 2) -> None:
        self.now = 0
        self.random = os.urandom
        self.config = SensorConfig(Section({"sensor": "R307" if buffers == 2 else "R503"}))
        self.steps = Steps()
        self.records = self.flash = FakeFlash(self.steps)
        self.sensor = FakeSensor(self, buffers)
        self.user: Callable[[ScannerHarness, str], None] = nobody
        self.shown: list[dict[str, Any]] = []
        self.shown_at = 0
        self.told: list[dict[str, Any]] = []
        self.answered_at = 0
        self.touches: list[Touch] = []
        self.models: list[str] = []
        self._running: Coroutine[Any, Any, None] | None = None
        self.turn_on()

    def turn_on(self) -> None:
        """Start the reader, with what its flash holds."""
        app: Any = self
        self.scanner = Scanner(self, self.sensor, self.config, app)
        self._running = None

    # What the scanner has of its board and tells the app.

    def clock(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000 + 0.5)
        self.user(self, "pause")
        await _Turn()

    def on_snapshot(self) -> None:
        self.shown.append(self.scanner.snapshot)
        self.shown_at = self.now

    def on_templates(self) -> None:
        self.told.append(self.scanner.templates)

    def on_model(self) -> None:
        self.models.append(self.scanner.model.name)

    def on_touch(self, touch: "Touch") -> None:
        self.touches.append(touch)

    # What the tests do.

    def run(self, ms: int) -> None:
        """Let the reader run for a while; raises PowerCutError where the power is cut."""
        until = self.now + ms
        self._running = self._running or self.scanner.run()
        while self.now < until:
            self.turn(self._running)

    def restart(self) -> None:
        """Start the reader again, and let it find its sensor, and see that it is empty."""
        self.turn_on()
        self.run(2000)

    def turn(self, coroutine: "Coroutine[Any, Any, None]") -> None:
        """Let a coroutine of the scanner go on until it pauses, which takes no time."""
        coroutine.send(None)

    def run_until_ended(self) -> "dict[str, Any]":
        """Let the reader run until no enrollment does; give the final snapshot."""
        while self.scanner.running:
            self.run(1)
        return self.scanner.snapshot

    def enroll(
        self,
        template_id: str = "a" * 16,
        slot: "int | None" = None,
        total: int = 3,
        scan_timeout_s: int = 30,
    ) -> "tuple[int | None, str | None]":
        """Ask for an enrollment as HA would."""
        return self.scanner.start(template_id, slot, total, scan_timeout_s)

    def enroll_whole(self, finger: str, template_id: str) -> None:
        """Enroll a finger with three good scans; nobody is at the reader afterwards."""
        self.user = scans(finger, finger, finger)
        assert self.enroll(template_id)[1] is None
        assert self.run_until_ended()["stage"] == "completed"
        self.user = nobody

    def delete(
        self, slot: int, template_id: "str | None", revision: "str | None" = None
    ) -> "str | None":
        """Ask for this change, let the reader do it, and give its error.

        Without a revision it is asked for by that of now.
        """
        listed = revision or self.scanner.templates["revision"]
        return self._change(
            lambda done: self.scanner.changes.delete(slot, template_id, listed, done)
        )

    def adopt(self, slot: int, template_id: str, revision: "str | None" = None) -> "str | None":
        """Do as delete does."""
        listed = revision or self.scanner.templates["revision"]
        return self._change(
            lambda done: self.scanner.changes.adopt(slot, template_id, listed, done)
        )

    def accept_sensor(self) -> "str | None":
        """Do as delete does."""
        return self._change(self.scanner.changes.accept_sensor)

    def set(
        self,
        identification: "bool | None" = None,
        security_level: "int | None" = None,
        led_color: "str | None" = None,
    ) -> "str | None":
        """Do as delete does."""
        changes = self.scanner.changes
        return self._change(
            lambda done: changes.set(identification, security_level, led_color, done)
        )

    def _change(self, ask: "Callable[[Done], str | None]") -> "str | None":
        answers: list[str | None] = []

        def done(error: "str | None") -> None:
            answers.append(error)
            self.answered_at = self.now

        refusal = ask(done)
        if refusal is not None:
            assert answers == []
            return refusal
        while not answers:
            self.run(1)
        assert len(answers) == 1
        return answers[0]

    @property
    def memory(self) -> Memory:
        """What the flash holds."""
        return Memory(self.flash)


class _Turn:
    """Gives the turn to whoever drives the coroutine, once."""

    def __init__(self) -> None:
        self._given = False

    def __await__(self) -> "Generator[None]":
        return self  # type: ignore[return-value] # all that is asked of it is __next__

    __iter__ = __await__  # which MicroPython looks for

    def __next__(self) -> None:
        if self._given:
            raise StopIteration
        self._given = True


def drive(coroutine: "Coroutine[Any, Any, Any]") -> "Any":
    """Run what never waits to its end, and give what it returns."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("something waited")


def nobody(_world: ScannerHarness, _name: str) -> None:
    """There is nobody at the reader."""


def scans(*fingers: str) -> "Callable[[ScannerHarness, str], None]":
    """Make somebody who puts these fingers on, one after the other, each when asked to."""
    left = list(fingers)

    def user(reader: ScannerHarness, name: str) -> None:
        stage = reader.scanner.snapshot["stage"]
        if stage == "place_finger" and reader.sensor.finger is None and left:
            reader.sensor.finger = left.pop(0)
        elif stage not in ("place_finger", "processing"):
            reader.sensor.finger = None

    return user


def started(buffers: int = 2) -> ScannerHarness:
    reader = ScannerHarness(buffers)
    reader.run(1000)
    return reader


def enrolled(*fingers: str) -> ScannerHarness:
    """Make a reader that knows these fingers, in slots 0, 1, … with ids of one digit."""
    reader = started()
    for number, finger in enumerate(fingers):
        reader.user = scans(finger, finger, finger)
        assert reader.enroll(str(number) * 16) == (number, None)
        assert reader.run_until_ended()["stage"] == "completed"
    reader.run(1000)
    reader.user = nobody
    reader.shown.clear()
    reader.told.clear()
    return reader


def touch(reader: ScannerHarness, finger: str) -> None:
    reader.sensor.finger = finger
    reader.run(1000)
    reader.sensor.finger = None
    reader.run(1000)


def at(
    count: int, command: str, act: "Callable[[ScannerHarness], None]"
) -> "Callable[[ScannerHarness, str], None]":
    """Act when this command comes for that time, on top of three good scans of anna."""
    good = scans("anna", "anna", "anna")
    seen = [0]

    def user(reader: ScannerHarness, name: str) -> None:
        good(reader, name)
        seen[0] += name == command
        if name == command and seen[0] == count:
            seen[0] += 1
            act(reader)

    return user


def cut_power(_world: ScannerHarness) -> None:
    raise PowerCutError


def revision(reader: ScannerHarness) -> "Any":
    return reader.scanner.templates["revision"]


def listed(reader: ScannerHarness) -> "list[tuple[int, str | None]]":
    """List all templates as HA does, page by page."""
    found: list[tuple[int, str | None]] = []
    first: int | None = 0
    while first is not None:
        page = reader.scanner.page(first)
        assert page is not None
        assert page["revision"] == revision(reader)
        found += page["templates"]
        first = page["next"]
    return found
