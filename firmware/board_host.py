"""The reader on a computer, with its sensor on a serial line: board_host.py CONFIG.

Runs under MicroPython's unix port and under CPython, on Linux. Beside what every reader needs
(fpreader/config.py), CONFIG says

    "device": "host1"             hardware id
    "uart": "/dev/ttyUSB0"        the sensor's line; it may come and go
    "storage": "/var/lib/reader"  folder for what an ESP32 keeps in flash

Ends with code 2 when CONFIG cannot be used, and with 3 when it wants to be started again.
"""

import asyncio
import select
import sys
import termios  # type: ignore[import-not-found]

from fpreader import config
from fpreader.app import App
from fpreader.board import Board
from fpreader.sensor_packet import FACTORY_BAUD

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CANNOT_START = 2
START_AGAIN = 3

#: Pause between two looks at a silent line.
_LOOK_MS = 3
# 8 bits, receiver on, no modem lines. MicroPython has no names for them, nor for what is where.
_CS8_CREAD_CLOCAL = 0x8B0
_VTIME, _VMIN = 5, 6
#: Linux's numbers for the rates that MicroPython has no names for. Where there is a name it counts:
#: a newer C library has other numbers.
_UNNAMED_SPEEDS = {19200: 14, 38400: 15}


class SerialLine:
    """A serial port that never blocks; one that is not there is looked for at each write."""

    def __init__(self, path: str, clock: "Callable[[], int]") -> None:
        self._path = path
        self._clock = clock
        self._file: Any = None
        self._speed = _speed(FACTORY_BAUD)
        self._readable = select.poll()
        self._writable = select.poll()

    def write(self, data: bytes) -> None:
        """Send bytes; OSError when the line is not there."""
        if self._file is None:
            self._open()
        if self._file is None or not self._writable.poll(0):
            raise OSError("no serial line, or it takes nothing")
        try:
            self._file.write(data)
        except OSError:
            self._close()
            raise

    async def read(self, n: int, timeout_ms: int) -> bytes:
        """Give what came, at most n bytes; nothing when the time was over first."""
        end = self._clock() + timeout_ms
        while True:
            data = self._take(n)
            if data or self._clock() >= end:
                return data
            await asyncio.sleep(_LOOK_MS / 1000)

    def discard(self) -> None:
        """Forget what came and was not read."""
        while self._take(256):
            pass

    def set_baud(self, rate: int) -> None:
        """Go on at another rate, in bits per second; not at one that Linux does not know."""
        speed = _speed(rate)
        if speed is None:
            print("reader: this computer has no line of %d baud" % rate)
            return
        if speed != self._speed:
            self._speed = speed
            if self._file is not None:
                self._close()  # the next write opens it with the new one

    def _take(self, n: int) -> bytes:
        if self._file is None or not self._readable.poll(0):
            return b""
        try:
            data: bytes = self._file.read(n)
        except OSError:
            data = b""
        if not data:
            # Readable, but nothing to read: it hung up.
            self._close()
        return data

    def _open(self) -> None:
        file = open(self._path, "r+b", buffering=0)  # noqa: SIM115 - _close does
        try:
            control = termios.tcgetattr(file.fileno())[6]
            control[_VMIN] = control[_VTIME] = 0  # reading gives what is there
            raw = [0, 0, _CS8_CREAD_CLOCAL, 0, self._speed, self._speed, control]
            termios.tcsetattr(file.fileno(), termios.TCSANOW, raw)
            self._file = file
        except Exception as error:
            # CPython's termios has an exception of its own.
            print("reader: no serial line:", error)
            file.close()
            return
        self._readable.register(file, select.POLLIN)
        self._writable.register(file, select.POLLOUT)
        # The answer to a process that was killed may still be there: a UART would have lost it.
        self.discard()

    def _close(self) -> None:
        file, self._file = self._file, None
        self._readable.unregister(file)
        self._writable.unregister(file)
        file.close()


def _speed(rate: int) -> "int | None":
    """Give what termios calls so many bits per second; None for a rate that it does not know."""
    speed: int | None = getattr(termios, "B%d" % rate, _UNNAMED_SPEEDS.get(rate))
    return speed


class HostBoard(Board):
    """A computer in the place of a microcontroller; whoever started the program watches it."""

    name = "host"

    def __init__(self, section: config.Section) -> None:
        self.device = section.name("device")
        super().__init__(section.text("storage"))
        self.stream = SerialLine(section.text("uart"), self.clock)


def main() -> int:
    """Run the reader until it wants to be started again."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        print("usage: board_host.py CONFIG")
        return CANNOT_START
    try:
        section = config.read(sys.argv[1])
        app = App(HostBoard(section), config.Config(section))
    except config.ConfigError as error:
        print("reader:", error)
        return CANNOT_START
    print("reader: started")
    try:
        asyncio.run(app.run())
    except KeyboardInterrupt:
        return 0
    return START_AGAIN


if __name__ == "__main__":
    sys.exit(main())
