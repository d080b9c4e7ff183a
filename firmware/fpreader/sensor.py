"""The fingerprint sensor, one method for each command (ZFM-20, R307 and R503 manuals)."""

from fpreader.sensor_commands import (
    AURA_LED,
    DELET_CHAR,
    GEN_IMG,
    HI_SPEED_SEARCH,
    IMG2TZ,
    LED_OFF,
    LED_ON,
    LOAD_CHAR,
    READ_INDEX_TABLE,
    READ_NOTEPAD,
    READ_PROD_INFO,
    READ_SYS_PARA,
    REG_MODEL,
    SEARCH,
    SET_SYS_PARA,
    STORE,
    TEMPLETE_NUM,
    VFY_PWD,
    WRITE_NOTEPAD,
)
from fpreader.sensor_connection import (
    ATTEMPTS,
    NOT_UNDERSTOOD,
    OK,
    SLOW_ANSWER_MS,
    CodeError,
    PasswordError,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from fpreader.sensor_connection import SensorConnection

LIGHT_ANSWER_MS = 300

#: Slots that one page of the index table covers.
PAGE_SLOTS = 256
#: How strictly fingers can be compared: the higher, the fewer are taken for another one.
SECURITY_LEVELS = (1, 2, 3, 4, 5)
#: The colours of AuraLed, each at its number; an older R503 knows only the first three.
LED_COLORS = ("off", "red", "blue", "purple", "green", "yellow", "cyan", "white")
#: Bytes of one notepad page.
NOTEPAD_BYTES = 32
#: A character buffer that may be overwritten before Store: RegModel leaves the template in both,
#: and Store takes it from the first.
SPARE_BUFFER = 2

#: Codes of a command that the sensor lacks.
UNSUPPORTED_CODES = (NOT_UNDERSTOOD, 0xFC)

_GEN_IMG = {OK: "finger", 0x02: "no_finger", 0x03: "no_image"}
_IMG2TZ = {OK: "good", 0x06: "too_messy", 0x07: "too_few_features", 0x15: "no_image"}
# 22 and 24 are what newer sensors say when the slot, or all of them, are empty.
_SEARCH_CODES = (OK, 0x09, 0x22, 0x24)
_REG_MODEL_CODES = (OK, 0x0A)
_STORE_CODES = (OK, 0x0B, 0x18)
_LOAD_CHAR_CODES = (OK, 0x09, 0x0B, 0x0C, 0x22, 0x24)
_WRONG_PASSWORD = 0x13

_PROD_INFO_BYTES = 46
_MODEL_BYTES = 16
_PRINTABLE = range(0x20, 0x7F)


class Sensor:
    """Sends commands and understands the answers.

    Every method raises what SensorConnection.send does, unless it says otherwise.
    """

    def __init__(self, connection: "SensorConnection") -> None:
        self.connection = connection
        self._search_command = SEARCH

    async def vfy_pwd(self, password: int = 0, attempts: int = ATTEMPTS) -> None:
        """Say the password. Raises PasswordError where the sensor wants another one."""
        command = bytes((VFY_PWD,)) + password.to_bytes(4, "big")
        codes = (OK, _WRONG_PASSWORD)
        code, _ = await self.connection.send(command, codes=codes, attempts=attempts)
        if code == _WRONG_PASSWORD:
            raise PasswordError

    async def read_sys_para(self) -> "tuple[int, int | None]":
        """Give the capacity, in slots, and the security level; None for one that cannot be."""
        _, data = await self.connection.send(bytes((READ_SYS_PARA,)), size=16)
        level = data[6] << 8 | data[7]
        return data[4] << 8 | data[5], level if level in SECURITY_LEVELS else None

    async def read_prod_info(self) -> str:
        """Give the name of the model; may be empty (R503 manual, ReadProdInfo)."""
        _, data = await self.connection.send(
            bytes((READ_PROD_INFO,)), size=_PROD_INFO_BYTES, attempts=1
        )
        # What is no text of a name is left out: it becomes part of messages.
        name = data[:_MODEL_BYTES].split(b"\0")[0]
        return "".join(chr(byte) for byte in name if byte in _PRINTABLE).strip()

    async def set_security_level(self, level: int) -> None:
        """Set how strictly fingers are compared. The sensor keeps it without power."""
        await self.connection.send(bytes((SET_SYS_PARA, 5, level)))

    async def gen_img(self) -> str:
        """Take an image: finger, no_finger or no_image (a finger, but a failed image)."""
        code, _ = await self.connection.send(bytes((GEN_IMG,)), codes=tuple(_GEN_IMG))
        return _GEN_IMG[code]

    async def img2tz(self, buffer: int) -> str:
        """Work out the features of the image into a character buffer: good, or a rejection."""
        command = bytes((IMG2TZ, buffer))
        codes = tuple(_IMG2TZ)
        code, _ = await self.connection.send(command, codes=codes, timeout_ms=SLOW_ANSWER_MS)
        return _IMG2TZ[code]

    async def search(self, buffer: int, first: int, count: int) -> "tuple[int, int] | None":
        """Look for the buffer's finger in a range of slots: (slot, score), None when not found.

        A score of 0 is no match, whatever the code says.
        """
        where = bytes((buffer, first >> 8, first & 0xFF, count >> 8, count & 0xFF))
        try:
            code, data = await self._search(self._search_command, where)
        except CodeError as error:
            if error.code not in UNSUPPORTED_CODES:
                raise
            # Some sensors have only one of the two; the other may also have failed for a moment.
            other = SEARCH + HI_SPEED_SEARCH - self._search_command
            code, data = await self._search(other, where)
            self._search_command = other
        score = data[2] << 8 | data[3] if code == OK else 0
        return (data[0] << 8 | data[1], score) if score else None

    async def reg_model(self) -> bool:
        """Merge the buffers into a template; False when they do not belong to one finger."""
        command = bytes((REG_MODEL,))
        code, _ = await self.connection.send(
            command, codes=_REG_MODEL_CODES, timeout_ms=SLOW_ANSWER_MS
        )
        return code == OK

    async def store(self, slot: int) -> bool:
        """Store the template; False when the sensor refuses (bad slot, flash)."""
        command = bytes((STORE, 1, slot >> 8, slot & 0xFF))
        code, _ = await self.connection.send(command, codes=_STORE_CODES, timeout_ms=SLOW_ANSWER_MS)
        return code == OK

    async def load_char(self, buffer: int, slot: int) -> bool:
        """Load the template of a slot into a character buffer; False where there is none."""
        command = bytes((LOAD_CHAR, buffer, slot >> 8, slot & 0xFF))
        code, _ = await self.connection.send(command, codes=_LOAD_CHAR_CODES)
        return code == OK

    async def delet_char(self, slot: int) -> "int | None":
        """Empty one slot. Whatever code comes, given back here, says little: ask for the slot."""
        command = bytes((DELET_CHAR, slot >> 8, slot & 0xFF, 0, 1))
        try:
            code, _ = await self.connection.send(command, codes=None)
        except CodeError as error:
            return error.code  # not understood, in every try
        return code

    async def read_index_table(self, page: int) -> bytes:
        """Give 256 slots as 32 bytes; bit k of byte j stands for slot 256 * page + 8 * j + k."""
        _, data = await self.connection.send(bytes((READ_INDEX_TABLE, page)), size=32)
        return data

    async def templete_num(self) -> int:
        """Count the stored templates."""
        _, data = await self.connection.send(bytes((TEMPLETE_NUM,)), size=2)
        return data[0] << 8 | data[1]

    async def read_notepad(self, page: int) -> bytes:
        """Give one page of the notepad."""
        _, data = await self.connection.send(bytes((READ_NOTEPAD, page)), size=NOTEPAD_BYTES)
        return data

    async def write_notepad(self, page: int, data: bytes) -> None:
        """Write one page of the notepad."""
        await self.connection.send(bytes((WRITE_NOTEPAD, page)) + data)

    async def aura_led(
        self, control: int, speed: int, colour: int, count: int, attempts: int = ATTEMPTS
    ) -> None:
        """Set the ring of light of an R503, in up to so many attempts."""
        command = bytes((AURA_LED, control, speed, colour, count))
        code, _ = await self.connection.send(
            command, codes=None, timeout_ms=LIGHT_ANSWER_MS, attempts=attempts
        )
        if code != OK:
            raise CodeError(AURA_LED, code)  # whatever it is, this colour is not shown

    async def light(self, *, on: bool) -> None:
        """Switch the light of an R307."""
        command = bytes((LED_ON if on else LED_OFF,))
        await self.connection.send(command, codes=None, timeout_ms=LIGHT_ANSWER_MS, attempts=1)

    async def _search(self, command: int, where: bytes) -> "tuple[int, bytes]":
        return await self.connection.send(
            bytes((command,)) + where,
            size=4,
            codes=_SEARCH_CODES,
            timeout_ms=SLOW_ANSWER_MS,
        )
