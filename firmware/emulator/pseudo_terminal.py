"""A pty: a serial port for the reader, and the sensor's end of it."""

from __future__ import annotations

import os
import termios
import tty
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_READ_SIZE: Final = 4096
#: Where the fields of `termios.tcgetattr` have the speeds of input and output.
_SPEEDS: Final = slice(4, 6)
#: What termios calls the speeds that a sensor may have, to baud; it has no name for some.
_BAUD: Final = {
    getattr(termios, f"B{baud}"): baud
    for baud in range(9600, 115201, 9600)
    if hasattr(termios, f"B{baud}")
}


class PseudoTerminal:
    """A raw pty at 57600 baud, until the reader sets another speed."""

    def __init__(self, link: Path | None) -> None:
        """Open it; `link` is a symlink to make (an older symlink is replaced)."""
        with ExitStack() as resources:
            # A slave of its own keeps the pty alive while no reader has it open.
            self._master, slave = os.openpty()
            resources.callback(os.close, self._master)
            resources.callback(os.close, slave)
            tty.setraw(slave)
            attributes = termios.tcgetattr(slave)
            attributes[_SPEEDS] = [termios.B57600] * 2
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            os.set_blocking(self._master, False)
            #: The serial port for the reader to open: the link, if there is one.
            self.path = os.ttyname(slave)
            if link is not None:
                self._make_link(link)
                resources.callback(link.unlink, missing_ok=True)
            self._resources = resources.pop_all()

    def _make_link(self, link: Path) -> None:
        # A killed process leaves its link behind; a real file is somebody's.
        if link.is_symlink():
            link.unlink()
        link.symlink_to(self.path)
        self.path = str(link)

    def fileno(self) -> int:
        """Return what `select` waits on until the reader has sent something."""
        return self._master

    @property
    def baud(self) -> int | None:
        """The speed that the reader has set; None for one that no sensor has."""
        received, sent = termios.tcgetattr(self._master)[_SPEEDS]
        return _BAUD.get(sent) if received == sent else None

    def read(self) -> bytes:
        """Return what the reader has sent."""
        return os.read(self._master, _READ_SIZE)

    def write(self, data: bytes) -> None:
        """Send to the reader."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            # Nobody reads and the pty is full: a UART loses such bytes as well.
            return

    def close(self) -> None:
        """Close it and remove the link."""
        self._resources.close()
