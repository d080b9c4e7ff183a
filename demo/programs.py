"""Programs that are started, watched and ended."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"

_STOP_WITHIN = 20
"""Seconds within which a program has to end when it is asked to."""


class DidNotStartError(Exception):
    """A program ended, or did not become ready in time; the text holds the end of its log."""


class Program:
    """One process with a log file of its own."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start the command; what it prints goes to the log file."""
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the project's own programs
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                # Only the demo gets Ctrl-C, and ends its programs in the right order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    async def async_ended(self) -> int:
        """Wait until the process has ended, and return its exit code, negative for a signal."""
        while (code := self._process.poll()) is None:
            await asyncio.sleep(0.1)
        return code

    def kill(self) -> None:
        """End the process and its children at once, as a power cut does."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask the process to end, and kill it if it does not."""
        if not self.running:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        # It leads a group of its own, see start_new_session.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def tail(self, lines: int = 30) -> str:
        """Return the end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    async def async_listening(self, port: int, within: float = 30) -> None:
        """Wait until something accepts connections on a port of this machine.

        Raises `DidNotStartError` if the process ends or `within` seconds are over.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    if not self.running:
                        raise DidNotStartError(self.tail())
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                    except ConnectionRefusedError:
                        await asyncio.sleep(0.05)
                    else:
                        writer.close()
                        return
        except TimeoutError:
            raise DidNotStartError(self.tail()) from None


def is_free(port: int) -> bool:
    """Return whether no process listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    """Return a port of this machine that is not in use now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
