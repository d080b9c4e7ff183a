"""The emulated sensor on its pty: threads, files and what a person can type."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from serial import Serial

from emulator import R307, R503, Code, Command, EmulatedSensor, Fault, Finger, Quality, SensorLine
from tests.firmware.emulator_client import ACK, COMMAND, COUNT, GEN_IMG, GOOD, ask, frame

ANNA = Finger("anna")


def open_files() -> list[str]:
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


def is_silent(port: Serial) -> bool:
    """Tell whether nothing comes for a moment."""
    port.timeout = 0.05
    heard = port.read(1)
    port.timeout = 5
    return not heard


def test_a_client_may_come_and_go(line: SensorLine) -> None:
    for _ in range(3):
        with Serial(line.path, 57600, timeout=5) as port:
            assert ask(port, COUNT) == GOOD


def test_the_log_tells_command_answer_and_order(line: SensorLine, port: Serial) -> None:
    ask(port, COUNT)
    ask(port, GEN_IMG, 12)
    ask(port, COUNT[:-1] + b"\xff", 12)
    entries = line.commands
    assert [(entry.number, entry.command, entry.code) for entry in entries] == [
        (0, Command.TEMPLETE_NUM, Code.OK),
        (1, Command.GEN_IMG, Code.NO_FINGER),
        (2, None, Code.PACKET_ERROR),
    ]
    assert entries[0].time <= entries[1].time <= entries[2].time
    assert line.command_count == 3


def test_waiting_in_vain_tells_what_came_instead(line: SensorLine, port: Serial) -> None:
    line.place(ANNA)
    with pytest.raises(TimeoutError, match=r"no command 0x06.*a finger there, last nothing"):
        line.wait_for_command(Command.STORE, 0)
    line.lift()
    ask(port, GEN_IMG, 12)
    ask(port, COUNT[:-1] + b"\xff", 12)
    with pytest.raises(
        TimeoutError,
        match=r"no finger there, last 0x01 -> NO_FINGER \d.\d s ago, none -> PACKET_ERROR",
    ):
        line.wait_for_command(Command.STORE, 0)


def test_waiting_ends_with_the_command_that_was_waited_for(line: SensorLine, port: Serial) -> None:
    ask(port, GEN_IMG, 12)
    mark = line.command_count
    sender = threading.Timer(0.05, port.write, [GEN_IMG])
    sender.start()
    assert line.wait_for_command(Command.GEN_IMG, since=mark).number == 1
    sender.join()


def test_waiting_takes_what_has_come_already_and_can_ask_for_an_answer(
    line: SensorLine, port: Serial
) -> None:
    ask(port, GEN_IMG, 12)
    line.place(ANNA)
    ask(port, GEN_IMG, 12)
    assert line.wait_for_command(Command.GEN_IMG).number == 0
    assert line.wait_for_command(Command.GEN_IMG, code=Code.OK).number == 1


def test_waiting_for_what_does_not_come_has_an_end(line: SensorLine) -> None:
    with pytest.raises(TimeoutError, match="0x06"):
        line.wait_for_command(Command.STORE, 0.01)
    with pytest.raises(TimeoutError):
        line.wait_until(lambda sensor: bool(sensor.templates), 0.01)


@pytest.mark.timeout(20)
def test_waiting_sees_what_changes_without_an_answer(line: SensorLine, port: Serial) -> None:
    ask(port, frame(COMMAND, b"\x09\x01"), 12)
    sender = threading.Timer(0.05, port.write, [frame(8, bytes(64))])
    sender.start()
    line.wait_until(lambda sensor: 1 in sensor._memory.ram.buffers, 60)
    sender.join()


def test_a_logged_command_is_answered_even_if_power_is_lost_right_after(
    line: SensorLine, port: Serial
) -> None:
    for _ in range(50):
        mark = line.command_count
        port.write(COUNT)
        line.wait_for_command(Command.TEMPLETE_NUM, since=mark)
        line.power_cycle()
        assert port.read(len(GOOD)) == GOOD


def test_fingers_come_and_go(line: SensorLine, port: Serial) -> None:
    line.place(ANNA)
    assert ask(port, GEN_IMG, 12) == frame(ACK, b"\x00")
    line.lift()
    assert ask(port, GEN_IMG, 12) == frame(ACK, b"\x02")
    line.script(Quality.NO_IMAGE)
    line.place(ANNA)
    assert ask(port, GEN_IMG, 12) == frame(ACK, b"\x03")


def test_an_unplugged_sensor_is_silent_and_back_on_the_same_path(
    line: SensorLine, port: Serial
) -> None:
    path = line.path
    line.unplug()
    port.write(COUNT)
    assert is_silent(port)
    line.replug()
    assert line.path == path
    assert ask(port, COUNT) == GOOD


def test_a_power_cycle_loses_the_buffers_and_keeps_the_finger(
    line: SensorLine, port: Serial
) -> None:
    line.place(ANNA)
    ask(port, GEN_IMG, 12)
    line.power_cycle()
    assert ask(port, frame(COMMAND, b"\x02\x01"), 12) == frame(ACK, b"\x15")
    assert ask(port, GEN_IMG, 12) == frame(ACK, b"\x00")


def test_a_swapped_sensor_answers_with_its_own_memory(line: SensorLine, port: Serial) -> None:
    with line.hold() as first:
        first.notepad[0] = b"1" * 32
    second = EmulatedSensor(R503)
    second.notepad[0] = b"2" * 32
    read_notepad = frame(COMMAND, b"\x19\x00")
    assert ask(port, read_notepad, 44)[10:42] == b"1" * 32
    line.swap(second)
    assert not first.powered
    assert port.read(1) == b"\x55"
    assert ask(port, read_notepad, 44)[10:42] == b"2" * 32
    line.swap(first)
    assert ask(port, read_notepad, 44)[10:42] == b"1" * 32


def test_a_split_answer_arrives_whole(line: SensorLine, port: Serial) -> None:
    with line.hold() as sensor:
        sensor.faults.add(Fault.SPLIT)
    assert ask(port, COUNT) == GOOD


def test_answers_take_the_time_of_the_model_scaled() -> None:
    slow = EmulatedSensor(replace(R307, seconds={Command.GEN_IMG: 0.5, Command.EMPTY: 60.0}))
    with SensorLine(slow, time_scale=0.2) as line, Serial(line.path, 57600, timeout=5) as port:
        ask(port, COUNT)
        ask(port, GEN_IMG, 12)
        quick, image = line.commands
    assert image.time - quick.time >= 0.1
    with SensorLine(slow) as line, Serial(line.path, 57600, timeout=5) as port:
        assert ask(port, frame(COMMAND, b"\x0d"), 12) == frame(ACK, b"\x00")


@pytest.mark.parametrize("event", ["unplug", "power_cycle", "swap"])
def test_an_answer_that_is_under_way_is_lost_with_the_power(event: str) -> None:
    slow = EmulatedSensor(replace(R307, seconds={Command.EMPTY: 60.0}))
    slow.templates[1] = b""
    with SensorLine(slow, time_scale=1) as line, Serial(line.path, 57600, timeout=5) as port:
        port.write(frame(COMMAND, b"\x0d"))
        line.wait_until(lambda sensor: not sensor.templates)
        getattr(line, event)(*[EmulatedSensor(R307)] * (event == "swap"))
        assert line.wait_for_command(Command.EMPTY).code is Code.OK
        assert is_silent(port)


def test_closing_does_not_wait_for_a_slow_answer() -> None:
    slow = EmulatedSensor(replace(R307, seconds={Command.EMPTY: 60.0}))
    slow.templates[1] = b""
    line = SensorLine(slow, time_scale=1)
    with Serial(line.path, 57600, timeout=5) as port:
        port.write(frame(COMMAND, b"\x0d"))
        line.wait_until(lambda sensor: not sensor.templates)
        line.close()


def test_closing_leaves_no_thread_no_file_and_no_link(tmp_path: Path) -> None:
    link = tmp_path / "sensor"
    threads, files = threading.active_count(), open_files()
    for _ in range(5):
        line = SensorLine(EmulatedSensor(R307), link=link)
        assert line.path == str(link)
        with Serial(line.path, 57600, timeout=5) as port:
            assert ask(port, COUNT) == GOOD
        line.close()
        line.close()
    assert (threading.active_count(), open_files()) == (threads, files)
    assert not link.is_symlink()


def test_a_closed_line_writes_nowhere() -> None:
    line = SensorLine(EmulatedSensor(R503))
    line.close()
    line.replug()
    line.power_cycle()


def test_a_client_that_does_not_set_up_its_port_gets_raw_bytes(line: SensorLine) -> None:
    port = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(port, frame(COMMAND, b"\x18\x0d" + bytes(range(32))))
        assert line.wait_for_command(Command.WRITE_NOTEPAD).code is Code.OK
        assert os.read(port, 12) == frame(ACK, b"\0")
    finally:
        os.close(port)


def test_at_another_speed_nothing_is_understood_and_nothing_is_answered(line: SensorLine) -> None:
    for baud in (9600, 115200, 28800, 57600):
        with Serial(line.path, baud, timeout=0.05 if baud != 57600 else 5) as port:
            assert ask(port, COUNT) == (GOOD if baud == 57600 else b"")
    assert line.command_count == 1


@pytest.mark.parametrize("times", [1, 2, 4, 12])
def test_a_new_speed_counts_from_the_answer_on(line: SensorLine, port: Serial, times: int) -> None:
    assert ask(port, frame(COMMAND, bytes([0x0E, 4, times])), 12) == frame(ACK, b"\0")
    port.timeout = 0.05
    assert ask(port, COUNT) == b""
    port.timeout = 5
    port.baudrate = 9600 * times
    assert ask(port, COUNT) == GOOD
    line.power_cycle()
    assert ask(port, COUNT) == GOOD


def test_a_sensor_of_another_speed_is_not_heard_to_start(line: SensorLine, port: Serial) -> None:
    line.swap(EmulatedSensor(replace(R503, baud=12)))
    assert is_silent(port)
    port.baudrate = 115200
    line.power_cycle()
    assert port.read(1) == b"\x55"
    assert ask(port, COUNT) == GOOD


def test_a_code_off_the_list_is_logged_and_told_as_a_number(line: SensorLine, port: Serial) -> None:
    with line.hold() as sensor:
        sensor.faults.add(Fault.CODE, code=0xA5)
    assert ask(port, GEN_IMG, 12) == frame(ACK, b"\xa5")
    assert line.wait_for_command(Command.GEN_IMG, code=0xA5).number == 0
    with pytest.raises(TimeoutError, match=r"last 0x01 -> 0xa5 "):
        line.wait_for_command(Command.STORE, 0)


def test_a_command_that_is_not_answered_is_logged_all_the_same() -> None:
    sensor = EmulatedSensor(replace(R307, unknown_answer=None))
    with SensorLine(sensor) as line, Serial(line.path, 57600, timeout=5) as port:
        port.write(frame(COMMAND, b"\x3c"))
        assert line.wait_for_command(Command.READ_PROD_INFO).code is None
        assert ask(port, COUNT) == GOOD


def test_a_link_left_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "sensor"
    link.symlink_to("/dev/null")
    with SensorLine(EmulatedSensor(R307), link=link):
        assert link.readlink() != Path("/dev/null")


def test_a_file_in_the_place_of_the_link_is_left_alone(tmp_path: Path) -> None:
    files = open_files()
    link = tmp_path / "sensor"
    link.write_text("precious")
    with pytest.raises(FileExistsError):
        SensorLine(EmulatedSensor(R307), link=link)
    assert link.read_text() == "precious"
    assert open_files() == files


def test_answers_that_nobody_reads_do_not_stop_the_line(line: SensorLine, port: Serial) -> None:
    with line.hold() as sensor:
        sensor.templates[0] = bytes(512)
    ask(port, frame(COMMAND, b"\x07\x01\0\0"), 12)
    for _ in range(400):
        port.write(frame(COMMAND, b"\x08\x01"))
    line.wait_until(lambda _: line.command_count > 400)
    line.unplug()
