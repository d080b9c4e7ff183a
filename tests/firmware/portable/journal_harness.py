"""A journal on a flash in RAM, and what tests do with it."""

from fpreader.journal import Journal
from fpreader.journal_file import JournalFile
from fpreader.touch_record import RECORD_BYTES, Touch
from tests.firmware.portable.counting import Counting

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

BOOT = "b3f0a91c5d7e2648"
ID = "9f2c01ab44d0e1f7"


class FakeFlash(JournalFile):
    """Records in RAM that can refuse to be written."""

    def __init__(self) -> None:
        self.records: list[bytes | None] = []
        self.writes = 0
        self.rewrites = 0
        self.broken = False

    def read(self) -> "Iterator[bytes | None]":
        return iter(list(self.records))

    def append(self, records: "list[bytes]") -> None:
        self._write()
        assert all(len(record) == RECORD_BYTES for record in records)
        self.records += records

    def replace(self, records: "Iterable[bytes]") -> None:
        self._write()
        self.rewrites += 1
        self.records = []
        for record in records:
            assert len(record) == RECORD_BYTES
            self.records.append(record)

    def _write(self) -> None:
        if self.broken:
            raise OSError(28)
        self.writes += 1


def new_journal(flash: "FakeFlash | None" = None, random: "Counting | None" = None) -> Journal:
    return Journal(flash or FakeFlash(), random or Counting(), lambda: BOOT)


def identified(journal: Journal, at_ms: int, slot: int = 5) -> None:
    journal.add(Touch("identified", at_ms, finger=(slot, ID, 143)))


def unreadable(journal: Journal, at_ms: int) -> None:
    journal.add(Touch("unreadable", at_ms, reason="too_messy"))


def sent(journal: Journal, now: int) -> "list[Any]":
    """Take all messages that are due, as ids."""
    found = []
    while (message := journal.due(now, can_send=True)) is not None:
        found.append(message["touch"])
    return found


def away(journal: Journal, now: int) -> None:
    assert journal.due(now, can_send=False) is None


def delivering() -> Journal:
    """Make a journal with one touch in its backlog, whose delivery begins at 5000."""
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(5000)
    return journal
