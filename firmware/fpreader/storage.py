"""Small named records in flash.

A record is a JSON value behind its own SHA-256, in a file of its own. It is written beside the old
one and then renamed over it, so that a power cut leaves the old or the new one, whole.
"""

import errno
import hashlib
import json
import os

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

_DIGEST = 64


class Storage:
    """Records in one folder of the file system, which has to exist."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def path(self, name: str) -> str:
        """Say where the record is kept."""
        return self._folder + "/" + name

    def read(self, name: str) -> "Any":
        """Give the record back, or None where there is none. OSError when the flash cannot be read.

        A torn or otherwise damaged record counts as erased. It is kept aside as `name`.bad: it may
        be the only trace of what went wrong.
        """
        try:
            with open(self.path(name), "rb") as file:
                data = file.read()
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            # Not the same as nothing: whoever took it for that would write over what is there.
            raise
        digest, body = data[:_DIGEST], data[_DIGEST:]
        try:
            if digest == _digest(body):
                return json.loads(body.decode())
        except ValueError:
            pass
        self.set_aside(name)
        return None

    def write(self, name: str, value: "Any") -> None:
        """Replace the record in one step. Raises OSError when the flash refuses."""
        body = json.dumps(value).encode()
        fresh = self.path(name) + ".new"
        with open(fresh, "wb") as file:
            file.write(_digest(body))
            file.write(body)
            file.flush()
            # Without it a rename can reach the disk before the contents do. MicroPython has no
            # fsync, and its flash file systems write through when a file is closed.
            if hasattr(os, "fsync"):
                os.fsync(file.fileno())
        os.rename(fresh, self.path(name))

    def set_aside(self, name: str) -> None:
        """Keep a record that cannot be believed as `name`.bad; from now on it counts as erased."""
        try:
            os.rename(self.path(name), self.path(name) + ".bad")
        except OSError as error:
            print("storage:", name, "is damaged and cannot be set aside:", error)
        else:
            print("storage:", name, "is damaged and was set aside")


def _digest(body: bytes) -> bytes:
    digest = hashlib.sha256(body).digest()
    return b"".join(b"%02x" % byte for byte in digest)
