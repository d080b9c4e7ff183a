"""MQTT 3.1.1 control packets, as far as the reader needs them (OASIS standard, chapters 2 and 3).

QoS 0 and 1, a last will, clean sessions.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    #: Kind, and what it carries: CONNACK (code,), PUBACK (id,), SUBACK (id, codes), PINGRESP (),
    #: PUBLISH (topic, payload or None when it was too long, retained, id or None at QoS 0).
    Packet = tuple[int, tuple[Any, ...]]

CONNACK = 2
PUBLISH = 3
PUBACK = 4
SUBACK = 9
PINGRESP = 13

PINGREQ = b"\xc0\x00"

#: Longest payload that is kept; a longer one is read and thrown away.
MOST_PAYLOAD = 4096
#: Bytes in front of the payload that are kept in any case: the topic and the packet id.
_MOST_HEAD = 160
_MOST_LENGTH_BYTES = 4


class MalformedError(Exception):
    """The broker sent what no MQTT 3.1.1 broker sends; the connection cannot be used any more."""


def connect(
    client_id: str,
    keepalive_s: int,
    will: "tuple[str, bytes]",
    user: "str | None",
    password: "str | None",
) -> bytes:
    """Ask for a clean session with a retained last will (topic, payload) at QoS 1 (3.1)."""
    flags = 0x02 | 0x04 | 0x08 | 0x20
    body = _text(client_id) + _text(will[0]) + _binary(will[1])
    if user is not None:
        flags |= 0x80
        body += _text(user)
        if password is not None:
            flags |= 0x40
            body += _text(password)
    head = _text("MQTT") + bytes((4, flags, keepalive_s >> 8, keepalive_s & 0xFF))
    return _packet(0x10, head + body)


def subscribe(packet_id: int, topics: "list[str]") -> bytes:
    """Subscribe to topics at QoS 1 (3.8)."""
    return _packet(0x82, _id(packet_id) + b"".join(_text(topic) + b"\x01" for topic in topics))


def publish(topic: str, payload: bytes, packet_id: "int | None", *, retain: bool = False) -> bytes:
    """Publish at QoS 1 with a packet id, at QoS 0 without (3.3)."""
    if packet_id is None:
        return _packet(0x30 | retain, _text(topic) + payload)
    return _packet(0x32 | retain, _text(topic) + _id(packet_id) + payload)


def puback(packet_id: int) -> bytes:
    """Acknowledge a publish at QoS 1 (3.4)."""
    return _packet(0x40, _id(packet_id))


class Parser:
    """Finds packets in the bytes of a connection; keeps at most one packet of bounded size."""

    def __init__(self) -> None:
        self._data = b""
        self._skip = 0
        """Bytes still to come of a packet that was too long."""

    def feed(self, data: bytes) -> None:
        """Take bytes from the connection."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        self._data += data

    def packet(self) -> "Packet | None":
        """Take the next whole packet, None when more bytes are needed. Raises MalformedError."""
        found = self._length()
        if found is None:
            return None
        start, length = found
        keep = length
        if length > _MOST_HEAD + MOST_PAYLOAD:
            if self._data[0] >> 4 != PUBLISH:
                raise MalformedError("a packet too long for its kind")
            keep = _MOST_HEAD
        if len(self._data) < start + keep:
            return None
        first, body = self._data[0], self._data[start : start + keep]
        rest = self._data[start + keep :]
        # Of a packet that is too long, some more may have come already.
        skipped = min(length - keep, len(rest))
        self._data = rest[skipped:]
        self._skip = length - keep - skipped
        return _decode(first, body, whole=keep == length)

    def _length(self) -> "tuple[int, int] | None":
        """Read where the body begins and how long it is (2.2.3)."""
        length = 0
        for index in range(_MOST_LENGTH_BYTES):
            if len(self._data) < index + 2:
                return None
            byte = self._data[index + 1]
            length |= (byte & 0x7F) << 7 * index
            if not byte & 0x80:
                return index + 2, length
        raise MalformedError("a length of more than four bytes")


def _decode(first: int, body: bytes, *, whole: bool) -> "Packet":
    kind, flags = first >> 4, first & 0x0F
    if kind == PUBLISH:
        return kind, _decode_publish(flags, body, whole=whole)
    if flags == 0:
        if kind == CONNACK and len(body) == 2:  # noqa: PLR2004 - session flag and code
            return kind, (body[1],)
        if kind == PUBACK and len(body) == 2:  # noqa: PLR2004 - packet id
            return kind, (body[0] << 8 | body[1],)
        if kind == SUBACK and len(body) > 2:  # noqa: PLR2004 - packet id, codes
            return kind, (body[0] << 8 | body[1], body[2:])
        if kind == PINGRESP and not body:
            return kind, ()
    raise MalformedError("a packet that no broker sends")


def _decode_publish(flags: int, body: bytes, *, whole: bool) -> "tuple[Any, ...]":
    qos = flags >> 1 & 3
    if qos > 1:
        raise MalformedError("a quality of service that was not asked for")
    end = 2 + (body[0] << 8 | body[1]) if len(body) > 1 else 0
    start = end + 2 * qos
    if not end or start > len(body):
        # Also where only the head was kept: no topic of the reader is that long.
        raise MalformedError("a publish that ends inside its topic")
    packet_id = body[end] << 8 | body[end + 1] if qos else None
    payload = body[start:] if whole and len(body) - start <= MOST_PAYLOAD else None
    return body[2:end], payload, bool(flags & 1), packet_id


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    head = bytearray((first,))
    while True:
        byte, length = length & 0x7F, length >> 7
        head.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def _id(packet_id: int) -> bytes:
    return bytes((packet_id >> 8, packet_id & 0xFF))


def _binary(data: bytes) -> bytes:
    return bytes((len(data) >> 8, len(data) & 0xFF)) + data


def _text(text: str) -> bytes:
    return _binary(text.encode())
