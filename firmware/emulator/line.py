"""A sensor at the end of a serial line, and a thread that serves it."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from .pseudo_terminal import PseudoTerminal
from .wire import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .fingers import Finger, Quality
    from .sensor import EmulatedSensor, Reply

#: How many commands the log keeps: a demo polls GenImg for days.
_LOG_SIZE: Final = 10_000
#: How many of them are told of where one that was waited for has not come.
_LATELY: Final = 6
#: Seconds between the pieces of a split answer, enough for separate reads.
_PIECE_GAP: Final = 0.005


@dataclass(frozen=True, slots=True)
class LoggedCommand:
    """One command that reached the sensor's end of the line."""

    #: Counts all commands of the line from 0.
    number: int
    #: `time.monotonic()` at which its answer began to leave.
    time: float
    #: Instruction code; None for a packet that was no readable command.
    command: int | None
    #: Confirmation code; None when the sensor did nothing, or did not answer.
    code: int | None


def _name(code: int | None) -> str:
    if code is None:
        return "nothing"
    return Code(code).name if code in Code else f"{code:#04x}"


class SensorLine:
    """Runs a sensor on a pty until `close`; all methods are thread-safe.

    A reader that has set another speed than the sensor's hears nothing, and what it
    sends is lost. One that sets none has that of most sensors, 57600 baud.

    The path stays the same while sensors are unplugged, replugged and swapped, as
    the pins of a microcontroller do.
    """

    def __init__(
        self,
        sensor: EmulatedSensor,
        *,
        link: Path | None = None,
        time_scale: float = 0.0,
    ) -> None:
        """Open the pty and start to serve it.

        `link` is a symlink to make (an older symlink is replaced) and to offer as
        `path`. `time_scale` times the profile's seconds is the delay of answers.
        """
        self._sensor = sensor
        self._time_scale = time_scale
        self._log: deque[LoggedCommand] = deque(maxlen=_LOG_SIZE)
        self._count = 0
        # Guards everything, and tells waiters that something has happened.
        self._changed = threading.Condition()
        self._closed = False
        # An answer belongs to the power-on in which its command came.
        self._epoch = 0
        self._pty = PseudoTerminal(link)
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="sensor-line")
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the running line."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the line."""
        self.close()

    @property
    def path(self) -> str:
        """The serial port for the reader to open."""
        return self._pty.path

    def close(self) -> None:
        """Stop the thread, close the pty and remove the link; a second call is idle."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        os.write(self._wake_write, b"\0")
        self._thread.join()
        self._pty.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # --- what happens to the sensor -------------------------------------------------

    @contextmanager
    def hold(self) -> Iterator[EmulatedSensor]:
        """Give the sensor, with the line standing still meanwhile."""
        with self._changed:
            yield self._sensor
            self._changed.notify_all()

    def place(self, finger: Finger) -> None:
        """Put a finger on the sensor."""
        with self.hold() as sensor:
            sensor.place(finger)

    def lift(self) -> None:
        """Take the finger away."""
        with self.hold() as sensor:
            sensor.lift()

    def script(self, *qualities: Quality) -> None:
        """Say how the next captures turn out."""
        with self.hold() as sensor:
            sensor.script(*qualities)

    def unplug(self) -> None:
        """Take the sensor off: silence, and what the reader sends is lost."""
        with self.hold() as sensor:
            self._epoch += 1
            sensor.power_off()

    def replug(self) -> None:
        """Put the sensor back on; it starts anew."""
        with self.hold() as sensor:
            self._announce(sensor.power_on())

    def power_cycle(self) -> None:
        """Interrupt the sensor's supply."""
        with self.hold() as sensor:
            self._epoch += 1
            self._announce(sensor.power_cycle())

    def swap(self, sensor: EmulatedSensor) -> None:
        """Put another sensor in the place of this one, and start it."""
        with self.hold() as old:
            self._epoch += 1
            old.power_off()
            self._sensor = sensor
            self._announce(sensor.power_cycle())

    # --- what the reader did --------------------------------------------------------

    @property
    def commands(self) -> list[LoggedCommand]:
        """The last commands, oldest first (a copy)."""
        with self._changed:
            return list(self._log)

    @property
    def command_count(self) -> int:
        """How many commands have come: a mark for `wait_for_command`'s `since`."""
        with self._changed:
            return self._count

    def wait_for_command(
        self,
        command: int,
        timeout: float = 5.0,
        *,
        code: int | None = None,
        since: int = 0,
    ) -> LoggedCommand:
        """Return the first command of this kind, now or as soon as it has come.

        With `code` only one that was answered so; only those numbered `since` or
        higher. Raises TimeoutError, which tells what came last, after `timeout` seconds.
        """

        def found() -> LoggedCommand | None:
            return next(
                (
                    entry
                    for entry in self._log
                    if entry.number >= since
                    and entry.command == command
                    and code in (None, entry.code)
                ),
                None,
            )

        with self._changed:
            entry = self._changed.wait_for(found, timeout)
            if entry is None:
                message = f"no command {command:#04x} within {timeout} s; {self._lately()}"
                raise TimeoutError(message)
        return entry

    def _lately(self) -> str:
        """Say what the reader did instead: whether it stood still, and what it was told."""
        now = time.monotonic()
        last = [
            f"{'none' if entry.command is None else f'{entry.command:#04x}'}"
            f" -> {_name(entry.code)}"
            f" {now - entry.time:.1f} s ago"
            for entry in list(self._log)[-_LATELY:]
        ]
        finger = "a finger" if self._sensor.finger else "no finger"
        return f"{finger} there, last {', '.join(last) or 'nothing'}"

    def wait_until(self, condition: Callable[[EmulatedSensor], bool], timeout: float = 5.0) -> None:
        """Wait until something is true of the sensor, looking after each change.

        Raises TimeoutError after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self._sensor), timeout):
                message = f"not true of the sensor within {timeout} s"
                raise TimeoutError(message)

    # --- the thread -----------------------------------------------------------------

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._pty.fileno(), self._wake_read], [], [])
            if self._wake_read in ready:
                return
            data = self._pty.read()
            with self._changed:
                epoch = self._epoch
                replies = self._sensor.process(data) if self._in_step() else []
                self._changed.notify_all()
                for reply in replies:
                    self._answer(reply, epoch)

    def _in_step(self) -> bool:
        """Tell whether the reader has set the sensor's speed."""
        return self._pty.baud == 9600 * self._sensor.flash.baud

    def _answer(self, reply: Reply, epoch: int) -> None:
        """Send an answer in its time, unless the sensor loses power before.

        Called under the lock, which only the pauses give up: whoever sees a command
        in the log can rely on its undelayed answer being on its way.
        """
        seconds = self._sensor.profile.seconds.get(reply.command or 0, 0.0)
        self._pause(seconds * self._time_scale, epoch)
        self._log.append(LoggedCommand(self._count, time.monotonic(), reply.command, reply.code))
        self._count += 1
        for index, piece in enumerate(reply.pieces):
            if index:
                self._pause(_PIECE_GAP, epoch)
            if self._obsolete(epoch):
                break
            self._send(piece)
        self._changed.notify_all()

    def _pause(self, seconds: float, epoch: int) -> None:
        if seconds > 0:
            self._changed.wait_for(lambda: self._obsolete(epoch), seconds)

    def _obsolete(self, epoch: int) -> bool:
        return self._closed or self._epoch != epoch

    def _announce(self, data: bytes) -> None:
        """Send what the sensor says unasked."""
        if not self._closed and self._in_step():
            self._send(data)

    def _send(self, data: bytes) -> None:
        """Write to the pty, from under the lock."""
        if not self._closed:
            self._pty.write(data)
