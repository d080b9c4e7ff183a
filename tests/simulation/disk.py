"""The files of the simulated Home Assistant: they survive its end; a kill may interrupt a save."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

#: Longest duration of a save in seconds; mostly it is a few milliseconds.
SLOW_SAVE_S = 0.5


class Disk:
    """JSON files by name, and older copies of all of them."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._backups: list[dict[str, str]] = []

    def back_up(self) -> None:
        """Keep a copy of all files."""
        self._backups.append(dict(self.files))

    def restore(self, rng: Random) -> bool:
        """Replace all files by one of the copies; return False where there is none."""
        if not self._backups:
            return False
        self.files = dict(rng.choice(self._backups))
        return True


class File:
    """One file as one run of Home Assistant has it; saves as `homeassistant.helpers.storage`.

    A save replaces the file in one step, a while after it was asked for. Whoever asks while another
    save is being written waits for that, and then the newest data is written, once for all.
    """

    def __init__(
        self, disk: Disk, name: str, rng: Random, saved: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self.alive = True
        """Whether this run goes on: afterwards nothing is written any more."""
        self._disk = disk
        self._name = name
        self._rng = rng
        self._saved = saved
        self._lock = asyncio.Lock()
        self._data: dict[str, Any] | None = None

    async def async_load(self) -> dict[str, Any] | None:
        """Return the data that was saved last, None where there is none."""
        text = self._disk.files.get(self._name)
        loaded: dict[str, Any] | None = None if text is None else json.loads(text)
        return loaded

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save; done when it is on disk. A caller that stops waiting does not stop it."""
        self._data = data
        # The loop keeps what it runs.
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.create_task(self._write(), eager_start=True))

    async def _write(self) -> None:
        async with self._lock:
            if self._data is None:
                return
            text, data, self._data = json.dumps(self._data), self._data, None
            most = SLOW_SAVE_S if self._rng.random() < 1 / 50 else 0.01
            await asyncio.sleep(self._rng.random() * most)
            if self.alive:
                self._disk.files[self._name] = text
                self._saved(self._name, data)
