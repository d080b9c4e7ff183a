"""Hardware for the scanner's tests: a sensor that knows fingers by name, a flash, and power.

Power can be cut before or after any sensor command and any write to flash.
"""

from fpreader.sensor import Sensor
from fpreader.sensor_connection import CodeError, SensorError, always
from fpreader.storage import Storage

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.firmware.portable.scanner_harness import ScannerHarness

#: An answer for FakeSensor.says: whatever comes of it.
REAL_ANSWER = object()
CAPACITY = 300
#: How the light of a sensor is that has just got its power.
DARK = 4, 0
COMMAND_MS = 30
SILENCE_MS = 3000
#: As many commands a sensor remembers; those of ten minutes need memory that a reader has not.
REMEMBERED = 1000


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


class FakeFlash(Storage):
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


class FakeConnection:
    """What the parts of a reader ask of the connection to a sensor."""

    def __init__(self) -> None:
        self.errors = 0
        self.out_of_sync = False
        self.missing: set[int] = set()
        self.refused: tuple[int, int] | None = None
        self.may_repeat: Callable[[], bool] = always

    def set_baud(self, rate: int) -> None:
        """Do nothing: every rate will do."""


class FakeSensor(Sensor):
    """Knows fingers by name. `gone` makes it silent, `says` overrides single answers."""

    def __init__(self, reader: "ScannerHarness", buffers: int = 2) -> None:
        self.templates: dict[int, str] = {}
        self.notepad = bytes(32)
        self.finger: str | None = None
        self.gone = False
        self.says: list[tuple[str, Any]] = []
        self.asked: list[str] = []
        """The names of the newest commands."""
        self.level = 3
        self.colours = 7
        self.lit = [DARK]
        """Control and colour of each AuraLed, the newest last."""
        self.connection: Any = FakeConnection()
        self._buffers: dict[int, str] = {}
        self._image: str | None = None
        self._two = buffers == 2
        self._reader = reader

    async def vfy_pwd(self, password: int = 0, attempts: int = 3) -> None:
        self._do("vfy_pwd", lambda: None)

    async def read_prod_info(self) -> str:
        def work() -> str:
            raise CodeError(0x3C, 1)

        return str(self._do("read_prod_info", work))

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

    async def delet_char(self, slot: int) -> "int | None":
        def work() -> int:
            self.templates.pop(slot, None)
            return 0

        code: int | None = self._do("delet_char", work)
        return code

    async def read_index_table(self, page: int) -> bytes:
        return bytes(self._do("read_index_table", lambda: self._table()[32 * page :][:32]))

    async def templete_num(self) -> int:
        return int(self._do("templete_num", lambda: len(self.templates)))

    async def load_char(self, buffer: int, slot: int) -> bool:
        def work() -> bool:
            if slot in self.templates:
                self._buffers[buffer] = self.templates[slot]
            return slot in self.templates

        return bool(self._do("load_char", work))

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
        self._reader.steps.before()
        self.asked.append(name)
        del self.asked[:-REMEMBERED]
        self._reader.user(self._reader, name)
        if self.gone:
            self._reader.now += SILENCE_MS
            raise SensorError
        self._reader.now += COMMAND_MS
        answer = REAL_ANSWER
        if self.says and self.says[0][0] == name:
            answer = self.says.pop(0)[1]
        if isinstance(answer, Exception):
            self.connection.errors += 1
            raise answer
        if answer is REAL_ANSWER:
            answer = work()
        self._reader.steps.after()
        return answer
