"""What has to be done at the reader: by a person who is told so, or by a script."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from board_host import START_AGAIN
from emulator import Finger
from emulator.seen_empty import wait_until_seen_empty
from tests.firmware.reader_process import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

ENROLLED, OTHER = "right index finger", "left index finger"
"""The two fingers that the tests need: both may be enrolled nowhere on the sensor before."""


class Hands(Protocol):
    """Fingers and the plug. Whatever is done may take effect a moment later."""

    patience: float
    """Seconds within which the reader has to show what was done."""

    def place(self, finger: str) -> None:
        """Put a finger on the sensor, and leave it there."""

    def lift(self) -> None:
        """Take the finger off, if one is there, and let the reader see that it is gone."""

    def cut_power(self) -> None:
        """Take the reader's power, without a farewell to the broker."""

    def give_power(self) -> None:
        """Give the reader its power back."""


class PersonsHands:
    """A person's, who is told in the terminal what to do."""

    patience = 120.0

    def __init__(self) -> None:
        self._resting = False

    def place(self, finger: str) -> None:
        self._resting = True
        self._tell(f"Put your {finger.upper()} on the sensor, and keep it there.")

    def lift(self) -> None:
        if self._resting:
            self._resting = False
            self._ask("LIFT the finger")
            time.sleep(1)  # the reader says nothing about it

    def cut_power(self) -> None:
        self._ask("Take the POWER from the reader")

    def give_power(self) -> None:
        self._tell("Give the reader its POWER back.")

    def _tell(self, what: str) -> None:
        print(f"\n  >>> {what}", flush=True)  # noqa: T201 - a person reads it

    def _ask(self, what: str) -> None:
        input(f"\n  >>> {what}, then press Enter. ")


class ScriptedHands:
    """A script's, for our reader as a process with the emulated sensor."""

    patience = 15.0

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._unseen = False
        """Whether the reader has yet to see that the sensor is empty."""
        self._running = False
        self.give_power()

    def place(self, finger: str) -> None:
        self._unseen = True
        self._reader.line.place(Finger(finger))

    def lift(self) -> None:
        if self._unseen:
            self._unseen = False
            self._reader.line.lift()
            wait_until_seen_empty(self._reader.line)

    def cut_power(self) -> None:
        # Without a word: a process that is killed would still have its connection closed.
        self._running = False
        self._signal(signal.SIGSTOP)

    def give_power(self) -> None:
        if self._reader.process is not None:
            self._reader.kill()
        self._running = self._unseen = True
        self._reader.start()
        Thread(target=self._start_again, daemon=True).start()

    def close(self) -> None:
        """End the reader."""
        self._running = False
        self._signal(signal.SIGKILL)
        self._reader.close()

    def _signal(self, number: int) -> None:
        assert self._reader.process is not None
        with suppress(ProcessLookupError):
            os.kill(self._reader.process.pid, number)

    def _start_again(self) -> None:
        process = self._reader.process
        while process is not None and process.wait() == START_AGAIN:
            if not self._running or self._reader.process is not process:
                return
            self._unseen = True
            process = self._reader.start().process


class BrokenReader(Reader):
    """Our reader with one mistake of broken_reader.py."""

    def __init__(self, folder: Path, port: int, mistake: str) -> None:
        super().__init__(folder, "cpython", port)
        self._mistake = mistake

    def command(self) -> Sequence[str | Path]:
        program = Path(__file__).with_name("broken_reader.py")
        return sys.executable, program, self._mistake, self.config
