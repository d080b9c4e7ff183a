"""A sensor, a flash, a clock and somebody with fingers, all pretended, for the Scanner.

Nothing here ever waits, so days go by in no time. Power can be cut
before or after any sensor command and any write to flash.
"""

import os

from fpreader.memory import Memory
from fpreader.scanner import Scanner
from fpreader.sensor import SensorError, always

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any

    from fpreader.changes import Done

#: An answer for FakeSensor.says: whatever comes of it.
REALLY = object()
CAPACITY = 300
#: How the light of a sensor is that has just got its power.
DARK = 4, 0
COMMAND_MS = 30
SILENCE_MS = 3000


class PowerCutError(BaseException):
    """The reader is without power from here on."""


class Steps:
    """Counts what can be interrupted, and cuts the power there."""

    def __init__(self) -> None:
        self.done = 0
        self.cut_before: int | None = None
        self.cut_after: int | None = None

    def before(self) -> None:
        if self.done == self.cut_before:
            raise PowerCutError

    def after(self) -> None:
        self.done += 1
        if self.done - 1 == self.cut_after:
            raise PowerCutError


class Flash:
    """Records that outlive the reader's power."""

    def __init__(self, steps: Steps) -> None:
        self.records: dict[str, tuple[bytes, list[bytes]]] = {}
        self.writes = 0
        self.broken = False
        self._steps = steps

    def read(self, name: str) -> "tuple[bytes, list[bytes]] | None":
        return self.records.get(name)

    def write(self, name: str, line: bytes, pieces: "list[bytes]") -> None:
        self._steps.before()
        if self.broken:
            raise OSError(5)
        self.writes += 1
        self.records[name] = (line, pieces)
        self._steps.after()

    def set_aside(self, name: str) -> None:
        self.records.pop(name)


class FakeSensor:
    """Knows fingers by name. `gone` makes it silent, `says` overrides single answers."""

    def __init__(self, reader: "ScannerHarness", buffers: int = 2) -> None:
        self.templates: dict[int, str] = {}
        self.notepad = bytes(32)
        self.finger: str | None = None
        self.gone = False
        self.says: list[tuple[str, Any]] = []
        self.asked: list[str] = []
        self.errors = 0
        self.level = 3
        self.colours = 7
        self.lit = [DARK]
        """Control and colour of each AuraLed, the newest last."""
        self.out_of_sync = False
        self.may_repeat: Callable[[], bool] = always
        self._buffers: dict[int, str] = {}
        self._image: str | None = None
        self._two = buffers == 2
        self._world = reader

    async def vfy_pwd(self) -> None:
        self._do("vfy_pwd", lambda: None)

    async def read_sys_para(self) -> "tuple[int, int | None]":
        answer: tuple[int, int | None] = self._do("read_sys_para", lambda: (CAPACITY, self.level))
        return answer

    async def set_security_level(self, level: int) -> None:
        def work() -> None:
            self.level = level

        self._do("set_security_level", work)

    async def gen_img(self) -> str:
        def work() -> str:
            self._image = self.finger
            return "finger" if self.finger else "no_finger"

        return str(self._do("gen_img", work))

    async def img2tz(self, buffer: int) -> str:
        def work() -> str:
            assert self._image, "Img2Tz without an image"
            number = min(buffer, 2) if self._two else buffer
            self._buffers[number] = self._image
            return "good"

        return str(self._do("img2tz", work))

    async def search(self, buffer: int, first: int, count: int) -> "tuple[int, int] | None":
        def work() -> "tuple[int, int] | None":
            for slot in sorted(self.templates):
                ours = first <= slot < first + count
                if ours and self.templates[slot] == self._buffers.get(buffer):
                    return slot, 100
            return None

        found: tuple[int, int] | None = self._do("search", work)
        return found

    async def reg_model(self) -> bool:
        def work() -> bool:
            # "anna" and "anna's twin" pass for one finger here, and only here.
            people = {name.split("'")[0] for name in self._buffers.values()}
            if len(people) != 1 or 1 not in self._buffers:
                return False
            self._buffers[1] = self._buffers[2] = self._buffers[1]
            return True

        return bool(self._do("reg_model", work))

    async def store(self, slot: int) -> bool:
        def work() -> bool:
            if 1 not in self._buffers:
                return False
            self.templates[slot] = self._buffers[1]
            return True

        return bool(self._do("store", work))

    async def delet_char(self, slot: int) -> None:
        self._do("delet_char", lambda: self.templates.pop(slot, None))

    async def read_index_table(self, page: int) -> bytes:
        return bytes(self._do("read_index_table", lambda: self._table()[32 * page :][:32]))

    async def read_index(self, capacity: int) -> bytearray:
        return bytearray(self._do("read_index", self._table))

    async def read_notepad(self, page: int) -> bytes:
        return bytes(self._do("read_notepad", lambda: self.notepad))

    async def write_notepad(self, page: int, data: bytes) -> None:
        def work() -> None:
            self.notepad = data

        self._do("write_notepad", work)

    async def light(self, *, on: bool) -> None:
        self._do("light", lambda: None)

    async def aura_led(
        self, control: int, speed: int, colour: int, count: int, attempts: int = 3
    ) -> None:
        def work() -> None:
            if colour > self.colours:
                raise SensorError
            self.lit.append((control, colour))

        self._do("aura_led", work)

    def swap(self, templates: "dict[int, str]", notepad: bytes = bytes(32)) -> None:
        """Put another sensor here."""
        self.templates = templates
        self.notepad = notepad
        self._buffers = {}

    def _table(self) -> bytearray:
        table = bytearray(64)
        for slot in self.templates:
            table[slot >> 3] |= 1 << (slot & 7)
        return table

    def _do(self, name: str, work: "Callable[[], Any]") -> "Any":
        """Answer one command, when it is not the one at which the power is cut."""
        self._world.steps.before()
        self.asked.append(name)
        self._world.user(self._world, name)
        if self.gone:
            self._world.now += SILENCE_MS
            raise SensorError
        self._world.now += COMMAND_MS
        answer = REALLY
        if self.says and self.says[0][0] == name:
            answer = self.says.pop(0)[1]
        if isinstance(answer, Exception):
            raise answer
        if answer is REALLY:
            answer = work()
        self._world.steps.after()
        return answer


class ScannerHarness:
    """Everything around one reader. `user` is called before each command, and acts as people do."""

    def __init__(self, buffers: int = 2) -> None:
        self.now = 0
        self.buffers = buffers
        self.steps = Steps()
        self.flash = Flash(self.steps)
        self.sensor = FakeSensor(self, buffers)
        self.user: Callable[[ScannerHarness, str], None] = nobody
        self.shown: list[dict[str, Any]] = []
        self.shown_at = 0
        self.told: list[dict[str, Any]] = []
        self.answered_at = 0
        self.touches: list[tuple[Any, ...]] = []
        self._running: Coroutine[Any, Any, None] | None = None
        self.turn_on()

    def turn_on(self) -> None:
        """Start the reader, with what its flash holds."""
        self.scanner = Scanner(
            self.sensor,  # type: ignore[arg-type]
            Memory(self.flash),
            lambda: self.now,
            self._sleep,
            os.urandom,
            buffers=self.buffers,
            on_snapshot=self._show,
            on_templates=lambda: self.told.append(self.scanner.templates),
            on_touch=lambda *touch: self.touches.append(touch),
        )
        self._running = None

    def _show(self) -> None:
        self.shown.append(self.scanner.snapshot)
        self.shown_at = self.now

    def run(self, ms: int) -> None:
        """Let the reader run for a while; raises PowerCutError where the power is cut."""
        until = self.now + ms
        self._running = self._running or self.scanner.run()
        while self.now < until:
            self.turn(self._running)

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

    async def _sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000 + 0.5)
        self.user(self, "pause")
        await _Turn()


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
