"""Small named records in flash.

A record is a line of text and any bytes behind it, after the SHA-256 of both, in a file of its own.
It is written beside the old one and then renamed over it, so that a power cut leaves the old or the
new one, whole. The bytes come and go in pieces, since there may be no room for them in one.
"""

import errno
import hashlib
import os
from binascii import hexlify

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

#: Most bytes of one piece that is read; each but the last is of this size.
PIECE = 640

_DIGEST = 64


class Storage:
    """Records in one folder of the file system, which has to exist."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def path(self, name: str) -> str:
        """Say where the record is kept."""
        return self._folder + "/" + name

    def read(self, name: str) -> "tuple[bytes, list[bytes]] | None":
        """Give the line and the pieces back, or None where there is no record.

        A torn or otherwise damaged record counts as erased. It is kept aside as `name`.bad: it may
        be the only trace of what went wrong. OSError when the flash cannot be read.
        """
        pieces = []
        try:
            with open(self.path(name), "rb") as file:
                digest: bytes = file.read(_DIGEST)
                line: bytes = file.readline()
                while piece := file.read(PIECE):
                    pieces.append(piece)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            # Not the same as nothing: whoever took it for that would write over what is there.
            raise
        if digest == _digest(line, pieces):
            return line, pieces
        self.set_aside(name)
        return None

    def write(self, name: str, line: bytes, pieces: "list[bytes]") -> None:
        """Replace the record in one step. Raises OSError when the flash refuses.

        The line ends with a line feed; the pieces are of any length.
        """
        fresh = self.path(name) + ".new"
        with open(fresh, "wb") as file:
            file.write(_digest(line, pieces))
            file.write(line)
            for piece in pieces:
                file.write(piece)
            sync(file)
        os.rename(fresh, self.path(name))

    def set_aside(self, name: str) -> None:
        """Keep a record that cannot be believed as `name`.bad; from now on it counts as erased."""
        try:
            os.rename(self.path(name), self.path(name) + ".bad")
        except OSError as error:
            print("storage:", name, "is damaged and cannot be set aside:", error)
        else:
            print("storage:", name, "is damaged and was set aside")


def sync(file: "Any") -> None:
    """Have what was written on the disk: a rename must not reach it before the contents do."""
    file.flush()
    # MicroPython has no fsync: its flash file systems write through when a file is closed.
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())


def _digest(line: bytes, pieces: "list[bytes]") -> bytes:
    digest = hashlib.sha256(line)
    for piece in pieces:
        digest.update(piece)
    return hexlify(digest.digest())
