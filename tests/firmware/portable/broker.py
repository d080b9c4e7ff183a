"""The broker's side of a session, without socket; shares no code with the firmware."""

from fpreader.mqtt_session import MqttSession

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ = 1, 3, 4, 8, 12

BASE = "biometric/front_door/"


def packets(data: bytes) -> "list[tuple[int, int, bytes]]":
    """Take packets apart: kind, flags, body; anything but whole ones fails the test."""
    found = []
    while data:
        length, shift, start = 0, 0, 1
        while True:
            length |= (data[start] & 127) << shift
            shift += 7
            start += 1
            if data[start - 1] < 128:
                break
        assert len(data) >= start + length
        found.append((data[0] >> 4, data[0] & 15, data[start : start + length]))
        data = data[start + length :]
    return found


def text(value: str) -> bytes:
    return bytes((0, len(value))) + value.encode()


def packet(first: int, body: bytes) -> bytes:
    """Build a packet."""
    length, head = len(body), [first]
    while length > 127:
        head.append(length % 128 + 128)
        length //= 128
    head.append(length)
    return bytes(head) + body


def publish(
    topic: str, payload: bytes, *, qos: int = 0, retain: bool = False, packet_id: int = 7
) -> bytes:
    ident = bytes((packet_id >> 8, packet_id & 255)) if qos else b""
    return packet(0x30 | qos << 1 | retain, text(BASE + topic) + ident + payload)


class Broker:
    """Talks to a session; keeps what it published until the test looks."""

    def __init__(self, session: MqttSession, now: int = 0) -> None:
        self.session = session
        self.now = now
        self.other: list[tuple[int, int, bytes]] = []
        """Packets that are no publish."""
        self.published: list[tuple[str, bytes, bool, int | None]] = []
        """Topic below the reader's own, payload, retained, packet id."""

    def open(self) -> None:
        """Accept a connection, up to the acknowledged subscription."""
        self.session.opened(self.now)
        self.look()
        self.say(b"\x20\x02\x00\x00")
        self.look()
        kind, _, body = self.other[-1]
        assert kind == SUBSCRIBE
        self.say(packet(0x90, body[:2] + b"\x01\x01\x01"))
        self.look()

    def look(self, now: "int | None" = None) -> None:
        """Take what the session sends, now or when it is this late."""
        self.now = self.now if now is None else now
        for kind, flags, body in packets(self.session.output(self.now)):
            if kind != PUBLISH:
                self.other.append((kind, flags, body))
                continue
            end = 2 + body[0] * 256 + body[1]
            topic = body[2:end].decode()
            assert topic.startswith(BASE)
            ident = None
            if flags & 6:
                assert flags & 6 == 2
                ident = body[end] * 256 + body[end + 1]
                end += 2
            self.published.append((topic[len(BASE) :], body[end:], bool(flags & 1), ident))

    def say(self, data: bytes) -> "list[Any]":
        """Send bytes to the session, give the messages it found."""
        return self.session.received(data, self.now)

    def acknowledge(self) -> None:
        """Acknowledge everything that was published at QoS 1."""
        for _, _, _, ident in self.taken():
            if ident is not None:
                self.say(packet(0x40, bytes((ident >> 8, ident & 255))))

    def taken(self, now: "int | None" = None) -> "list[tuple[str, bytes, bool, int | None]]":
        """Take what was published since the last look into it."""
        self.look(now)
        published, self.published = self.published, []
        return published
