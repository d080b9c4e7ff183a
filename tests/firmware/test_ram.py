"""A full journal and the map of a full R307 in the RAM of a microcontroller."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fpreader.journal import CAPACITY, Journal
from fpreader.journal_file import JournalFile
from fpreader.storage import Storage
from fpreader.touch_record import Touch
from tests.firmware.reader_process import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRMWARE = Path(__file__).parents[2] / "firmware"
TEMPLATES = 999
#: Of a 64-bit heap, in which all is about twice as large as on an ESP32.
HEAP = "224k"
PROGRAM = f"""
import sys
sys.path.insert(0, {str(FIRMWARE)!r})
from fpreader.app import App
from fpreader.board import Board
from fpreader.config import Config, Section
board = Board(sys.argv[1])
board.name, board.device, board.stream = "x", "x", None
config = {{"reader_id": "x", "sensor": "R307", "broker": "x", "port": 1}}
app = App(board, Config(Section(config)))
assert len(app.journal) == {CAPACITY}
app.scanner._memory.commit({TEMPLATES}, "b" * 16, app.scanner.snapshot)
app.scanner._memory.reconcile(lambda slot: slot != 7)
"""


def packed() -> Iterator[bytes]:
    for slot in range(TEMPLATES):
        yield slot.to_bytes(2, "big") + (slot * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")


@pytest.mark.parametrize("runtime", [name for name in RUNTIMES if name != "cpython"])
def test_a_full_journal_leaves_room_to_commit(runtime: str, tmp_path: Path) -> None:
    head = b'{"mark": null, "operation": null, "last": null}\n'
    Storage(str(tmp_path)).write("memory", head, list(packed()))
    journal = Journal(JournalFile(str(tmp_path / "journal")), os.urandom, lambda: "00" * 8)
    for number in range(CAPACITY):
        journal.add(Touch("identified", number, finger=(5, "a" * 16, 100)))
    journal.due(10**9, can_send=False)
    command = [RUNTIMES[runtime], "-X", f"heapsize={HEAP}", "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
