"""The file behind the journal: records of one size, each with a checksum, added at its end."""

import binascii
import errno
import os

from fpreader.storage import sync
from fpreader.touch_record import RECORD_BYTES

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_SUM = 4


class JournalFile:
    """Records in one file. A power cut loses at most those that were being added."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self) -> "Iterator[bytes | None]":
        """Give the records in the order written; None stands for a damaged one."""
        try:
            file = open(self._path, "rb")  # noqa: SIM115 - a missing file is no failure of reading
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        with file:
            while data := file.read(RECORD_BYTES + _SUM):
                record = data[:RECORD_BYTES]
                yield record if data[RECORD_BYTES:] == _sum(record) else None

    def append(self, records: "list[bytes]") -> None:
        """Add records; OSError when the flash refuses."""
        with open(self._path, "ab") as file:
            _write(file, records)

    def replace(self, records: "Iterable[bytes]") -> None:
        """Put these in the place of all in one step; OSError when the flash refuses."""
        fresh = self._path + ".new"
        with open(fresh, "wb") as file:
            _write(file, records)
        os.rename(fresh, self._path)


def _write(file: "Any", records: "Iterable[bytes]") -> None:
    for record in records:
        file.write(record + _sum(record))
    sync(file)


def _sum(record: bytes) -> bytes:
    checksum: int = binascii.crc32(record)
    return checksum.to_bytes(_SUM, "big")
