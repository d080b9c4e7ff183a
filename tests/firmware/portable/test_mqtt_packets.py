"""MQTT packets as the standard has them, and bytes that are none."""

import os

from fpreader import mqtt_packets
from fpreader.mqtt_packets import MOST_PAYLOAD, MalformedError, Parser
from tests.firmware.portable import broker

TYPE_CHECKING = False

if TYPE_CHECKING:
    from fpreader.mqtt_packets import Packet


def parsed(data: bytes) -> "list[Packet]":
    parser = Parser()
    parser.feed(data)
    return rest(parser)


def rest(parser: Parser) -> "list[Packet]":
    found = []
    while (packet := parser.packet()) is not None:
        found.append(packet)
    return found


def is_malformed(data: bytes) -> bool:
    try:
        parsed(data)
    except MalformedError:
        return True
    return False


def test_a_connect_asks_for_a_clean_session_with_a_last_will() -> None:
    # Counted by hand from chapter 3.1 of the standard.
    assert mqtt_packets.connect("id", 15, ("b/s", b"w"), "u", "p") == (
        b"\x10\x1c\x00\x04MQTT\x04\xee\x00\x0f\x00\x02id\x00\x03b/s\x00\x01w\x00\x01u\x00\x01p"
    )
    assert mqtt_packets.connect("id", 300, ("b/s", b"w"), None, None) == (
        b"\x10\x16\x00\x04MQTT\x04\x2e\x01\x2c\x00\x02id\x00\x03b/s\x00\x01w"
    )


def test_the_packets_that_the_reader_sends_are_those_of_the_standard() -> None:
    assert (
        mqtt_packets.subscribe(10, ["a/b", "c"]) == b"\x82\x0c\x00\x0a\x00\x03a/b\x01\x00\x01c\x01"
    )
    assert mqtt_packets.publish("a/b", b"xy", None) == b"\x30\x07\x00\x03a/bxy"
    assert mqtt_packets.publish("a/b", b"x", 258, retain=True) == b"\x33\x08\x00\x03a/b\x01\x02x"
    assert mqtt_packets.puback(258) == b"\x40\x02\x01\x02"


def test_a_long_packet_has_a_long_length() -> None:
    ((kind, flags, body),) = broker.packets(mqtt_packets.publish("a", b"x" * 20000, None))
    assert (kind, flags, body) == (3, 0, b"\x00\x01a" + b"x" * 20000)


def test_the_packets_of_a_broker_are_understood_however_they_are_cut() -> None:
    data = (
        b"\x20\x02\x00\x05"
        b"\x90\x05\x00\x01\x00\x01\x80"
        b"\xd0\x00"
        b"\x40\x02\x01\x02"
        b"\x30\x05\x00\x01axy"
        b"\x3b\x07\x00\x01a\x00\x09xy"
        b"\x30\x03\x00\x01a"
    )
    expected = [
        (2, (5,)),
        (9, (1, b"\x00\x01\x80")),
        (13, ()),
        (4, (258,)),
        (3, (b"a", b"xy", False, None)),
        (3, (b"a", b"xy", True, 9)),
        (3, (b"a", b"", False, None)),
    ]
    assert parsed(data) == expected
    for size in range(1, len(data)):
        parser = Parser()
        found = []
        for start in range(0, len(data), size):
            parser.feed(data[start : start + size])
            found += rest(parser)
        assert found == expected


def test_the_longest_payload_is_kept_and_one_byte_more_is_not() -> None:
    for size, kept in ((MOST_PAYLOAD, True), (MOST_PAYLOAD + 1, False), (100000, False)):
        for qos, ident in ((0, None), (1, 7)):
            data = broker.publish("command", b"x" * size, qos=qos) + b"\xd0\x00"
            (_, content), pong = parsed(data)
            topic, payload, retained, packet_id = content
            assert (topic, retained, packet_id) == (b"biometric/front_door/command", False, ident)
            assert payload == (b"x" * size if kept else None)
            assert pong == (13, ())


def test_a_payload_that_is_too_long_is_never_held() -> None:
    parser = Parser()
    data = broker.publish("command", b"x" * 200000) + b"\xd0\x00"
    found = []
    for start in range(0, len(data), 512):
        parser.feed(data[start : start + 512])
        found += rest(parser)
        assert len(parser._data) < MOST_PAYLOAD
    assert [kind for kind, _ in found] == [3, 13]


def test_what_no_broker_sends_is_malformed() -> None:
    for data in (
        b"\x00\x00",  # no kind
        b"\x10\x00",  # CONNECT
        b"\x20\x01\x00",  # CONNACK too short
        b"\x21\x02\x00\x00",  # CONNACK with flags
        b"\x40\x03\x00\x01\x00",  # PUBACK too long
        b"\x90\x02\x00\x01",  # SUBACK without a code
        b"\xd0\x01\x00",  # PINGRESP with a body
        b"\x34\x09\x00\x01a\x00\x01\x00\x00\x00\x00",  # PUBLISH at QoS 2
        b"\x36\x09\x00\x01a\x00\x01\x00\x00\x00\x00",  # PUBLISH at QoS 3
        b"\x30\x00",  # PUBLISH without a topic
        b"\x30\x01\x00",
        b"\x30\x03\x00\x02a",  # a topic longer than the packet
        b"\x32\x04\x00\x01a\x00",  # half a packet id
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x20\xff\x7f" + bytes(20000),  # CONNACK of 16 kB
        b"\x90\xff\x7f" + bytes(20000),  # SUBACK of 16 kB
        b"\x30\xff\x7f\xff\xff" + b"a" * 20000,  # a topic of 65535 bytes in less
        b"\xf0\x00",  # no kind
    ):
        assert is_malformed(data), data[:9]


def test_random_bytes_never_do_anything_but_parse_or_be_malformed() -> None:
    for _ in range(300):
        data = os.urandom(200)
        is_malformed(data)
        # And as if they began a publish, which is what takes most care.
        is_malformed(bytes((0x30 | data[0] & 3, data[1] & 0x7F)) + data[2:])
