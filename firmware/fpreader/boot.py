"""The id of this boot (protocol, `boot`): whose uptime, and of which start, the reader tells."""

import hashlib

from fpreader.template_ids import to_hex

TYPE_CHECKING = False

if TYPE_CHECKING:
    from fpreader.board import Board

#: The record with the count of boots.
RECORD = "boots"
_RANDOM_BYTES = 16
_ID_BYTES = 8


class Boot:
    """Makes the id when it is first asked for, which is for a message.

    So the reader is connected by then: an ESP32's random numbers are pseudo-random until its radio
    runs. In case they still are, the count in flash makes each id differ from those before.
    """

    def __init__(self, board: "Board") -> None:
        self._board = board
        self._id: str | None = None

    def __call__(self) -> str:
        """Give the id, the same until the program starts anew, and with it the uptime."""
        if self._id is None:
            digest = hashlib.sha256(self._board.random(_RANDOM_BYTES))
            digest.update(("%s %d" % (self._board.device, self._count())).encode())
            self._id = to_hex(digest.digest()[:_ID_BYTES])
        return self._id

    def _count(self) -> int:
        """Count this boot. A flash that refuses is no reason to be without an id."""
        count = 0
        try:
            record = self._board.records.read(RECORD)
            if record is not None:
                count = int(record[0].decode())
        except (OSError, ValueError) as error:
            print("boot: the count cannot be read:", error)
        count += 1
        try:
            self._board.records.write(RECORD, ("%d\n" % count).encode(), [])
        except OSError as error:
            print("boot: the count is not kept:", error)
        return count
