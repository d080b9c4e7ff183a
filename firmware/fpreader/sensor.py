"""The fingerprint sensor, one method for each command (ZFM-20, R307 and R503 manuals).

Answers are matched to commands by what the line offers: it is emptied before each command, and an
answer counts only with a good checksum, from the default address, as an acknowledgement, and with
exactly the data that this command is answered with. Packets carry no number, so once a command was
repeated or given up, TempleteNum is asked before the next one: its answer comes behind all late
ones. Not covered: an answer that arrives even later. Whoever builds on Store or DeletChar therefore
asks the index table afterwards, and whoever builds on RegModel verifies with another scan.
"""

import asyncio

from fpreader import sensor_packet

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Stream(Protocol):
        """The serial line to the sensor."""

        def write(self, data: bytes) -> None:
            """Send bytes."""

        async def read(self, n: int, timeout_ms: int) -> bytes:
            """Give what came, at most n bytes; nothing when the time was over first."""

        def discard(self) -> None:
            """Forget what came and was not read."""


#: Maximum number of attempts for one command that gets no valid answer (protocol, "enrollment
#: procedure").
ATTEMPTS = 3
#: Milliseconds that one try waits; slow is what works on an image or writes the sensor's flash.
ANSWER_MS = 1000
SLOW_ANSWER_MS = 3000
LIGHT_ANSWER_MS = 300

#: Slots that one page of the index table covers.
PAGE_SLOTS = 256
#: How strictly fingers can be compared: the higher, the fewer are taken for another one.
SECURITY_LEVELS = (1, 2, 3, 4, 5)
#: The colours of AuraLed, each at its number; an older R503 knows only the first three.
LED_COLORS = ("off", "red", "blue", "purple", "green", "yellow", "cyan", "white")
#: Bytes of one notepad page.
NOTEPAD_BYTES = 32

OK = 0x00
_RECEIVE_ERROR = 0x01  # the sensor did not understand the packet: as good as no answer
_PASSWORD_WANTED = 0x21
_VFY_PWD = 0x13
_TEMPLETE_NUM = b"\x1d"

_GEN_IMG = {OK: "finger", 0x02: "no_finger", 0x03: "no_image"}
_IMG2TZ = {OK: "good", 0x06: "too_messy", 0x07: "too_few_features", 0x15: "no_image"}
_NOT_FOUND = 0x09
_NOT_ONE_FINGER = 0x0A
_WRONG_PASSWORD = 0x13


class SensorError(Exception):
    """The sensor gave no answer that can be used, in up to three tries."""

    word = "not_responding"


class PasswordError(SensorError):
    """The sensor refuses our password."""

    word = "wrong_password"


class Sensor:
    """Sends commands and understands the answers.

    Every method raises SensorError when there is no valid answer and PasswordError when the sensor
    wants another password. None of them waits longer than three times SLOW_ANSWER_MS.
    """

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self._parser = sensor_packet.Parser()
        self._lock = asyncio.Lock()  # the light is asked for while the sensor works
        self.out_of_sync = False
        """Whether an answer may still come to a command that was repeated or given up."""
        self.errors = 0
        """Commands without a valid answer so far."""
        self.may_repeat: Callable[[], bool] = always
        """Asked before a command is repeated: a deadline or a cancel must not wait for repeats."""

    async def vfy_pwd(self) -> None:
        """Say the factory password, 0."""
        code, _ = await self._command(b"\x13\x00\x00\x00\x00")
        if code == _WRONG_PASSWORD:
            raise PasswordError
        _expect(code)

    async def read_sys_para(self) -> "tuple[int, int | None]":
        """Give the capacity, in slots, and the security level; None for one that cannot be."""
        code, data = await self._command(b"\x0f", size=16)
        _expect(code)
        level = data[6] << 8 | data[7]
        return data[4] << 8 | data[5], level if level in SECURITY_LEVELS else None

    async def set_security_level(self, level: int) -> None:
        """Set how strictly fingers are compared. The sensor keeps it without power."""
        code, _ = await self._command(bytes((0x0E, 5, level)))
        _expect(code)

    async def gen_img(self) -> str:
        """Take an image: finger, no_finger or no_image (a finger, but a failed image)."""
        code, _ = await self._command(b"\x01")
        return _word(_GEN_IMG, code)

    async def img2tz(self, buffer: int) -> str:
        """Work out the features of the image into a character buffer: good, or a rejection."""
        code, _ = await self._command(bytes((0x02, buffer)), timeout_ms=SLOW_ANSWER_MS)
        return _word(_IMG2TZ, code)

    async def search(self, buffer: int, first: int, count: int) -> "tuple[int, int] | None":
        """Look for the buffer's finger in a range of slots: (slot, score), None when not found."""
        command = bytes((0x04, buffer, first >> 8, first & 0xFF, count >> 8, count & 0xFF))
        code, data = await self._command(command, size=4, timeout_ms=SLOW_ANSWER_MS)
        if code == _NOT_FOUND:
            return None
        _expect(code)
        return data[0] << 8 | data[1], data[2] << 8 | data[3]

    async def reg_model(self) -> bool:
        """Merge the buffers into a template; False when they do not belong to one finger."""
        code, _ = await self._command(b"\x05", timeout_ms=SLOW_ANSWER_MS)
        if code == _NOT_ONE_FINGER:
            return False
        _expect(code)
        return True

    async def store(self, slot: int) -> bool:
        """Store the template; False when the sensor refuses (bad slot, flash)."""
        command = bytes((0x06, 1, slot >> 8, slot & 0xFF))
        code, _ = await self._command(command, timeout_ms=SLOW_ANSWER_MS)
        return code == OK

    async def delet_char(self, slot: int) -> None:
        """Empty one slot. What the sensor says to it does not matter: ask the index table."""
        await self._command(bytes((0x0C, slot >> 8, slot & 0xFF, 0, 1)))

    async def read_index_table(self, page: int) -> bytes:
        """Give 256 slots as 32 bytes; bit k of byte j stands for slot 256 * page + 8 * j + k."""
        code, data = await self._command(bytes((0x1F, page)), size=32)
        _expect(code)
        return data

    async def templete_num(self) -> int:
        """Count the stored templates."""
        code, data = await self._command(b"\x1d", size=2)
        _expect(code)
        return data[0] << 8 | data[1]

    async def read_notepad(self, page: int) -> bytes:
        """Give one page of the notepad."""
        code, data = await self._command(bytes((0x19, page)), size=NOTEPAD_BYTES)
        _expect(code)
        return data

    async def write_notepad(self, page: int, data: bytes) -> None:
        """Write one page of the notepad."""
        code, _ = await self._command(bytes((0x18, page)) + data)
        _expect(code)

    async def aura_led(
        self, control: int, speed: int, colour: int, count: int, attempts: int = ATTEMPTS
    ) -> None:
        """Set the ring of light of an R503, in up to so many attempts."""
        command = bytes((0x35, control, speed, colour, count))
        code, _ = await self._command(command, timeout_ms=LIGHT_ANSWER_MS, attempts=attempts)
        _expect(code)

    async def light(self, *, on: bool) -> None:
        """Switch the light of an R307."""
        command = b"\x50" if on else b"\x51"
        await self._command(command, timeout_ms=LIGHT_ANSWER_MS, attempts=1)

    async def read_index(self, capacity: int) -> bytearray:
        """Read which slots are occupied, one bit each, lowest first.

        Raises SensorError when the table and the sensor's own count disagree twice: then the table
        was misread, and nothing may be concluded from it.
        """
        for _ in range(2):
            index = bytearray()
            for page in range((capacity + PAGE_SLOTS - 1) // PAGE_SLOTS):
                index.extend(await self.read_index_table(page))
            if occupied(index) == await self.templete_num():
                return index
        raise SensorError

    async def _command(
        self,
        command: bytes,
        *,
        size: int = 0,
        timeout_ms: int = ANSWER_MS,
        attempts: int = ATTEMPTS,
    ) -> "tuple[int, bytes]":
        """Send a command until it is answered; give the confirmation code and the data."""
        async with self._lock:
            # Before a password is said, a sensor may do nothing else.
            out_of_sync = self.out_of_sync and command[0] != _VFY_PWD
            if not out_of_sync or await self._resync():
                for attempt in range(attempts):
                    if attempt and not self.may_repeat():
                        break
                    answer = await self._try(command, size, timeout_ms)
                    if answer is None or answer[0] == _RECEIVE_ERROR:
                        self.out_of_sync = True
                        continue
                    if answer[0] == _PASSWORD_WANTED:
                        raise PasswordError
                    return answer
            self.errors += 1
        raise SensorError

    async def _resync(self) -> bool:
        """Have TempleteNum answered, behind which no older answer can come; False if it is not.

        Its answer has a size of its own, so none of the older ones passes for it.
        """
        for attempt in range(ATTEMPTS):
            if attempt and not self.may_repeat():
                break
            answer = await self._try(_TEMPLETE_NUM, 2, ANSWER_MS)
            if answer is not None and answer[0] == OK:
                self.out_of_sync = False
                return True
        return False

    async def _try(self, command: bytes, size: int, timeout_ms: int) -> "tuple[int, bytes] | None":
        self._parser.clear()
        try:
            self._stream.discard()
            self._stream.write(sensor_packet.encode(sensor_packet.COMMAND, command))
            # A read has a time of its own, but noise could go on bringing bytes for ever.
            return await asyncio.wait_for(self._answer(size, timeout_ms), timeout_ms / 1000)
        except asyncio.TimeoutError:
            return None
        except OSError:
            # The line itself is gone; whoever owns the stream brings it back.
            await asyncio.sleep(timeout_ms / 1000)
            return None

    async def _answer(self, size: int, timeout_ms: int) -> "tuple[int, bytes] | None":
        while data := await self._stream.read(self._parser.missing(), timeout_ms):
            self._parser.feed(data)
            while (found := self._parser.packet()) is not None:
                kind, content = found
                if kind == sensor_packet.ACK and (content[0] != OK or len(content) == 1 + size):
                    return content[0], content[1:]
            # Noise may be there before it is asked for: the time limit needs a turn to end this.
            await asyncio.sleep(0)
        return None


def occupied(index: "bytes | bytearray") -> int:
    """Count the occupied slots of an index table."""
    count = 0
    for byte in index:
        while byte:
            count += byte & 1
            byte >>= 1  # noqa: PLW2901
    return count


def is_occupied(index: "bytes | bytearray", slot: int) -> bool:
    """Tell whether the index table has a template in this slot."""
    return bool(index[slot >> 3] >> (slot & 7) & 1)


def always() -> bool:
    """Let every command be repeated."""
    return True


def _expect(code: int) -> None:
    if code != OK:
        raise SensorError


def _word(words: "dict[int, str]", code: int) -> str:
    if code not in words:
        raise SensorError
    return words[code]
