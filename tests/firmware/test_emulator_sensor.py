"""The emulated sensor, byte for byte, without a wire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator import (
    LED_OFF,
    LED_ON,
    PROFILES,
    R307,
    R503,
    Blend,
    Command,
    EmulatedSensor,
    Finger,
    Led,
    Profile,
    Quality,
)
from tests.firmware.emulator_client import COMMAND, DATA, END, Client, Frame, frame, frames

ANNA = Finger("anna")
BERT = Finger("bert")


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> Profile:
    return PROFILES[request.param]


@pytest.fixture
def sensor(profile: Profile) -> EmulatedSensor:
    return EmulatedSensor(profile)


@pytest.fixture
def client(sensor: EmulatedSensor) -> Client:
    return Client(sensor)


def enroll(client: Client, finger: Finger, slot: int, *, scans: int = 2) -> None:
    for buffer in range(1, scans + 1):
        client.sensor.place(finger)
        client.scan(buffer)
        client.sensor.lift()
    assert client.code(0x05) == 0
    assert client.code(0x06, 1, slot >> 8, slot & 0xFF) == 0


# --- packets ------------------------------------------------------------------------


def test_verify_password_is_answered_with_the_bytes_of_the_manual() -> None:
    asked = bytes.fromhex("ef01 ffffffff 01 0007 13 00000000 001b")
    answer = bytes.fromhex("ef01 ffffffff 07 0003 00 000a")
    assert EmulatedSensor(R307).receive(asked) == answer


def test_a_packet_may_come_byte_by_byte(sensor: EmulatedSensor) -> None:
    packet = frame(COMMAND, b"\x1d")
    answers = [sensor.receive(bytes([byte])) for byte in packet]
    assert not any(answers[:-1])
    assert frames(answers[-1]) == [Frame(7, b"\0\0\0")]


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00\xff",
        b"\xef",
        b"\xef\xef",
        b"\xef\x01",
        b"\xef\x01\xff\xff\xff\xff\x01\xff\xff",
        b"\x55",
    ],
)
def test_garbage_before_a_packet_is_skipped(sensor: EmulatedSensor, noise: bytes) -> None:
    answer = frames(sensor.receive(noise + frame(COMMAND, b"\x01")))
    assert answer[-1] == Frame(7, b"\x02")


def test_a_wrong_checksum_is_answered_with_01_and_has_no_effect(client: Client) -> None:
    enroll(client, ANNA, 3)
    damaged = bytearray(frame(COMMAND, b"\x0d"))
    damaged[-1] ^= 1
    assert frames(client.sensor.receive(bytes(damaged))) == [Frame(7, b"\x01")]
    assert 3 in client.sensor.templates


def test_the_packet_after_one_cut_short_is_still_understood(sensor: EmulatedSensor) -> None:
    cut = frame(COMMAND, b"\x13\0\0\0\0")[:11]
    answers = frames(sensor.receive(cut + frame(COMMAND, b"\x1d")))
    assert answers[-1] == Frame(7, b"\0\0\0")


def test_packets_for_another_address_are_ignored(sensor: EmulatedSensor) -> None:
    assert sensor.receive(frame(COMMAND, b"\x1d", 0x12345678)) == b""


def test_a_new_address_counts_from_its_own_acknowledgement_on(sensor: EmulatedSensor) -> None:
    answer = sensor.receive(frame(COMMAND, b"\x15\x12\x34\x56\x78"))
    assert frames(answer) == [Frame(7, b"\0", 0x12345678)]
    sensor.power_cycle()
    assert sensor.receive(frame(COMMAND, b"\x1d")) == b""
    assert frames(sensor.receive(frame(COMMAND, b"\x1d", 0x12345678)))[0].address == 0x12345678


@pytest.mark.parametrize("payload", [b"\x99", b"", b"\x04\x01", b"\x01\x00", b"\x31"])
def test_what_is_no_known_command_is_a_packet_error(sensor: EmulatedSensor, payload: bytes) -> None:
    assert frames(sensor.receive(frame(COMMAND, payload))) == [Frame(7, b"\x01")]


# --- parameters, password, notepad, light -------------------------------------------


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (R307, "0000 0009 03e8 0003 ffffffff 0002 0006"),
        (R503, "0000 0000 00c8 0003 ffffffff 0002 0006"),
    ],
)
def test_system_parameters_tell_model_and_defaults(model: Profile, expected: str) -> None:
    assert Client(EmulatedSensor(model)).ask(0x0F) == (0, bytes.fromhex(expected))


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
    assert client.code(0x19, 16) == 1
    assert client.code(0x18, 16, *bytes(32)) == 1


def test_random_numbers_differ_and_repeat_with_the_seed(profile: Profile) -> None:
    def row(seed: int) -> list[tuple[int, bytes]]:
        client = Client(EmulatedSensor(profile, seed=seed))
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


# --- scans --------------------------------------------------------------------------


def test_no_finger_gives_no_image(client: Client) -> None:
    assert client.code(0x01) == 2
    assert client.code(0x02, 1) == 0x15


def test_lifting_does_not_take_back_the_image(client: Client) -> None:
    client.sensor.place(ANNA)
    assert client.code(0x01) == 0
    client.sensor.lift()
    assert client.code(0x02, 1) == 0


@pytest.mark.parametrize(
    ("quality", "code"), [(Quality.TOO_MESSY, 6), (Quality.TOO_FEW_FEATURES, 7)]
)
def test_a_bad_finger_fails_at_its_features(client: Client, quality: Quality, code: int) -> None:
    client.sensor.place(Finger("wet or dry", quality))
    for _ in range(3):
        assert client.code(0x01) == 0
        assert client.code(0x02, 1) == code


def test_one_image_is_judged_once(client: Client) -> None:
    client.sensor.place(ANNA)
    client.sensor.script(Quality.TOO_MESSY, Quality.OK)
    assert client.code(0x01) == 0
    assert [client.code(0x02, 1) for _ in range(2)] == [6, 6]
    assert client.code(0x01) == 0
    assert client.code(0x02, 1) == 0


def test_a_finger_may_be_bad_at_first_and_then_good(client: Client) -> None:
    client.sensor.place(Finger("cold", first=[Quality.TOO_FEW_FEATURES, Quality.TOO_MESSY]))
    codes = []
    for _ in range(4):
        client.code(0x01)
        codes.append(client.code(0x02, 1))
    assert codes == [7, 6, 0, 0]


def test_a_failed_image_shows_once_in_a_touch_however_often_it_is_polled(client: Client) -> None:
    client.sensor.script(Quality.OK, Quality.NO_IMAGE, Quality.NO_IMAGE, Quality.OK)
    client.sensor.place(ANNA)
    client.scan(1)
    assert [client.code(0x01) for _ in range(5)] == [0] * 5  # waits for the lifting
    for _ in range(2):
        client.sensor.place(ANNA)
        assert [client.code(0x01) for _ in range(5)] == [3, 0, 0, 0, 0]
    client.sensor.place(ANNA)
    client.scan(1)


def test_a_failed_image_later_in_a_touch_shows_at_its_features(client: Client) -> None:
    client.sensor.script(Quality.NO_IMAGE, Quality.NO_IMAGE)
    client.sensor.place(ANNA)
    assert client.code(0x01) == 3
    assert client.code(0x02, 1) == 0x15
    assert client.code(0x01) == 0
    assert client.code(0x02, 1) == 0x15


def test_a_failed_scan_leaves_the_features_of_the_finger_before(client: Client) -> None:
    enroll(client, ANNA, 4)
    client.sensor.place(Finger("bert", Quality.TOO_MESSY))
    assert client.code(0x01) == 0
    assert client.code(0x02, 1) == 6
    assert client.search()[:2] == (0, 4)


# --- matching -----------------------------------------------------------------------


def test_a_finger_is_found_with_scores_that_vary_and_repeat(profile: Profile) -> None:
    def scores() -> list[int]:
        client = Client(EmulatedSensor(profile))
        enroll(client, ANNA, 7)
        found = []
        for _ in range(4):
            client.sensor.place(ANNA)
            client.scan(1)
            code, slot, score = client.search()
            assert (code, slot) == (0, 7)
            found.append(score)
        return found

    assert scores() == scores()
    assert len(set(scores())) > 1


def test_another_finger_is_not_found_and_the_answer_still_has_all_its_bytes(client: Client) -> None:
    enroll(client, ANNA, 7)
    client.sensor.place(BERT)
    client.scan(1)
    assert client.ask(0x04, 1, 0, 0, 0, 200) == (9, bytes(4))
    assert client.ask(0x1B, 1, 0, 0, 0, 200) == (9, bytes(4))


def test_a_search_looks_only_into_its_range(client: Client) -> None:
    enroll(client, ANNA, 7)
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.search(7, 1)[:2] == (0, 7)
    assert client.search(8, 100)[0] == 9
    assert client.search(0, 7)[0] == 9


def test_an_empty_buffer_matches_nothing(client: Client) -> None:
    enroll(client, ANNA, 7)
    client.sensor.power_cycle()
    assert client.search()[0] == 9
    assert client.ask(0x03) == (8, b"\0\0")


def test_match_compares_the_two_buffers(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    client.scan(2)
    code, score = client.ask(0x03)
    assert code == 0
    assert int.from_bytes(score, "big") >= 50
    client.sensor.place(BERT)
    client.scan(2)
    assert client.ask(0x03) == (8, b"\0\0")


def test_scans_of_different_fingers_are_not_combined(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    client.sensor.place(BERT)
    client.scan(2)
    assert client.code(0x05) == 0x0A


def test_one_scan_makes_no_template(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.code(0x05) == 0x0A


def merge_twins(client: Client, blend: Blend) -> None:
    for buffer, finger in ((1, ANNA), (2, Finger("bert", twin="anna", blend=blend))):
        client.sensor.place(finger)
        client.scan(buffer)
    assert client.code(0x05) == 0
    assert client.code(0x06, 1, 0, 5) == 0


@pytest.mark.parametrize(
    ("blend", "of_first", "of_second"), [(Blend.NEITHER, 9, 9), (Blend.FIRST, 0, 9)]
)
def test_a_template_of_two_fingers_is_caught_by_the_verifying_search(
    client: Client, blend: Blend, of_first: int, of_second: int
) -> None:
    merge_twins(client, blend)
    for finger, code in ((ANNA, of_first), (BERT, of_second)):
        for _ in range(20):
            client.sensor.place(finger)
            client.scan(1)
            assert client.search(5, 1)[0] == code


def test_at_the_lowest_security_level_a_bad_template_is_found_sometimes(client: Client) -> None:
    merge_twins(client, Blend.NEITHER)
    assert client.code(0x0E, 5, 1) == 0
    client.sensor.place(ANNA)
    codes = set()
    for _ in range(20):
        client.scan(1)
        codes.add(client.search(5, 1)[0])
    assert codes == {0, 9}


def test_on_two_buffers_a_third_scan_silently_replaces_the_second() -> None:
    client = Client(EmulatedSensor(R307))
    for buffer, finger in ((1, ANNA), (2, ANNA), (3, BERT)):
        client.sensor.place(finger)
        client.scan(buffer)
    assert client.code(0x05) == 0x0A
    assert client.upload(2) == client.upload(3) == client.upload(0)


def test_on_six_buffers_all_scans_are_combined_and_there_is_no_seventh() -> None:
    client = Client(EmulatedSensor(R503))
    enroll(client, ANNA, 0, scans=6)
    assert client.code(0x01) == 2
    assert client.code(0x02, 7) == client.code(0x02, 0) == 1
    for buffer, finger in ((1, ANNA), (2, ANNA), (3, ANNA), (4, BERT)):
        client.sensor.place(finger)
        client.scan(buffer)
    assert client.code(0x05) == 0x0A


def test_scans_left_behind_do_not_spoil_a_shorter_enrollment() -> None:
    client = Client(EmulatedSensor(R503))
    client.sensor.place(BERT)
    for buffer in (1, 2, 3, 4):
        client.scan(buffer)
    enroll(client, ANNA, 1, scans=3)
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.search()[:2] == (0, 1)


# --- slots --------------------------------------------------------------------------


def test_templates_outlive_a_power_cycle_and_buffers_do_not(client: Client) -> None:
    enroll(client, ANNA, 9)
    client.sensor.power_cycle()
    assert client.code(0x06, 1, 0, 10) == 0x0B
    assert client.ask(0x1D) == (0, b"\0\1")
    assert client.code(0x07, 1, 0, 9) == 0


def test_slots_beyond_the_capacity_do_not_exist(client: Client, profile: Profile) -> None:
    last = profile.capacity - 1
    enroll(client, ANNA, last)
    beyond = profile.capacity.to_bytes(2, "big")
    assert client.code(0x06, 1, *beyond) == 0x0B
    assert client.code(0x07, 1, *beyond) == 0x0B
    assert client.code(0x0C, *last.to_bytes(2, "big"), 0, 2) == 0x10
    assert list(client.sensor.templates) == [last]


def test_an_empty_slot_cannot_be_loaded(client: Client) -> None:
    assert client.code(0x07, 1, 0, 0) == 0x0C


def test_deleting_takes_the_slots_of_its_range_filled_or_not(client: Client) -> None:
    for slot in (1, 2, 4):
        enroll(client, ANNA, slot)
    assert client.code(0x0C, 0, 2, 0, 2) == 0
    assert sorted(client.sensor.templates) == [1, 4]
    assert client.code(0x0D) == 0
    assert client.sensor.templates == {}


def test_the_index_table_has_one_bit_for_each_slot_lowest_first() -> None:
    client = Client(EmulatedSensor(R307))
    for slot in (0, 9, 255, 256, 999):
        enroll(client, ANNA, slot)
    table = [client.ask(0x1F, page)[1] for page in range(4)]
    assert table[0] == bytes([1, 2, *bytes(29), 128])
    assert table[1] == bytes([1, *bytes(31)])
    assert table[2] == bytes(32)
    assert table[3] == bytes([*bytes(28), 128, *bytes(3)])
    assert client.code(0x1F, 4) == 1


# --- transfers ----------------------------------------------------------------------


@pytest.mark.parametrize(("code", "size"), [(0, 32), (1, 64), (2, 128), (3, 256)])
def test_templates_are_sent_in_packets_of_the_configured_size(
    client: Client, profile: Profile, code: int, size: int
) -> None:
    enroll(client, ANNA, 3)
    assert client.code(0x0E, 6, code) == 0
    packets = client.upload(1)
    assert {len(packet.payload) for packet in packets} == {size}
    assert [packet.pid for packet in packets] == [DATA] * (len(packets) - 1) + [END]
    assert b"".join(packet.payload for packet in packets) == client.sensor.templates[3]
    assert len(client.sensor.templates[3]) == profile.template_size


def test_a_template_size_that_does_not_fill_the_last_packet_works_as_well() -> None:
    client = Client(EmulatedSensor(replace(R307, template_size=700)))
    enroll(client, ANNA, 3)
    packets = client.upload(1)
    assert [len(packet.payload) for packet in packets] == [128] * 5 + [60]
    assert packets[-1].pid == END


def test_features_are_shorter_than_a_template(client: Client, profile: Profile) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    assert sum(len(packet.payload) for packet in client.upload(1)) == profile.feature_size


def test_a_copied_template_finds_its_finger_on_another_sensor(client: Client) -> None:
    enroll(client, ANNA, 3)
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
    enroll(client, ANNA, 3)
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


def test_too_much_data_ends_the_transfer_with_a_packet_error(
    client: Client, profile: Profile
) -> None:
    assert frames(client.download(1, bytes(profile.template_size + 128))) == [Frame(7, b"\x01")]
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


def test_a_command_in_the_middle_ends_the_transfer(client: Client) -> None:
    assert client.code(0x09, 1) == 0
    assert client.ask(0x1D) == (0, b"\0\0")
    assert client.sensor.receive(frame(END, bytes(128))) == b""
    assert client.code(0x06, 1, 0, 0) == 0x0B


def test_all_commands_of_a_model_are_understood(client: Client, profile: Profile) -> None:
    lengths = {0x02: 1, 0x04: 5, 0x06: 3, 0x07: 3, 0x08: 1, 0x09: 1, 0x0C: 4, 0x0E: 2, 0x12: 4}
    lengths |= {0x13: 4, 0x15: 4, 0x18: 33, 0x19: 1, 0x1B: 5, 0x1F: 1, 0x35: 4}
    for command in sorted(profile.commands, key=lambda code: code == Command.SET_ADDR):
        parameters = bytes([1] * lengths.get(command, 0))
        answer = client.sensor.receive(frame(COMMAND, bytes([command]) + parameters))
        assert frames(answer)[0].payload[0] != 1, command
