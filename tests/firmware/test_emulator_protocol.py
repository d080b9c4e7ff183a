"""The emulated sensor without a wire: packets, parameters, notepad, light, power."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import (
    LED_OFF,
    LED_ON,
    MODELS,
    R307,
    R503,
    EmulatedSensor,
    Finger,
    Led,
    Profile,
)
from tests.firmware.emulator_client import COMMAND, Client, Frame, frame, frames

ANNA = Finger("anna")
BERT = Finger("bert")


# --- packets -----------------------------------------------------------------------


def test_verify_password_is_answered_with_the_bytes_of_the_manual() -> None:
    asked = bytes.fromhex("ef01 ffffffff 01 0007 13 00000000 001b")
    answer = bytes.fromhex("ef01 ffffffff 07 0003 00 000a")
    assert EmulatedSensor(R307).receive(asked) == answer


def test_a_packet_may_come_byte_by_byte(client: Client) -> None:
    packet = frame(COMMAND, b"\x1d")
    answers = [client.sensor.receive(bytes([byte])) for byte in packet]
    assert not any(answers[:-1])
    assert frames(answers[-1]) == [Frame(7, b"\0\0\0")]


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00\xff",
        b"\xef",
        b"\xef\xef",
        b"\xef\x01",
        b"\xef\x01\xff\xff\xff\xff\x01\x10\x00",
        b"\x55",
    ],
)
def test_garbage_before_a_packet_is_skipped(client: Client, noise: bytes) -> None:
    answer = frames(client.sensor.receive(noise + frame(COMMAND, b"\x01")))
    assert answer[-1] == Frame(7, b"\x02")


def test_a_wrong_checksum_is_answered_with_01_and_has_no_effect(client: Client) -> None:
    client.enroll(ANNA, 3)
    damaged = bytearray(frame(COMMAND, b"\x0d"))
    damaged[-1] ^= 1
    assert frames(client.sensor.receive(bytes(damaged))) == [Frame(7, b"\x01")]
    assert 3 in client.sensor.templates


def test_the_packet_after_one_cut_short_is_still_understood(client: Client) -> None:
    cut = frame(COMMAND, b"\x13\0\0\0\0")[:11]
    answers = frames(client.sensor.receive(cut + frame(COMMAND, b"\x1d")))
    assert answers[-1] == Frame(7, b"\0\0\0")


def test_packets_for_another_address_are_ignored(client: Client) -> None:
    assert client.sensor.receive(frame(COMMAND, b"\x1d", 0x12345678)) == b""


def test_a_new_address_counts_from_its_own_acknowledgement_on(client: Client) -> None:
    answer = client.sensor.receive(frame(COMMAND, b"\x15\x12\x34\x56\x78"))
    assert frames(answer) == [Frame(7, b"\0", 0x12345678)]
    client.sensor.power_cycle()
    assert client.sensor.receive(frame(COMMAND, b"\x1d")) == b""
    assert (
        frames(client.sensor.receive(frame(COMMAND, b"\x1d", 0x12345678)))[0].address == 0x12345678
    )


@pytest.mark.parametrize("payload", [b"\x99", b"", b"\x04\x01", b"\x01\x00", b"\x31"])
def test_what_is_no_known_command_is_a_packet_error(client: Client, payload: bytes) -> None:
    assert frames(client.sensor.receive(frame(COMMAND, payload))) == [Frame(7, b"\x01")]


@pytest.mark.parametrize("pid", [0, 3, 7])
def test_a_packet_that_no_reader_may_send_is_a_packet_error(client: Client, pid: int) -> None:
    assert frames(client.sensor.receive(frame(pid, b"\x1d"))) == [Frame(7, b"\x01")]


@given(
    packets=st.lists(st.tuples(st.sampled_from([1, 1, 1, 2, 8, 7]), st.binary(max_size=40))),
    noise=st.binary(max_size=20),
    model=st.sampled_from(MODELS),
)
def test_no_bytes_make_the_sensor_stumble(
    packets: list[tuple[int, bytes]], noise: bytes, model: Profile
) -> None:
    sensor = EmulatedSensor(model)
    sensor.place(Finger("anna"))
    for pid, payload in packets:
        sensor.receive(frame(pid, payload))
        sensor.receive(frame(COMMAND, payload[:1] + bytes([1, 0, 1, 0, 1])[: len(payload) % 6]))
    sensor.receive(noise)
    # However the noise ended, a packet's worth of zeros later the sensor listens again.
    sensor.receive(bytes(300))
    assert frames(sensor.receive(frame(COMMAND, b"\x99", sensor.flash.address)))[-1].pid == 7


# --- parameters, password, notepad, light ------------------------------------------


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (R307, "0000 0009 03e8 0003 ffffffff 0002 0006"),
        (R503, "0000 0000 00c8 0003 ffffffff 0002 0006"),
    ],
)
def test_system_parameters_tell_model_and_defaults(model: Profile, expected: str) -> None:
    assert Client(EmulatedSensor(model)).ask(0x0F) == (0, bytes.fromhex(expected))


def test_the_status_register_tells_of_password_and_image(client: Client) -> None:
    status = []
    client.sensor.place(Finger("anna"))
    for command in ((0x13, 0, 0, 0, 0), (0x01,), (0x13, 0, 0, 0, 1)):
        client.code(*command)
        status.append(client.ask(0x0F)[1][1])
    assert status == [0b0100, 0b1100, 0b1000]


def test_parameters_that_were_set_outlive_a_power_cycle(client: Client) -> None:
    assert [client.code(0x0E, *pair) for pair in ((4, 12), (5, 1), (6, 3))] == [0, 0, 0]
    client.sensor.power_cycle()
    assert client.ask(0x0F)[1][6:] == bytes.fromhex("0001 ffffffff 0003 000c")


@pytest.mark.parametrize("pair", [(4, 0), (4, 13), (5, 0), (5, 6), (6, 4), (7, 1)])
def test_a_register_or_value_that_does_not_exist_is_refused(
    client: Client, pair: tuple[int, int]
) -> None:
    before = client.ask(0x0F)
    assert client.code(0x0E, *pair) == 0x1A
    assert client.ask(0x0F) == before


def test_a_password_is_asked_for_from_the_next_power_on(client: Client) -> None:
    assert client.code(0x12, 0, 0, 0, 9) == 0
    assert client.code(0x01) == 2
    client.sensor.power_cycle()
    assert client.code(0x01) == 0x21
    assert client.code(0x13, 0, 0, 0, 0) == 0x13
    assert client.code(0x1D) == 0x21
    assert client.code(0x13, 0, 0, 0, 9) == 0
    assert client.code(0x01) == 2


def test_without_a_password_nothing_needs_to_be_verified(client: Client) -> None:
    assert client.code(0x13, 0, 0, 0, 1) == 0x13
    assert client.code(0x01) == 2


def test_notepad_pages_outlive_a_power_cycle(client: Client) -> None:
    content = bytes(range(32))
    assert client.code(0x18, 15, *content) == 0
    client.sensor.power_cycle()
    assert client.ask(0x19, 15) == (0, content)
    assert client.ask(0x19, 14) == (0, bytes(32))
    assert client.sensor.notepad[15] == content


def test_there_are_no_more_than_16_notepad_pages(client: Client) -> None:
    assert client.code(0x19, 16) == 0x1C
    assert client.code(0x18, 16, *bytes(32)) == 0x1C


def test_random_numbers_differ_and_repeat_with_the_seed() -> None:
    def row(seed: int) -> list[tuple[int, bytes]]:
        client = Client(EmulatedSensor(R307, seed=seed))
        return [client.ask(0x14) for _ in range(3)]

    assert row(1) == row(1) != row(2)
    assert len(set(row(1))) == 3
    assert all(code == 0 and len(number) == 4 for code, number in row(1))


def test_the_light_of_an_r307_goes_on_and_off() -> None:
    client = Client(EmulatedSensor(R307))
    assert client.code(0x50) == 0
    assert client.sensor.led == LED_ON
    assert client.code(0x51) == 0
    assert client.sensor.led == LED_OFF
    assert client.code(0x35, 1, 100, 2, 3) == 1


def test_the_aura_of_an_r503_is_kept_until_power_is_lost() -> None:
    client = Client(EmulatedSensor(R503))
    assert client.code(0x35, 1, 100, 2, 3) == 0
    assert client.sensor.led == Led(control=1, speed=100, colour=2, count=3)
    client.sensor.power_cycle()
    assert client.sensor.led == LED_OFF
    assert client.code(0x50) == 1


@pytest.mark.parametrize("colours", [3, 7])
def test_an_aura_that_the_sensor_does_not_know_is_refused_and_changes_nothing(colours: int) -> None:
    client = Client(EmulatedSensor(replace(R503, colours=colours)))
    for colour in range(1, colours + 1):
        assert client.code(0x35, 3, 0, colour, 0) == 0
        assert client.sensor.led == Led(control=3, colour=colour)
    for control, colour in ((0, 1), (7, 1), (3, 0), (3, colours + 1), (4, colours + 1)):
        assert client.code(0x35, control, 0, colour, 0) == 1
        assert client.sensor.led == Led(control=3, colour=colours)


def test_an_r503_shakes_hands_and_announces_itself() -> None:
    client = Client(EmulatedSensor(R503))
    assert client.code(0x40) == 0
    assert client.code(0x53) == 0x55
    assert client.sensor.power_cycle() == b"\x55"


def test_an_r307_starts_silently_and_knows_no_handshake() -> None:
    client = Client(EmulatedSensor(R307))
    assert client.code(0x40) == client.code(0x53) == 1
    assert client.sensor.power_cycle() == b""


def test_a_sensor_without_power_neither_answers_nor_remembers_what_it_heard(client: Client) -> None:
    packet = frame(COMMAND, b"\x1d")
    client.sensor.receive(packet[:5])
    client.sensor.power_off()
    assert client.sensor.receive(packet) == b""
    client.sensor.power_on()
    assert client.sensor.receive(packet[5:]) == b""
    assert client.ask(0x1D) == (0, b"\0\0")
