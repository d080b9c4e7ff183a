"""What a reader sees when something goes wrong between it and its sensor."""

from __future__ import annotations

import pytest

from emulator import R307, R503, Code, Command, EmulatedSensor, Fault, Finger
from tests.firmware.emulator_client import ACK, COMMAND, Client, Frame, frame, frames

ANNA = Finger("anna")
COUNT = frame(COMMAND, b"\x1d")
GOOD = frame(ACK, b"\0\0\0")


@pytest.fixture
def sensor() -> EmulatedSensor:
    """Return a sensor with a template of Anna in buffers 1 and 2, and her finger on it."""
    sensor = EmulatedSensor(R307)
    sensor.place(ANNA)
    client = Client(sensor)
    client.scan(1)
    client.scan(2)
    assert client.code(0x05) == 0
    return sensor


def test_a_lost_request_has_no_effect(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.REQUEST_LOST)
    assert sensor.receive(frame(COMMAND, b"\x06\x01\0\0")) == b""
    assert sensor.templates == {}
    assert sensor.receive(COUNT) == GOOD


def test_a_lost_answer_hides_an_effect(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.ANSWER_LOST)
    assert sensor.receive(frame(COMMAND, b"\x06\x01\0\0")) == b""
    assert list(sensor.templates) == [0]
    assert sensor.receive(COUNT) == frame(ACK, b"\0\0\1")


def test_a_bad_checksum_is_all_that_is_wrong_with_the_answer(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.BAD_CHECKSUM)
    answer = sensor.receive(COUNT)
    assert answer[:-1] == GOOD[:-1]
    assert answer[-1] != GOOD[-1]


def test_a_bad_checksum_of_a_transfer_is_in_its_last_packet(sensor: EmulatedSensor) -> None:
    up_char = frame(COMMAND, b"\x08\x01")
    good = sensor.receive(up_char)
    sensor.faults.add(Fault.BAD_CHECKSUM)
    bad = sensor.receive(up_char)
    assert bad[:-1] == good[:-1]
    assert bad[-1] != good[-1]


def test_garbage_before_an_answer_ends_in_half_a_start_code(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.GARBAGE)
    answer = sensor.receive(COUNT)
    assert answer.endswith(b"\xef" + GOOD)
    assert answer.index(b"\xef\x01") == len(answer) - len(GOOD)


def test_a_truncated_answer_is_the_beginning_of_the_good_one(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.TRUNCATED)
    answer = sensor.receive(COUNT)
    assert 0 < len(answer) < len(GOOD)
    assert GOOD.startswith(answer)


def test_a_split_answer_is_complete_in_pieces(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.SPLIT)
    (reply,) = sensor.process(COUNT)
    assert [len(piece) for piece in reply.pieces] == [1, 2, 5, 2, 4]
    assert b"".join(reply.pieces) == GOOD


def test_power_loss_before_a_command_loses_the_command_and_the_ram(
    sensor: EmulatedSensor,
) -> None:
    sensor.faults.add(Fault.POWER_LOSS_BEFORE, command=Command.STORE)
    assert sensor.receive(frame(COMMAND, b"\x06\x01\0\0")) == b""
    assert sensor.templates == {}
    assert Client(sensor).code(0x06, 1, 0, 0) == Code.BAD_PAGE


def test_power_loss_after_a_command_loses_only_the_answer_and_the_ram(
    sensor: EmulatedSensor,
) -> None:
    sensor.faults.add(Fault.POWER_LOSS_AFTER, command=Command.STORE)
    assert sensor.receive(frame(COMMAND, b"\x06\x01\0\0")) == b""
    assert list(sensor.templates) == [0]
    assert Client(sensor).code(0x06, 1, 0, 1) == Code.BAD_PAGE


@pytest.mark.parametrize("fault", [Fault.POWER_LOSS_BEFORE, Fault.POWER_LOSS_AFTER])
def test_an_r503_announces_itself_after_a_power_loss(fault: Fault) -> None:
    sensor = EmulatedSensor(R503)
    sensor.faults.add(fault)
    assert sensor.receive(COUNT) == b"\x55"
    assert sensor.receive(COUNT) == GOOD


def test_what_came_behind_a_command_is_lost_with_the_power(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.POWER_LOSS_AFTER)
    assert sensor.receive(COUNT + COUNT) == b""
    assert sensor.receive(COUNT) == GOOD


@pytest.mark.parametrize("code", [0x17, Code.HARDWARE, 0xA5, 0])
def test_a_code_is_all_that_a_command_gets_and_does(sensor: EmulatedSensor, code: int) -> None:
    sensor.faults.add(Fault.CODE, 2, after=1, command=Command.STORE, code=code)
    client = Client(sensor)
    assert [client.ask(0x06, 1, 0, slot) for slot in range(4)] == [
        (0, b""), (code, b""), (code, b""), (0, b""),
    ]  # fmt: skip
    assert sorted(sensor.templates) == [0, 3]
    assert sensor.faults.left == 0


def test_a_code_comes_without_the_data_of_a_good_answer(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.CODE, code=0x29)
    (reply,) = sensor.process(COUNT)
    assert (reply.command, reply.code) == (Command.TEMPLETE_NUM, Code.SENSOR_HARDWARE)
    assert reply.pieces == (frame(ACK, b"\x29"),)
    assert sensor.receive(COUNT) == GOOD


def test_a_code_is_that_of_a_finger_left_behind_unless_it_is_said(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.CODE)
    assert Client(sensor).code(0x1D) == 0x17


@pytest.mark.parametrize("code", [256, -1])
def test_a_code_is_one_byte(sensor: EmulatedSensor, code: int) -> None:
    with pytest.raises(ValueError, match="no confirmation code"):
        sensor.faults.add(Fault.CODE, code=code)
    assert sensor.faults.left == 0


def test_a_fault_waits_for_its_turn(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.REQUEST_LOST, 2, after=2)
    answers = [sensor.receive(COUNT) for _ in range(5)]
    assert answers == [GOOD, GOOD, b"", b"", GOOD]


def test_faults_follow_each_other_in_the_planned_order(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.ANSWER_LOST)
    sensor.faults.add(Fault.GARBAGE, after=1)
    sensor.faults.add(Fault.REQUEST_LOST)
    lengths = [len(sensor.receive(COUNT)) - len(GOOD) for _ in range(5)]
    assert lengths == [-len(GOOD), 0, 4, -len(GOOD), 0]


def test_a_fault_of_one_command_spares_and_does_not_count_the_others(
    sensor: EmulatedSensor,
) -> None:
    sensor.faults.add(Fault.REQUEST_LOST, after=1, command=Command.GEN_IMG)
    assert sensor.receive(COUNT) == GOOD
    assert Client(sensor).code(0x01) == 0
    assert sensor.receive(COUNT) == GOOD
    assert sensor.receive(frame(COMMAND, b"\x01")) == b""
    assert Client(sensor).code(0x01) == 0


def test_a_sensor_may_hang_until_told_otherwise(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.REQUEST_LOST, None)
    assert [sensor.receive(COUNT) for _ in range(50)] == [b""] * 50
    sensor.faults.clear()
    assert sensor.receive(COUNT) == GOOD


def test_the_complaint_about_a_damaged_packet_can_be_lost_too(sensor: EmulatedSensor) -> None:
    damaged = COUNT[:-1] + b"\xff"
    assert frames(sensor.receive(damaged)) == [Frame(ACK, b"\x01")]
    sensor.faults.add(Fault.ANSWER_LOST)
    assert sensor.receive(damaged) == b""


def test_replies_name_command_and_code_even_when_nothing_is_sent(sensor: EmulatedSensor) -> None:
    sensor.faults.add(Fault.ANSWER_LOST)
    sensor.faults.add(Fault.REQUEST_LOST)
    replies = [reply for _ in range(3) for reply in sensor.process(COUNT)]
    assert [(reply.command, reply.code) for reply in replies] == [
        (Command.TEMPLETE_NUM, Code.OK),
        (Command.TEMPLETE_NUM, None),
        (Command.TEMPLETE_NUM, Code.OK),
    ]
