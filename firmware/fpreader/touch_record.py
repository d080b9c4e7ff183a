"""How a touch is packed, in RAM and in flash: 256 dictionaries would not fit into a reader's RAM.

A record in flash is a touch, or tells that one is gone or was dropped.
"""

import struct

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

# kind, touch, flags, result, reason, slot, confidence, count, template id, at_ms
_RECORD = ">B8sBBBHHH8sQ"
#: Bytes of one record, the same for all kinds.
RECORD_BYTES = struct.calcsize(_RECORD)
TOUCH, GONE, DROPPED = 1, 2, 3
#: Flags: of this boot, SENT at least once, STORED in flash, HELD back until it is the backlog's
#: turn, and PASSED over because nobody acknowledged it.
HAS_AT, SENT, STORED, HELD, PASSED = 8, 16, 32, 64, 128
_HAS_SLOT, _HAS_ID, _HAS_CONFIDENCE = 1, 2, 4
#: Where in a record the flags are.
FLAGS = 9
MOST_COUNT = 65535

_RESULT, _COUNT_HIGH, _COUNT_LOW = 10, 16, 17
_DROPPED_COUNT = ">I"  # of a DROPPED record, behind the touch
_RESULTS = ("identified", "not_identified", "unreadable")
_REASONS = (None, "too_messy", "too_few_features", "no_image", "mismatch", "sensor_error")
_UNREADABLE = _RESULTS.index("unreadable")


class Touch:
    """A touch as the sensor reads it (protocol, "`fingerprint`: a touch").

    `finger` is slot, template id and confidence of a finger that was identified; `at_ms` is the
    uptime.
    """

    def __init__(
        self,
        result: str,
        at_ms: int,
        *,
        reason: "str | None" = None,
        finger: "tuple[int | None, str | None, int | None]" = (None, None, None),
    ) -> None:
        self.result = result
        self.at_ms = at_ms
        self.reason = reason
        self.slot, self.template_id, self.confidence = finger


def pack(touch_id: bytes, touch: Touch) -> bytes:
    """Make the record of a new touch."""
    flags = _HAS_SLOT * (touch.slot is not None) | _HAS_ID * (touch.template_id is not None)
    return struct.pack(
        _RECORD,
        TOUCH,
        touch_id,
        flags | _HAS_CONFIDENCE * (touch.confidence is not None) | HAS_AT,
        _RESULTS.index(touch.result),
        _REASONS.index(touch.reason),
        touch.slot or 0,
        touch.confidence or 0,
        1,
        bytes.fromhex(touch.template_id or "00" * 8),
        touch.at_ms,
    )


def message(record: "bytes | bytearray", boot: str) -> "dict[str, Any]":
    """Say a touch as on the wire; `boot` is the id of this boot."""
    _, touch, flags, result, reason, slot, confidence, count, template_id, at_ms = struct.unpack(
        _RECORD, record
    )
    return {
        "v": 1,
        "touch": touch.hex(),
        "boot": boot if flags & HAS_AT else None,
        "at_ms": at_ms if flags & HAS_AT else None,
        "result": _RESULTS[result],
        "slot": slot if flags & _HAS_SLOT else None,
        "template_id": template_id.hex() if flags & _HAS_ID else None,
        "confidence": confidence if flags & _HAS_CONFIDENCE else None,
        "reason": _REASONS[reason],
        "count": count,
    }


def is_touch(record: bytes) -> bool:
    """Tell whether this is a touch that some journal wrote."""
    return record[0] == TOUCH and record[_RESULT] < len(_RESULTS) and record[11] < len(_REASONS)


def is_unreadable(record: bytearray) -> bool:
    """Tell whether a touch had no usable image."""
    return record[_RESULT] == _UNREADABLE


def add_one(record: bytearray) -> int:
    """Increase the count of a touch; return it."""
    count = count_of(record) + 1
    record[_COUNT_HIGH], record[_COUNT_LOW] = count >> 8, count & 0xFF
    return count


def count_of(record: bytearray) -> int:
    """Give for how many touches it stands."""
    return record[_COUNT_HIGH] << 8 | record[_COUNT_LOW]


def gone(touch: bytes) -> bytes:
    """Make the record that a touch was acknowledged."""
    return bytes((GONE,)) + touch + bytes(RECORD_BYTES - 9)


def dropped(touch: bytes, total: int) -> bytes:
    """Make the record that a touch was dropped, and how many were so far."""
    return bytes((DROPPED,)) + touch + struct.pack(_DROPPED_COUNT, total) + bytes(RECORD_BYTES - 13)


def dropped_total(record: bytes) -> int:
    """Read how many were dropped, from such a record."""
    total: int = struct.unpack_from(_DROPPED_COUNT, record, 9)[0]
    return total
