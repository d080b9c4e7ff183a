"""The emulated sensor without a wire: models, and what one does that no manual tells of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emulator import MODELS, PROFILES, R307, R503, Code, Command, EmulatedSensor, Finger, Profile
from tests.firmware.emulator_client import COMMAND, Client, frame, frames

ANNA = Finger("anna")
BERT = Finger("bert")

ASKED = {
    Command.READ_SYS_PARA: b"\x0f",
    Command.WRITE_NOTEPAD: b"\x18\0" + bytes(32),
    Command.READ_NOTEPAD: b"\x19\0",
    Command.READ_INDEX_TABLE: b"\x1f\0",
    Command.READ_PROD_INFO: b"\x3c",
}


def odd(**habits: Any) -> Client:
    return Client(EmulatedSensor(replace(R307, **habits)))


def search(client: Client, finger: Finger, start: int = 0) -> tuple[int, int, int]:
    client.sensor.place(finger)
    client.scan(1)
    client.sensor.lift()
    return client.search(start)


def index_bits(client: Client, page: int) -> list[int]:
    """Return the bits of an index page that are set, lowest first in each byte."""
    code, table = client.ask(0x1F, page)
    assert (code, len(table)) == (0, 32)
    return [bit for bit in range(256) if table[bit // 8] >> bit % 8 & 1]


# --- models ------------------------------------------------------------------------


def test_every_sensor_is_found_by_its_own_name() -> None:
    assert {"R307", "R305", "R308", "R503", "R551", "R558", "AS608", "FPM10A", "ZFM-20"} == {
        profile.name for profile in MODELS
    }
    assert all(profile.name == name for name, profile in PROFILES.items())
    assert set(MODELS) < set(PROFILES.values())


@pytest.mark.parametrize("profile", MODELS, ids=lambda profile: profile.name)
def test_every_model_tells_its_capacity_and_fills_its_last_slot(profile: Profile) -> None:
    client = Client(EmulatedSensor(profile))
    assert int.from_bytes(client.ask(0x0F)[1][4:6], "big") == profile.capacity
    client.enroll(ANNA, profile.capacity - 1)
    assert search(client, ANNA)[:2] == (0, profile.capacity - 1)


def test_the_product_information_has_the_layout_of_the_manual() -> None:
    code, info = Client(EmulatedSensor(R503)).ask(0x3C)
    assert (code, len(info)) == (0, 46)
    assert info[:16] == b"R503" + bytes(12)
    assert info[16:28].isdigit()
    assert [int.from_bytes(info[at : at + 2], "big") for at in (38, 40, 42, 44)] == [
        192, 192, 1536, 200,
    ]  # fmt: skip


def test_a_sensor_without_a_product_has_no_product_information() -> None:
    assert Client(EmulatedSensor(R307)).code(0x3C) == 1
    assert odd(unknown_answer=Code.UNSUPPORTED).code(0x3C) == 0xFC
    assert odd(product="R307S").ask(0x3C)[1][:6] == b"R307S\0"


# --- instructions that are missing -------------------------------------------------


@pytest.mark.parametrize("command", ASKED)
@pytest.mark.parametrize("answer", [Code.PACKET_ERROR, Code.UNSUPPORTED, None])
def test_a_missing_instruction_is_answered_in_the_one_way_of_the_sensor(
    command: Command, answer: Code | None
) -> None:
    sensor = EmulatedSensor(
        replace(R503, commands=R503.commands - {command}, unknown_answer=answer)
    )
    replies = {asked: sensor.process(frame(COMMAND, data)) for asked, data in ASKED.items()}
    for asked, (reply,) in replies.items():
        if asked == command:
            assert (reply.command, reply.code) == (command, answer)
            assert len(b"".join(reply.pieces)) == (0 if answer is None else 12)
        else:
            assert reply.code == Code.OK


def test_a_known_instruction_with_too_few_parameters_is_a_packet_error_all_the_same() -> None:
    assert odd(unknown_answer=None).code(0x04, 1) == 1


@pytest.mark.parametrize(
    ("name", "missing", "answer"),
    [
        ("no-index-table", {Command.READ_INDEX_TABLE}, 0x01),
        ("no-sys-para", {Command.READ_SYS_PARA}, 0xFC),
        ("no-notepad", {Command.WRITE_NOTEPAD, Command.READ_NOTEPAD}, None),
        ("nothing-but-fingers", set(ASKED), None),
    ],
)
def test_sensors_that_lack_something_have_names(
    name: str, missing: set[Command], answer: int | None
) -> None:
    sensor = EmulatedSensor(PROFILES[name])
    for command in missing:
        assert [one.code for one in sensor.process(frame(COMMAND, ASKED[command]))] == [answer]
    for command in set(ASKED) - missing - {Command.READ_PROD_INFO}:
        assert [one.code for one in sensor.process(frame(COMMAND, ASKED[command]))] == [0]


# --- index table and count ---------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "bits"),
    [
        (1, [[1, 10], [0, 1], [], [232]]),
        (-1, [[8, 254, 255], [], [], [230]]),
        (300, [[], [44, 53], [43, 44], []]),
        (-300, [[], [], [187], []]),
    ],
)
def test_a_shifted_index_table_runs_over_from_page_to_page(
    shift: int, bits: list[list[int]]
) -> None:
    client = odd(index_shift=shift)
    for slot in (0, 9, 255, 256, 999):
        client.enroll(ANNA, slot)
    assert [index_bits(client, page) for page in range(4)] == bits
    assert sorted(client.sensor.templates) == [0, 9, 255, 256, 999]


def test_a_reversed_index_table_begins_each_byte_at_its_highest_bit() -> None:
    client = odd(index_reversed=True)
    for slot in (0, 9, 254):
        client.enroll(ANNA, slot)
    assert client.ask(0x1F, 0)[1] == bytes([0x80, 0x40, *bytes(29), 0x02])


def test_an_r551_has_a_table_that_is_shifted_by_one() -> None:
    client = Client(EmulatedSensor(PROFILES["R551"]))
    client.enroll(ANNA, 0)
    client.enroll(ANNA, 499)
    assert index_bits(client, 0) == [1]
    assert index_bits(client, 1) == [500 - 256]


def test_a_dead_count_counts_nothing() -> None:
    client = odd(dead_count=True)
    client.enroll(ANNA, 0)
    assert client.ask(0x1D) == (0, b"\0\0")
    assert index_bits(client, 0) == [0]


# --- loading and searching ---------------------------------------------------------


def test_a_lying_load_char_loads_what_matches_nobody_from_an_empty_slot() -> None:
    client = odd(load_char_lies=True)
    client.enroll(ANNA, 3)
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.code(0x07, 2, 0, 4) == 0
    assert client.ask(0x03) == (8, b"\0\0")
    assert client.code(0x07, 2, 0, 3) == 0
    assert client.ask(0x03)[0] == 0
    assert client.code(0x07, 2, 0x03, 0xE8) == 0x0B


@pytest.mark.parametrize("code", [Code.TEMPLATE_EMPTY, Code.LIBRARY_EMPTY])
def test_an_empty_library_may_be_told_from_a_finger_that_is_not_found(code: Code) -> None:
    client = odd(empty_library=code)
    assert search(client, ANNA) == (code, 0, 0)
    client.enroll(ANNA, 3)
    assert search(client, BERT) == (9, 0, 0)
    assert search(client, ANNA, start=4) == (9, 0, 0)
    assert search(client, ANNA)[:2] == (0, 3)


def test_what_is_not_found_may_have_another_code() -> None:
    client = odd(not_found=Code.LIBRARY_EMPTY)
    assert search(client, ANNA) == (0x24, 0, 0)
    client.enroll(ANNA, 3)
    assert search(client, BERT) == (0x24, 0, 0)


def test_a_stranger_may_be_found_in_the_lowest_slot_with_score_0() -> None:
    client = odd(zero_score=True)
    assert search(client, BERT) == (9, 0, 0)
    for slot in (7, 3):
        client.enroll(ANNA, slot)
    assert search(client, BERT) == (0, 3, 0)
    assert search(client, BERT, start=4) == (0, 7, 0)
    assert search(client, BERT, start=8) == (9, 0, 0)
    code, slot, score = search(client, ANNA)
    assert (code, slot) == (0, 3)
    assert score >= 50


# --- how it is spoken to -----------------------------------------------------------


def test_a_sensor_may_come_with_another_address() -> None:
    sensor = EmulatedSensor(PROFILES["other-address"])
    assert sensor.receive(frame(COMMAND, b"\x1d")) == b""
    (answer,) = frames(sensor.receive(frame(COMMAND, b"\x1d", 0x12345678)))
    assert answer.address == 0x12345678


def test_a_sensor_may_come_with_a_password() -> None:
    client = Client(EmulatedSensor(PROFILES["with-password"]))
    assert client.code(0x01) == 0x21
    assert client.code(0x13, 0, 0, 0, 0) == 0x13
    assert client.code(0x13, 0, 0, 0xCA, 0xFE) == 0
    assert client.code(0x01) == 2


def test_a_sensor_may_come_with_another_speed_and_tells_it() -> None:
    assert Client(EmulatedSensor(PROFILES["other-baud"])).ask(0x0F)[1][-2:] == b"\0\x0c"
