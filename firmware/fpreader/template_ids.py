"""The map slot → template id, packed: a thousand strings are too much for a reader's RAM."""

from binascii import hexlify

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SLOT = 2
_ID = 8
_ENTRY = _SLOT + _ID
#: Slots of a group, as a power of two. The map lies in groups since there may be no 10 kB in one
#: piece, and what changes an id has to copy its group only.
_GROUP = 6


class TemplateIds:
    """The map; never changes. What changes it makes another one."""

    def __init__(self, pieces: "Iterable[bytes]" = ()) -> None:
        """Take the entries as `packed` gives them, cut between any two."""
        self._groups: dict[int, bytes] = {}
        """The entries of each group that has some, ascending by slot."""
        for piece in pieces:
            if len(piece) % _ENTRY:
                raise ValueError("torn map")
            for start in range(0, len(piece), _ENTRY):
                group = _slot(piece, start) >> _GROUP
                entry = piece[start : start + _ENTRY]
                self._groups[group] = self._groups.get(group, b"") + entry

    def __iter__(self) -> "Iterator[int]":
        """Go through the slots in ascending order."""
        for packed in self.packed():
            for start in range(0, len(packed), _ENTRY):
                yield _slot(packed, start)

    def get(self, slot: int) -> "str | None":
        """Give the id of a slot."""
        packed = self._groups.get(slot >> _GROUP, b"")
        start, end = _find(packed, slot)
        return None if start == end else to_hex(packed[start + _SLOT : end])

    def has(self, template_id: str) -> bool:
        """Tell whether some slot has this id."""
        wanted = bytes.fromhex(template_id)
        return any(
            packed[start + _SLOT : start + _ENTRY] == wanted
            for packed in self._groups.values()
            for start in range(0, len(packed), _ENTRY)
        )

    def with_id(self, slot: int, template_id: str) -> "TemplateIds":
        """Make the map in which this slot has this id."""
        fresh = TemplateIds()
        fresh._groups.update(self._groups)
        packed = self._groups.get(slot >> _GROUP, b"")
        start, end = _find(packed, slot)
        entry = bytes((slot >> 8, slot & 0xFF)) + bytes.fromhex(template_id)
        fresh._groups[slot >> _GROUP] = packed[:start] + entry + packed[end:]
        return fresh

    def only(self, is_wanted: "Callable[[int], bool]") -> "TemplateIds":
        """Make the map of the slots that are wanted: this very one where all of them are."""
        fresh = TemplateIds()
        for group, packed in self._groups.items():
            wanted = b"".join(
                packed[start : start + _ENTRY]
                for start in range(0, len(packed), _ENTRY)
                if is_wanted(_slot(packed, start))
            )
            if wanted:
                # What has not changed is shared, not copied.
                fresh._groups[group] = packed if len(wanted) == len(packed) else wanted
        return self if fresh._groups == self._groups else fresh

    def packed(self) -> "list[bytes]":
        """Give all entries, in pieces: slot (2 bytes), id (8 bytes), ascending by slot."""
        return [self._groups[group] for group in sorted(self._groups)]


def to_hex(data: bytes) -> str:
    """Write bytes as hexadecimal digits."""
    # Not data.hex(): MicroPython 1.25 makes bytes of it when there are none.
    return hexlify(data).decode()


def _slot(packed: bytes, start: int) -> int:
    return packed[start] << 8 | packed[start + 1]


def _find(packed: bytes, slot: int) -> "tuple[int, int]":
    """Where the slot's entry begins and ends, or would begin, as a place without length."""
    for start in range(0, len(packed), _ENTRY):
        found = _slot(packed, start)
        if found >= slot:
            return start, start + _ENTRY if found == slot else start
    return len(packed), len(packed)
