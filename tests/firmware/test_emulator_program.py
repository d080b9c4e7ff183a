"""What a person can type to the emulated sensor."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from serial import Serial

import emulator
from emulator import SensorLine
from emulator.__main__ import HELP, Player, main
from tests.firmware.emulator_client import ACK, COMMAND, COUNT, GEN_IMG, GOOD, ask, frame


def test_a_person_can_enroll_and_disturb(line: SensorLine, port: Serial) -> None:
    player = Player(line)
    assert player.do("place", "anna", "too_messy", "twin=bert", "blend=first") == "ok"
    ask(port, GEN_IMG, 12)
    assert ask(port, frame(COMMAND, b"\x02\x01"), 12) == frame(ACK, b"\x06")
    assert player.do("place", "bert") == "ok"
    ask(port, GEN_IMG, 12)
    assert ask(port, frame(COMMAND, b"\x02\x01"), 12) == frame(ACK, b"\x00")
    assert player.do("place", "anna") == "ok"
    assert player.do("script", "ok") == "ok"
    ask(port, GEN_IMG, 12)
    assert ask(port, frame(COMMAND, b"\x02\x01"), 12) == frame(ACK, b"\x00")
    assert "finger anna" in player.do("show")
    assert player.do("place", "anna") == "ok"
    ask(port, GEN_IMG, 12)
    assert ask(port, frame(COMMAND, b"\x02\x01"), 12) == frame(ACK, b"\x06")
    for words in ("lift", "unplug", "replug", "power", "fault silence", "fault none"):
        expected = "not understood" if words == "fault silence" else "ok"
        assert player.do(*words.split()).startswith(expected)
    assert player.do("fault", "bad_checksum") == "ok"
    assert ask(port, COUNT) != GOOD
    assert player.do("swap", "R503") == "ok"
    assert port.read(1) == b"\x55"


def test_a_person_can_make_a_sensor_see_and_say_odd_things(line: SensorLine, port: Serial) -> None:
    player = Player(line)

    def looks(count: int) -> list[bytes]:
        return [ask(port, GEN_IMG, 12)[9:10] for _ in range(count)]

    assert player.do("fault", "code", "17", "2") == "ok"
    assert looks(3) == [b"\x17", b"\x17", b"\x02"]
    assert player.do("background", "dirt") == "ok"
    assert looks(1) == [b"\0"]
    assert player.do("background", "nothing") == "ok"
    assert player.do("flicker", "110") == "ok"
    assert player.do("place", "anna", "early=too_few_features,edge") == "ok"
    assert looks(4) == [b"\0", b"\0", b"\x02", b"\0"]
    assert ask(port, frame(COMMAND, b"\x02\x01"), 12) == frame(ACK, b"\x07")
    assert player.do("flicker", "1") == "ok"
    assert looks(3) == [b"\0"] * 3
    assert player.do("swap", "dead-count") == "ok"
    assert ask(port, COUNT) == GOOD


@pytest.mark.parametrize(
    "words",
    [
        *("place x wet", "place x odd=1", "script", "fault", "fault code xyz"),
        *("swap R999", "flicker 12", "background x", "jump", "lift now"),
    ],
)
def test_a_person_is_told_what_was_not_understood(line: SensorLine, words: str) -> None:
    answer = Player(line).do(*words.split())
    assert answer.startswith("not understood") or answer == HELP


def test_the_end_of_the_input_or_quit_ends_the_game(line: SensorLine) -> None:
    rest = io.StringIO("\nlift\nquit\nplace anna\n")
    Player(line).run(rest)
    assert rest.read() == "place anna\n"
    Player(line).run(io.StringIO(""))


@pytest.mark.parametrize(
    ("options", "model", "baud", "asked", "answer"),
    [
        (["--profile", "R503"], "R503", 57600, COUNT, GOOD),
        (["--baud", "115200"], "R307", 115200, COUNT, GOOD),
        (["--address", "1A2B"], "R307", 57600, frame(COMMAND, b"\x1d", 0x1A2B), None),
        (["--password", "CAFE"], "R307", 57600, COUNT, frame(ACK, b"\x21")),
    ],
)
def test_the_program_says_where_its_sensor_is(
    tmp_path: Path, options: list[str], model: str, baud: int, asked: bytes, answer: bytes | None
) -> None:
    link = tmp_path / "sensor"
    with subprocess.Popen(
        [sys.executable, "-m", "emulator", *options, "--link", str(link)],
        cwd=Path(emulator.__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == f"{model} at {link}\n"
        expected = answer or frame(ACK, b"\0\0\0", 0x1A2B)
        with Serial(str(link), baud, timeout=5) as port:
            assert ask(port, asked, len(expected)) == expected
        program.stdin.close()
        assert program.wait(10) == 0
    assert not link.is_symlink()


@pytest.mark.parametrize(
    "options", [["--baud", "57601"], ["--address", "123456789"], ["--password", "no"]]
)
def test_the_program_refuses_what_no_sensor_can_have(options: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(options)
