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
from emulator.__main__ import HELP, Player
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


@pytest.mark.parametrize(
    "words", ["place x wet", "place x odd=1", "script", "fault", "swap R999", "jump", "lift now"]
)
def test_a_person_is_told_what_was_not_understood(line: SensorLine, words: str) -> None:
    answer = Player(line).do(*words.split())
    assert answer.startswith("not understood") or answer == HELP


def test_the_end_of_the_input_or_quit_ends_the_game(line: SensorLine) -> None:
    rest = io.StringIO("\nlift\nquit\nplace anna\n")
    Player(line).run(rest)
    assert rest.read() == "place anna\n"
    Player(line).run(io.StringIO(""))


def test_the_program_says_where_its_sensor_is(tmp_path: Path) -> None:
    link = tmp_path / "sensor"
    with subprocess.Popen(
        [sys.executable, "-m", "emulator", "--profile", "R503", "--link", str(link)],
        cwd=Path(emulator.__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == f"R503 at {link}\n"
        with Serial(str(link), 57600, timeout=5) as port:
            assert ask(port, COUNT) == GOOD
        program.stdin.close()
        assert program.wait(10) == 0
    assert not link.is_symlink()
