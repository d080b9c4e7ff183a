"""The emulated sensor without a wire: slots, and templates that come and go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator import (
    R307,
    Command,
    EmulatedSensor,
    Finger,
)
from tests.firmware.emulator_client import COMMAND, DATA, END, Client, Frame, frame, frames

ANNA = Finger("anna")
BERT = Finger("bert")


# --- slots -------------------------------------------------------------------------


def test_templates_outlive_a_power_cycle_and_buffers_do_not(client: Client) -> None:
    client.enroll(ANNA, 9)
    client.sensor.power_cycle()
    assert client.code(0x06, 1, 0, 10) == 0x0B
    assert client.ask(0x1D) == (0, b"\0\1")
    assert client.code(0x07, 1, 0, 9) == 0


def test_slots_beyond_the_capacity_do_not_exist(client: Client) -> None:
    last = client.sensor.profile.capacity - 1
    client.enroll(ANNA, last)
    beyond = client.sensor.profile.capacity.to_bytes(2, "big")
    assert client.code(0x06, 1, *beyond) == 0x0B
    assert client.code(0x07, 1, *beyond) == 0x0B
    assert client.code(0x0C, *last.to_bytes(2, "big"), 0, 2) == 0x10
    assert list(client.sensor.templates) == [last]


def test_an_empty_slot_cannot_be_loaded(client: Client) -> None:
    assert client.code(0x07, 1, 0, 0) == 0x0C


def test_deleting_takes_the_slots_of_its_range_filled_or_not(client: Client) -> None:
    for slot in (1, 2, 4):
        client.enroll(ANNA, slot)
    assert client.code(0x0C, 0, 2, 0, 2) == 0
    assert sorted(client.sensor.templates) == [1, 4]
    assert client.code(0x0D) == 0
    assert client.sensor.templates == {}


def test_the_index_table_has_one_bit_for_each_slot_lowest_first() -> None:
    client = Client(EmulatedSensor(R307))
    for slot in (0, 9, 255, 256, 999):
        client.enroll(ANNA, slot)
    table = [client.ask(0x1F, page)[1] for page in range(4)]
    assert table[0] == bytes([1, 2, *bytes(29), 128])
    assert table[1] == bytes([1, *bytes(31)])
    assert table[2] == bytes(32)
    assert table[3] == bytes([*bytes(28), 128, *bytes(3)])
    assert client.code(0x1F, 4) == 1


# --- transfers ---------------------------------------------------------------------


@pytest.mark.parametrize(("code", "size"), [(0, 32), (1, 64), (2, 128), (3, 256)])
def test_templates_are_sent_in_packets_of_the_configured_size(
    client: Client, code: int, size: int
) -> None:
    client.enroll(ANNA, 3)
    assert client.code(0x0E, 6, code) == 0
    packets = client.upload(1)
    assert {len(packet.payload) for packet in packets} == {size}
    assert [packet.pid for packet in packets] == [DATA] * (len(packets) - 1) + [END]
    assert b"".join(packet.payload for packet in packets) == client.sensor.templates[3]
    assert len(client.sensor.templates[3]) == client.sensor.profile.template_size


def test_a_template_size_that_does_not_fill_the_last_packet_works_as_well() -> None:
    client = Client(EmulatedSensor(replace(R307, template_size=700)))
    client.enroll(ANNA, 3)
    packets = client.upload(1)
    assert [len(packet.payload) for packet in packets] == [128] * 5 + [60]
    assert packets[-1].pid == END


def test_features_are_shorter_than_a_template(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    size = sum(len(packet.payload) for packet in client.upload(1))
    assert size == client.sensor.profile.feature_size


def test_a_copied_template_finds_its_finger_on_another_sensor(client: Client) -> None:
    client.enroll(ANNA, 3)
    other = Client(EmulatedSensor(client.sensor.profile, seed=1))
    assert other.download(2, client.sensor.templates[3]) == b""
    assert other.code(0x06, 2, 0, 8) == 0
    other.sensor.place(ANNA)
    other.scan(1)
    assert other.search()[:2] == (0, 8)
    other.sensor.place(BERT)
    other.scan(1)
    assert other.search()[0] == 9


def test_a_byte_lost_on_the_way_makes_a_template_that_finds_nobody(client: Client) -> None:
    client.enroll(ANNA, 3)
    template = bytearray(client.sensor.templates[3])
    template[200] ^= 1
    client.download(1, bytes(template))
    client.code(0x06, 1, 0, 3)
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.search()[0] == 9


def test_an_empty_buffer_cannot_be_sent(client: Client) -> None:
    assert client.code(0x08, 1) == 0x0D


def test_data_that_nobody_asked_for_is_ignored(client: Client) -> None:
    assert client.sensor.receive(frame(DATA, bytes(128)) + frame(END, bytes(128))) == b""


def test_too_much_data_ends_the_transfer_with_a_packet_error(client: Client) -> None:
    size = client.sensor.profile.template_size + 128
    assert frames(client.download(1, bytes(size))) == [Frame(7, b"\x01")]
    assert client.code(0x06, 1, 0, 0) == 0x0B


def test_packets_larger_than_configured_end_the_transfer(client: Client) -> None:
    assert frames(client.download(1, bytes(512), size=256)) == [Frame(7, b"\x01")]


def test_a_damaged_data_packet_ends_the_transfer(client: Client) -> None:
    assert client.code(0x09, 1) == 0
    damaged = bytearray(frame(DATA, bytes(128)))
    damaged[20] ^= 1
    assert frames(client.sensor.receive(bytes(damaged))) == [Frame(7, b"\x01")]
    assert client.sensor.receive(frame(END, bytes(128))) == b""
    assert client.code(0x06, 1, 0, 0) == 0x0B


def test_a_command_in_the_middle_ends_the_transfer_and_leaves_an_empty_buffer(
    client: Client,
) -> None:
    client.enroll(ANNA, 1)
    assert client.code(0x06, 1, 0, 0) == 0
    assert client.code(0x09, 1) == 0
    assert client.ask(0x1D) == (0, b"\0\2")
    assert client.sensor.receive(frame(END, bytes(128))) == b""
    assert client.code(0x06, 1, 0, 0) == 0x0B


def test_all_commands_of_a_model_are_understood(client: Client) -> None:
    lengths = {0x02: 1, 0x04: 5, 0x06: 3, 0x07: 3, 0x08: 1, 0x09: 1, 0x0C: 4, 0x0E: 2, 0x12: 4}
    lengths |= {0x13: 4, 0x15: 4, 0x18: 33, 0x19: 1, 0x1B: 5, 0x1F: 1, 0x35: 4}
    commands = filter(client.sensor.profile.knows, Command)
    for command in sorted(commands, key=lambda code: code == Command.SET_ADDR):
        parameters = bytes([1] * lengths.get(command, 0))
        answer = client.sensor.receive(frame(COMMAND, bytes([command]) + parameters))
        assert frames(answer)[0].payload[0] != 1, command
