"""The packets of the Grow (ZFM) sensor family, as bytes.

Source: ZFM-20 manual, chapter "Data package format"; R503 manual v1.2.
A packet is `EF 01 | address 4 | PID 1 | length 2 | payload | sum 2`, big endian.
The length counts the payload and the sum; the sum adds PID, length and payload.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

START: Final = b"\xef\x01"
DEFAULT_ADDRESS: Final = 0xFFFFFFFF
#: What an R503 sends, alone and unasked, when it is ready after power-on.
READY_BYTE: Final = b"\x55"
#: The largest payload: a data packet of packet size code 3.
MAX_PAYLOAD: Final = 256

_HEADER = struct.Struct(">2sIBH")
_SUM_BYTES = 2


class Pid(IntEnum):
    """Package identifier: what kind of packet this is."""

    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    END_OF_DATA = 0x08


class Command(IntEnum):
    """Instruction codes, by the names of the manuals."""

    GEN_IMG = 0x01
    IMG_2_TZ = 0x02
    MATCH = 0x03
    SEARCH = 0x04
    REG_MODEL = 0x05
    STORE = 0x06
    LOAD_CHAR = 0x07
    UP_CHAR = 0x08
    DOWN_CHAR = 0x09
    DELET_CHAR = 0x0C
    EMPTY = 0x0D
    SET_SYS_PARA = 0x0E
    READ_SYS_PARA = 0x0F
    SET_PWD = 0x12
    VFY_PWD = 0x13
    GET_RANDOM = 0x14
    SET_ADDR = 0x15
    WRITE_NOTEPAD = 0x18
    READ_NOTEPAD = 0x19
    HI_SPEED_SEARCH = 0x1B
    TEMPLETE_NUM = 0x1D
    READ_INDEX_TABLE = 0x1F
    AURA_LED = 0x35
    READ_PROD_INFO = 0x3C
    HAND_SHAKE = 0x40
    LED_ON = 0x50
    LED_OFF = 0x51
    GET_IMAGE_FREE = 0x52
    GET_ECHO = 0x53


class Code(IntEnum):
    """Confirmation codes: the first byte of every acknowledgement."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    IMAGE_FAIL = 0x03
    TOO_MESSY = 0x06
    TOO_FEW_FEATURES = 0x07
    NO_MATCH = 0x08
    NOT_FOUND = 0x09
    NOT_COMBINED = 0x0A
    BAD_PAGE = 0x0B
    TEMPLATE_UNREADABLE = 0x0C
    UPLOAD_FAIL = 0x0D
    DELETE_FAIL = 0x10
    WRONG_PASSWORD = 0x13
    NO_VALID_IMAGE = 0x15
    RESIDUAL_FINGER = 0x17
    BAD_REGISTER = 0x1A
    BAD_NOTEPAD_PAGE = 0x1C
    PASSWORD_REQUIRED = 0x21
    TEMPLATE_EMPTY = 0x22
    LIBRARY_EMPTY = 0x24
    ALREADY_EXISTS = 0x27
    SENSOR_HARDWARE = 0x29
    #: R503: the answer to GET_ECHO (0x53) instead of 00.
    ECHO = 0x55
    UNSUPPORTED = 0xFC
    HARDWARE = 0xFD
    EXECUTION_FAILURE = 0xFE


class Packet(NamedTuple):
    """One packet taken from the wire."""

    pid: int
    payload: bytes
    address: int
    #: False: the sum is wrong, so nothing else in here can be relied on.
    intact: bool


def build(pid: Pid, payload: bytes, address: int = DEFAULT_ADDRESS) -> bytes:
    """Return the bytes of one packet."""
    head = _HEADER.pack(START, address, pid, len(payload) + _SUM_BYTES)
    return head + payload + _checksum(head[6:] + payload)


def _checksum(counted: bytes) -> bytes:
    return (sum(counted) & 0xFFFF).to_bytes(_SUM_BYTES, "big")


def _whole(data: bytes) -> Packet | None:
    """Return the packet that these bytes are, if they are one, intact, and nothing else."""
    if len(data) < _HEADER.size + _SUM_BYTES:
        return None
    start, address, pid, length = _HEADER.unpack_from(data)
    if start != START or _HEADER.size + length != len(data) or length > MAX_PAYLOAD + _SUM_BYTES:
        return None
    if data[-_SUM_BYTES:] != _checksum(data[6:-_SUM_BYTES]):
        return None
    return Packet(pid, data[_HEADER.size : -_SUM_BYTES], address, intact=True)


class PacketReader:
    """Finds packets in a stream of bytes, whatever lies between them."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def clear(self) -> None:
        """Forget a packet of which only a part has come."""
        self._pending.clear()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield each packet that `data` completes.

        After `clear`, which may come between two packets, the rest is gone.
        """
        if not self._pending and (whole := _whole(data)) is not None:
            yield whole
            return
        self._pending += data
        while self._pending and self._skip_garbage():
            _, address, pid, length = _HEADER.unpack_from(self._pending)
            end = _HEADER.size + length
            if len(self._pending) < end:
                return
            body = bytes(self._pending[6 : end - _SUM_BYTES])
            intact = self._pending[end - _SUM_BYTES : end] == _checksum(body)
            # A wrong sum may come from a packet cut short, whose missing bytes
            # were taken from the next one: look for a start inside it as well.
            del self._pending[: end if intact else len(START)]
            yield Packet(pid, body[3:], address, intact)

    def _skip_garbage(self) -> bool:
        """Drop what cannot start a packet; tell whether a header is complete."""
        while True:
            start = self._pending.find(START)
            if start < 0:
                keep = self._pending.endswith(START[:1])
                del self._pending[: len(self._pending) - keep]
                return False
            del self._pending[:start]
            if len(self._pending) < _HEADER.size:
                return False
            length = _HEADER.unpack_from(self._pending)[3]
            if _SUM_BYTES <= length <= MAX_PAYLOAD + _SUM_BYTES:
                return True
            del self._pending[: len(START)]
