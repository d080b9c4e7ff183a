"""The driver on a scripted line."""

import asyncio

from fpreader.sensor import Sensor
from fpreader.sensor_connection import CodeError, PasswordError, SensorConnection, SensorError
from fpreader.sensor_packet import ACK, encode

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

SILENCE = b""


class Line:
    """Answers the n-th packet that is sent with the n-th script; time does not pass."""

    def __init__(self, *answers: bytes, stale: bytes = b"") -> None:
        self.sent: list[bytes] = []
        self._answers = list(answers)
        self._waiting = stale

    def write(self, data: bytes) -> None:
        self.sent.append(data[9:-2])
        if self._answers:
            self._waiting += self._answers.pop(0)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        assert 0 < timeout_ms <= 3000
        data, self._waiting = self._waiting[:n], self._waiting[n:]
        return data

    def discard(self) -> None:
        self._waiting = b""

    def set_baud(self, rate: int) -> None:
        pass


class Drip(Line):
    """A line on which noise never ends."""

    async def read(self, n: int, timeout_ms: int) -> bytes:
        await asyncio.sleep(0.01)
        return b"\xef"


class Torn(Line):
    """A line that is gone."""

    def write(self, data: bytes) -> None:
        raise OSError(5)


def on(line: Line) -> Sensor:
    """Make the sensor at the end of a line."""
    return Sensor(SensorConnection(line))


def ack(*content: int) -> bytes:
    return encode(ACK, bytes(content))


def run(coroutine: "Coroutine[Any, Any, Any]") -> "Any":
    return asyncio.run(coroutine)


def fails(coroutine: "Coroutine[Any, Any, Any]") -> str:
    """Run what has to fail; give the word for it."""
    try:
        run(coroutine)
    except SensorError as error:
        return error.word
    raise AssertionError("did not fail")


def refusal(coroutine: "Coroutine[Any, Any, Any]") -> "tuple[int | None, int | None] | None":
    """Run what is answered with a strange code; give command and code."""
    try:
        run(coroutine)
    except CodeError as error:
        return error.command, error.code
    return None


def test_each_command_is_the_bytes_of_the_manual() -> None:
    async def all_of(sensor: Sensor) -> None:
        await sensor.vfy_pwd()
        assert await sensor.read_sys_para() == (1000, 3)
        await sensor.set_security_level(4)
        assert await sensor.gen_img() == "finger"
        assert await sensor.img2tz(2) == "good"
        assert await sensor.search(1, 258, 772) == (5, 143)
        assert await sensor.reg_model()
        assert await sensor.store(259)
        await sensor.delet_char(260)
        assert await sensor.read_index_table(3) == bytes(32)
        assert await sensor.templete_num() == 258
        assert await sensor.read_notepad(15) == bytes(32)
        await sensor.write_notepad(15, bytes(32))
        await sensor.aura_led(2, 50, 2, 6)
        await sensor.light(on=True)
        await sensor.light(on=False)

    done = ack(0)
    parameters = b"\0\0\0\0\x03\xe8\0\x03" + bytes(8)
    line = Line(
        done,
        encode(ACK, b"\0" + parameters),
        done,
        done,
        done,
        ack(0, 0, 5, 0, 143),
        done,
        done,
        done,
        encode(ACK, bytes(33)),
        ack(0, 1, 2),
        encode(ACK, bytes(33)),
        *([done] * 4),
    )
    run(all_of(on(line)))
    assert line.sent == [
        b"\x13\0\0\0\0",
        b"\x0f",
        b"\x0e\x05\x04",
        b"\x01",
        b"\x02\x02",
        b"\x04\x01\x01\x02\x03\x04",
        b"\x05",
        b"\x06\x01\x01\x03",
        b"\x0c\x01\x04\0\x01",
        b"\x1f\x03",
        b"\x1d",
        b"\x19\x0f",
        b"\x18\x0f" + bytes(32),
        b"\x35\x02\x32\x02\x06",
        b"\x50",
        b"\x51",
    ]


def test_each_confirmation_code_has_its_meaning() -> None:
    for code, word in ((0, "finger"), (2, "no_finger"), (3, "no_image")):
        assert run(on(Line(ack(code))).gen_img()) == word
    for code, word in ((0, "good"), (6, "too_messy"), (7, "too_few_features"), (0x15, "no_image")):
        assert run(on(Line(ack(code))).img2tz(1)) == word
    assert run(on(Line(ack(9))).search(1, 0, 10)) is None
    assert run(on(Line(ack(9, 0, 0, 0, 0))).search(1, 0, 10)) is None
    assert run(on(Line(ack(0x0A))).reg_model()) is False
    assert run(on(Line(ack(0x0B))).store(1)) is False
    assert run(on(Line(ack(0x18))).store(1)) is False
    assert fails(on(Line(ack(0x13))).vfy_pwd()) == PasswordError.word
    assert fails(on(Line(ack(0x21))).gen_img()) == PasswordError.word


def test_a_colour_that_is_refused_with_whatever_code_is_not_shown() -> None:
    for code in (0x01, 0x18, 0x1A, 0xFF):
        line = Line(*[ack(code)] * 3)
        assert fails(on(line).aura_led(3, 0, 7, 0)) == CodeError.word
        # Only 01 may also mean that the command came through damaged.
        assert len(line.sent) == (3 if code == 1 else 1)


def test_a_command_is_sent_three_times_before_the_sensor_counts_as_dead() -> None:
    bad_sum = ack(2)[:-1] + b"\xff"
    for bad in (SILENCE, b"\x00\xff\xef\x01", bad_sum, ack(1), ack(2)[:8]):
        line = Line(bad, bad, ack(2))
        assert run(on(line).gen_img()) == "no_finger"
        line = Line(bad, bad, bad, ack(2))
        word = "missing_command" if bad == ack(1) else "not_responding"
        assert fails(on(line).gen_img()) == word
        assert len(line.sent) == 3


def test_a_code_that_a_command_is_not_known_to_have_is_asked_for_once_more() -> None:
    for code in (0x17, 0x27, 0x29, 0xFC, 0xFD, 0xFE, 0x42):
        assert run(on(Line(ack(code), ack(2))).gen_img()) == "no_finger"
        line = Line(ack(code), ack(code), ack(2))
        sensor = on(line)
        assert refusal(sensor.gen_img()) == (1, code)
        # The sensor answers: nothing has to be waited for.
        assert not sensor.connection.out_of_sync
        assert len(line.sent) == 2


def test_a_command_that_is_refused_again_and_again_is_missing_until_it_is_answered() -> None:
    line = Line(*[ack(0xFC)] * 10, ack(2))
    sensor = on(line)
    for times in range(5):
        assert sensor.connection.refused is None, times
        assert refusal(sensor.gen_img()) == (1, 0xFC)
    assert sensor.connection.refused == (1, 0xFC)
    assert run(sensor.gen_img()) == "no_finger"
    assert sensor.connection.refused is None


def test_an_empty_library_and_a_match_without_a_score_are_no_match() -> None:
    for code in (0x09, 0x22, 0x24):
        assert run(on(Line(ack(code))).search(1, 0, 10)) is None
    assert run(on(Line(ack(0, 0, 5, 0, 0))).search(1, 0, 10)) is None


def test_a_search_that_fails_for_a_moment_is_used_again_where_there_is_no_other() -> None:
    sensor = on(Line(*[ack(0xFC)] * 4, ack(0, 0, 5, 0, 143)))
    assert refusal(sensor.search(1, 0, 10)) == (0x1B, 0xFC)
    assert run(sensor.search(1, 0, 10)) == (5, 143)


def test_what_a_delete_is_answered_with_is_no_error() -> None:
    for code in (0x01, 0x10, 0xFC):
        assert run(on(Line(*[ack(code)] * 3)).delet_char(5)) == code


def test_the_other_search_is_used_where_the_sensor_lacks_one() -> None:
    found = ack(0, 0, 5, 0, 143)
    for refusal in ([ack(0xFC)] * 2, [ack(1)] * 3):
        line = Line(*refusal, *([ack(0, 0, 0)] * (len(refusal) == 3)), found, found)
        sensor = on(line)
        assert run(sensor.search(1, 0, 10)) == (5, 143)
        assert run(sensor.search(1, 0, 10)) == (5, 143)
        assert [sent[0] for sent in line.sent][-2:] == [0x1B, 0x1B]


def test_nothing_is_repeated_when_there_is_no_time_for_it() -> None:
    line = Line()
    sensor = on(line)
    sensor.connection.may_repeat = lambda: False
    assert fails(sensor.gen_img()) == "not_responding"
    assert len(line.sent) == 1


def test_noise_around_an_answer_does_no_harm() -> None:
    line = Line(b"\x55\xef\x01\x00" + ack(2) + b"\xef")
    assert run(on(line).gen_img()) == "no_finger"
    assert len(line.sent) == 1


def test_what_came_before_the_command_is_not_its_answer() -> None:
    line = Line(ack(2), stale=ack(0))
    assert run(on(line).gen_img()) == "no_finger"


def test_a_late_answer_of_another_kind_is_not_this_ones() -> None:
    late = ack(0, 0, 7, 0, 99)  # of a Search
    assert run(on(Line(late + ack(2))).gen_img()) == "no_finger"
    late = ack(0)  # of a GenImg
    assert run(on(Line(late + ack(0, 0, 5, 0, 143))).search(1, 0, 10)) == (5, 143)
    data = encode(2, bytes(1))  # a data packet is no acknowledgement
    assert run(on(Line(data + ack(2))).gen_img()) == "no_finger"


def test_endless_noise_does_not_hold_a_command_for_ever() -> None:
    assert fails(on(Drip()).light(on=True)) == "not_responding"


def test_a_line_that_is_gone_counts_as_silence() -> None:
    assert fails(on(Torn()).light(on=True)) == "not_responding"


def test_commands_do_not_mix_when_two_tasks_use_the_sensor() -> None:
    async def both() -> None:
        line = Slow()
        sensor = on(line)
        tasks = [asyncio.create_task(sensor.gen_img()) for _ in range(3)]
        for task in tasks:
            assert await task == "no_finger"
        assert line.most == 1

    run(both())


class Slow(Line):
    """A line that takes a moment, and counts the commands that are under way."""

    most = 0
    _under_way = 0

    def write(self, data: bytes) -> None:
        self._under_way += 1
        self.most = max(self.most, self._under_way)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        await asyncio.sleep(0.005)
        self._under_way -= 1
        return ack(2)


def test_any_bytes_are_survived() -> None:
    state = 7
    for length in range(200):
        noise = bytearray(b"\xef\x01\xff\xff\xff\xff\x07" if length % 3 else b"")
        for _ in range(length):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise.append(state >> 16 & 0xFF)
        try:
            run(on(Line(*[bytes(noise)] * 3)).search(1, 0, 1000))
        except SensorError:
            pass


def test_commands_without_a_valid_answer_are_counted_whatever_their_repeats() -> None:
    line = Line(SILENCE, ack(0), *([SILENCE] * 6), ack(0x21), ack(0x18))
    sensor = on(line)
    run(sensor.gen_img())
    assert sensor.connection.errors == 0  # answered in the second try
    sensor.connection.out_of_sync = False
    fails(sensor.gen_img())
    fails(sensor.gen_img())  # asks what is owed first, also in vain
    assert sensor.connection.errors == 2
    sensor.connection.out_of_sync = False
    fails(sensor.gen_img())  # wants a password: an answer
    assert sensor.connection.errors == 2
