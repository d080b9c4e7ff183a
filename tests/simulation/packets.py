"""MQTT 3.1.1 control packets in both directions (OASIS standard, chapters 2 and 3); QoS 0 and 1."""

from __future__ import annotations

import struct
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class MalformedError(Exception):
    """The other side sent bytes that are not MQTT, or a packet that is not supported here."""


class Message(NamedTuple):
    """What is published: for a will, in the retained store, and under way to a subscriber."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Connect(NamedTuple):
    """A client requests a session."""

    client_id: str
    keepalive_s: int
    clean: bool
    will: Message | None = None

    def encode(self) -> bytes:
        """Write the packet (3.1)."""
        flags = 0x02 * self.clean
        body = _text(self.client_id)
        if (will := self.will) is not None:
            flags |= 0x04 | will.qos << 3 | will.retain << 5
            body += _text(will.topic) + _binary(will.payload)
        return _packet(
            0x10, b"\x00\x04MQTT\x04" + struct.pack(">BH", flags, self.keepalive_s) + body
        )


class Connack(NamedTuple):
    """The broker accepts the client, code 0, or refuses it."""

    session_present: bool
    code: int = 0

    def encode(self) -> bytes:
        """Write the packet (3.2)."""
        return bytes((0x20, 2, self.session_present, self.code))


class Publish(NamedTuple):
    """A message in one direction."""

    topic: str
    payload: bytes
    retain: bool = False
    packet_id: int | None = None
    """None at QoS 0."""
    duplicate: bool = False

    def encode(self) -> bytes:
        """Write the packet (3.3)."""
        body = _text(self.topic)
        first = 0x30 | self.retain
        if self.packet_id is not None:
            first |= 0x02 | self.duplicate << 3
            body += self.packet_id.to_bytes(2)
        return _packet(first, body + self.payload)


class Puback(NamedTuple):
    """A message at QoS 1 has arrived."""

    packet_id: int

    def encode(self) -> bytes:
        """Write the packet (3.4)."""
        return b"\x40\x02" + self.packet_id.to_bytes(2)


class Subscribe(NamedTuple):
    """A client subscribes: topic filters, each with the highest QoS."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]

    def encode(self) -> bytes:
        """Write the packet (3.8)."""
        filters = b"".join(_text(name) + bytes((qos,)) for name, qos in self.filters)
        return _packet(0x82, self.packet_id.to_bytes(2) + filters)


class Suback(NamedTuple):
    """The broker confirms subscriptions, with the QoS of each."""

    packet_id: int
    codes: tuple[int, ...]

    def encode(self) -> bytes:
        """Write the packet (3.9)."""
        return _packet(0x90, self.packet_id.to_bytes(2) + bytes(self.codes))


class Unsubscribe(NamedTuple):
    """A client ends subscriptions."""

    packet_id: int
    filters: tuple[str, ...]

    def encode(self) -> bytes:
        """Write the packet (3.10)."""
        return _packet(0xA2, self.packet_id.to_bytes(2) + b"".join(map(_text, self.filters)))


class Unsuback(NamedTuple):
    """The broker confirms the end of subscriptions."""

    packet_id: int

    def encode(self) -> bytes:
        """Write the packet (3.11)."""
        return b"\xb0\x02" + self.packet_id.to_bytes(2)


class Signal(Enum):
    """A packet without contents (3.12 to 3.14)."""

    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14

    def encode(self) -> bytes:
        """Write the packet."""
        return bytes((self.value << 4, 0))


type Packet = (
    Connect | Connack | Publish | Puback | Subscribe | Suback | Unsubscribe | Unsuback | Signal
)


class Parser:
    """Finds packets in the bytes of one direction of a connection."""

    def __init__(self) -> None:
        self._rest = b""

    def packets(self, data: bytes) -> Iterator[Packet]:
        """Add bytes and yield the packets that are complete now. Raises MalformedError.

        The iterator must be exhausted before the next call.
        """
        if self._rest:
            data = self._rest + data
        at, whole = 0, len(data)
        while at < whole:
            if (found := _length(data, at)) is None:
                break
            start, length = found
            end = start + length
            if end > whole:
                break
            try:
                packet = _decode(data[at], data[start:end])
            except (IndexError, ValueError, struct.error) as error:
                raise MalformedError(str(error)) from error
            at = end
            yield packet
        self._rest = data[at:]


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Read where the body of the packet at a place begins and how long it is (2.2.3)."""
    length = shift = 0
    for start in range(at + 1, at + 5):
        if start >= len(data):
            return None
        length |= (data[start] & 0x7F) << shift
        if data[start] < 0x80:
            return start + 1, length
        shift += 7
    raise MalformedError("a length of more than four bytes")


def _decode(first: int, body: bytes) -> Packet:
    """Decode one packet. Raises ValueError and other exceptions if it is malformed."""
    kind = first >> 4
    if kind == 3:
        return _decode_publish(first, body)
    decode = _DECODERS.get(kind)
    return Signal(kind) if decode is None else decode(body)


def _decode_publish(first: int, body: bytes) -> Publish:
    end = 2 + _id(body)
    qos = first >> 1 & 3
    if end > len(body) or qos > 1:
        raise ValueError("a publish that is not understood")
    topic = body[2:end].decode()
    if not qos:
        return Publish(topic, body[end:], bool(first & 1))
    packet_id = body[end] << 8 | body[end + 1]
    return Publish(topic, body[end + 2 :], bool(first & 1), packet_id, bool(first & 8))


def _decode_connect(body: bytes) -> Connect:
    if body[:7] != b"\x00\x04MQTT\x04":
        raise ValueError("another protocol")
    flags, keepalive_s = struct.unpack_from(">BH", body, 7)
    client_id, at = _take(body, 10)
    will = None
    if flags & 0x04:
        topic, at = _take(body, at)
        payload, at = _take(body, at)
        will = Message(topic.decode(), payload, flags >> 3 & 3, bool(flags & 0x20))
    return Connect(client_id.decode(), keepalive_s, bool(flags & 0x02), will)


def _filters(body: bytes) -> Iterator[tuple[str, int]]:
    at = 2
    while at < len(body):
        name, at = _take(body, at)
        yield name.decode(), body[at]
        at += 1


def _names(body: bytes) -> Iterator[str]:
    at = 2
    while at < len(body):
        name, at = _take(body, at)
        yield name.decode()


def _take(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + (body[at] << 8 | body[at + 1])
    if end > len(body):
        raise ValueError("a packet that ends too early")
    return body[at + 2 : end], end


def _id(body: bytes) -> int:
    return body[0] << 8 | body[1]


_DECODERS: dict[int, Callable[[bytes], Packet]] = {
    1: _decode_connect,
    2: lambda body: Connack(bool(body[0]), body[1]),
    4: lambda body: Puback(_id(body)),
    8: lambda body: Subscribe(_id(body), tuple(_filters(body))),
    9: lambda body: Suback(_id(body), tuple(body[2:])),
    10: lambda body: Unsubscribe(_id(body), tuple(_names(body))),
    11: lambda body: Unsuback(_id(body)),
}


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    if length < 0x80:
        return bytes((first, length)) + body
    head = bytearray((first,))
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


def _binary(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


def _text(text: str) -> bytes:
    return _binary(text.encode())
