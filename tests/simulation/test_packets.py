"""MQTT packets are decoded as they were encoded, in whatever pieces they arrive."""

from __future__ import annotations

import pytest

from fpreader import mqtt_packets
from tests.simulation.packets import (
    Connack,
    Connect,
    MalformedError,
    Message,
    Packet,
    Parser,
    Puback,
    Publish,
    Signal,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)

PACKETS: list[Packet] = [
    Connect("me", 300, clean=True),
    Connect("me", 15, clean=False, will=Message("a/b", b"gone", 1, retain=True)),
    Connack(session_present=True),
    Connack(session_present=False, code=5),
    Publish("a/\u00e4", b""),
    Publish("a", b"x" * 125, retain=True),
    Publish("a", bytes(4096), packet_id=65535),
    Publish("a", bytes(20_000), retain=True, packet_id=300, duplicate=True),
    Puback(513),
    Subscribe(513, (("a/#", 0), ("b", 1))),
    Suback(513, (0, 1, 128)),
    Unsubscribe(513, ("a/#", "b")),
    Unsuback(513),
    *Signal,
]


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_packets_are_found_in_pieces_of_any_size(size: int) -> None:
    data = b"".join(packet.encode() for packet in PACKETS)
    parser = Parser()
    found: list[Packet] = []
    for at in range(0, len(data), size):
        found += parser.packets(data[at : at + size])
    assert found == PACKETS


def test_the_reader_writes_what_is_read_here() -> None:
    written = (
        mqtt_packets.connect("me", 15, ("a/status", b"gone"), None, None)
        + mqtt_packets.subscribe(1, ["a", "b"])
        + mqtt_packets.publish("a", b"x", 2, retain=True)
        + mqtt_packets.publish("a", b"y", None)
        + mqtt_packets.puback(3)
        + mqtt_packets.PINGREQ
    )
    assert list(Parser().packets(written)) == [
        Connect("me", 15, clean=True, will=Message("a/status", b"gone", 1, retain=True)),
        Subscribe(1, (("a", 1), ("b", 1))),
        Publish("a", b"x", retain=True, packet_id=2),
        Publish("a", b"y"),
        Puback(3),
        Signal.PINGREQ,
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\xff\xff\xff\xff\x01",
        b"\x00\x00",
        b"\xf0\x00",
        b"\x10\x02xx",
        b"\x30\x02\x00\x09",
        b"\x34\x05\x00\x01a\x00\x01",
        b"\x32\x03\x00\x01a",
        b"\x30\x03\x00\x01\xff",
        b"\x82\x05\x00\x01\x00\x01a",
        b"\x40\x00",
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        list(Parser().packets(data))
