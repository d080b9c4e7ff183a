"""A stand-in for MicroPython's `machine`: takes only what the ESP32 port documents."""

import sys

from board_host import SerialLine
from fpreader.uptime import Uptime

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NoReturn

#: The pty with the sensor, and the watchdog; set and read by run.py.
SENSOR = ""
FED = [0]


class UART:
    """A serial port that is a pty; any() and read() as in the manual."""

    def __init__(
        self,
        ident: int,
        baudrate: int = 9600,
        bits: int = 8,
        parity: int | None = None,
        stop: int = 1,
        *,
        tx: int | None = None,
        rx: int | None = None,
        rxbuf: int = 256,
        timeout: int = 0,
    ) -> None:
        assert (ident, baudrate, bits, parity, stop, tx, rx) == (2, 57600, 8, None, 1, 17, 16)
        self._line = SerialLine(SENSOR, Uptime())
        self._waiting = b""

    def init(self, baudrate: int) -> None:
        self._line.set_baud(baudrate)

    def any(self) -> int:
        self._waiting += self._line._take(64)
        return len(self._waiting)

    def read(self, nbytes: int) -> bytes | None:
        self.any()
        data, self._waiting = self._waiting[:nbytes], self._waiting[nbytes:]
        return data or None

    def write(self, buf: bytes) -> int:
        self._line.write(buf)
        return len(buf)


class WDT:
    """A watchdog that counts."""

    def __init__(self, *, timeout: int) -> None:
        assert timeout >= 1000

    def feed(self) -> None:
        FED[0] += 1


def unique_id() -> bytes:
    return b"\xa1\xb2\xc3\xd4\xe5\xf6"


def reset() -> NoReturn:
    print("reset after", FED[0], "feeds")  # noqa: T201 - the test reads it
    sys.exit(77)
