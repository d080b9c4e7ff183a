"""Packets between bytes that are none."""

from fpreader.sensor_packet import ACK, COMMAND, LONGEST_CONTENT, Parser, encode

# GenImg and its answer "no finger", as the ZFM-20 manual prints them.
GEN_IMG = bytes((0xEF, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 3, 1, 0, 5))
NO_FINGER = bytes((0xEF, 1, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0, 3, 2, 0, 12))


def parsed(data: bytes, piece: int = 1000) -> "list[tuple[int, bytes]]":
    parser = Parser()
    found = []
    for start in range(0, len(data), piece):
        parser.feed(data[start : start + piece])
        while (packet := parser.packet()) is not None:
            found.append(packet)
    return found


def test_a_command_is_the_bytes_of_the_manual() -> None:
    assert encode(COMMAND, b"\x01") == GEN_IMG


def test_an_answer_is_found() -> None:
    assert parsed(NO_FINGER) == [(ACK, b"\x02")]


def test_pieces_of_any_size_make_the_same_packets() -> None:
    data = NO_FINGER + b"\x55" + encode(ACK, bytes(range(33)))
    for piece in range(1, len(data)):
        assert parsed(data, piece) == [(ACK, b"\x02"), (ACK, bytes(range(33)))]


def test_no_single_wrong_bit_passes() -> None:
    """But for the address and header, which decide whether it is a packet at all."""
    for position in range(len(NO_FINGER)):
        for bit in range(8):
            wrong = bytearray(NO_FINGER)
            wrong[position] ^= 1 << bit
            assert parsed(bytes(wrong)) == []


def test_noise_before_a_packet_is_skipped() -> None:
    for noise in (
        b"\x00",
        b"\x55",
        b"\xef",
        b"\xef\x01",
        b"\xef\xef",
        NO_FINGER[:7],
        NO_FINGER[:11],
    ):
        assert parsed(noise + NO_FINGER + NO_FINGER)[-1] == (ACK, b"\x02")


def test_a_length_beyond_any_answer_does_not_swallow_the_next_packet() -> None:
    too_long = NO_FINGER[:7] + bytes((0, LONGEST_CONTENT + 3))
    assert parsed(too_long + NO_FINGER) == [(ACK, b"\x02")]
    assert parsed(NO_FINGER[:7] + b"\x00\x02" + NO_FINGER) == [(ACK, b"\x02")]


def test_a_torn_packet_gives_way_to_the_next_as_soon_as_its_sum_is_wrong() -> None:
    torn = encode(ACK, bytes(5))[:-4]
    assert parsed(torn + NO_FINGER + NO_FINGER) == [(ACK, b"\x02")] * 2


def test_a_packet_for_another_address_is_none() -> None:
    assert parsed(NO_FINGER[:2] + b"\0\0\0\1" + NO_FINGER[6:]) == []


def test_never_more_bytes_are_wanted_than_the_packet_has() -> None:
    for data in (NO_FINGER, encode(ACK, bytes(33))):
        parser = Parser()
        position = 0
        while (packet := parser.packet()) is None:
            count = parser.missing()
            assert 0 < count <= len(data) - position
            parser.feed(data[position : position + count])
            position += count
        assert packet[0] == ACK


def test_random_bytes_never_raise_and_are_not_kept() -> None:
    state = 1
    parser = Parser()
    for _ in range(20_000):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        parser.feed(bytes((0xEF, 0x01)) if state % 7 == 0 else bytes((state >> 16 & 0xFF,)))
        while parser.packet() is not None:
            pass
        assert 0 < parser.missing() < 64
