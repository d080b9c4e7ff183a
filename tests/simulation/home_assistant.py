"""Home Assistant in virtual time, over all its runs, and the actions that its users call.

Its disk survives its end. It can be stopped in order or killed, started again, its entries can be
reloaded, an older backup restored.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.client.errors import UnreachableError
from custom_components.biometric_enroll.client.state import Subject
from tests.simulation.disk import Disk
from tests.simulation.home_assistant_run import Entry, Run, asked_for
from tests.simulation.home_clocks import HomeClocks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from random import Random
    from typing import Any

    from custom_components.biometric_enroll.client.client import ReaderClient
    from custom_components.biometric_enroll.client.enroller import EnrollOptions
    from custom_components.biometric_enroll.client.fingerprint_registry import FingerprintRegistry
    from custom_components.biometric_enroll.protocol.messages import Snapshot
    from tests.simulation.home_assistant_run import Observer
    from tests.simulation.network import Network

#: Least seconds from the end of a run to the next one. It is shorter than a touch is live.
BOOT_S = 0.5


class HomeAssistant:
    """Home Assistant over all its runs; `devices` are the readers that are set up."""

    def __init__(
        self, network: Network, rng: Random, observer: Observer, devices: Mapping[str, str]
    ) -> None:
        self.network = network
        self.rng = rng
        self.observer = observer
        self.devices = devices
        self.disk = Disk()
        self.clocks = HomeClocks()
        self._run: Run | None = None
        self._runs = 0
        self._ended_at = -BOOT_S

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._run is not None

    @property
    def registry(self) -> FingerprintRegistry | None:
        """The registry of this run."""
        return self._run.registry if self._run else None

    def client(self, reader_id: str) -> ReaderClient | None:
        """Return the client of a reader, while its entry is loaded."""
        entry = self._run.entries.get(reader_id) if self._run else None
        return entry.client if entry else None

    async def start(self) -> None:
        """Start with what the disk holds; do nothing if it runs."""
        if self._run is None:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._ended_at + BOOT_S - now))
        if self._run is None:
            self._runs += 1
            self.observer.run("starts")
            self._run = Run(self, self._runs)
            await self._run.start()

    def stop(self, *, kill: bool) -> None:
        """End in order, or as a power cut does."""
        if self._run is not None:
            self.observer.run("is killed" if kill else "stops")
            self._run.end(kill=kill)
            self._run = None
            self._ended_at = asyncio.get_running_loop().time()

    def reload(self, reader_id: str) -> None:
        """Reload an entry."""
        if self._run is not None and reader_id in self._run.entries:
            self.observer.run(f"reloads {reader_id}")
            self._run.reload(reader_id)

    # What users do

    async def enroll(self, reader_id: str, name: str, enroll_options: EnrollOptions) -> str:
        """Call the action `enroll_fingerprint`; return the template id. Raises `ReaderError`."""
        entry = self._entry(reader_id)
        asked_for.set(name)
        # A caller that is cancelled does not stop it.
        template_id, _ = await _unless_killed(
            entry.beside(entry.client.enroller.async_enroll(Subject(name), enroll_options, None))
        )
        return template_id

    async def wait_end(
        self, reader_id: str, template_id: str, enroll_options: EnrollOptions
    ) -> Snapshot:
        """Do what the action does with `wait`. Raises `ReaderError`, and `TimeoutError` as it."""
        entry = self._entry(reader_id)
        return await _unless_killed(
            entry.beside(entry.client.enroller.async_wait_end(template_id, enroll_options))
        )

    async def change[T](
        self, reader_id: str, work: Callable[[ReaderClient], Coroutine[Any, Any, T]]
    ) -> T:
        """Call an action that changes something; it is cancelled together with its caller.

        Raises `ReaderError`.
        """
        entry = self._entry(reader_id)
        return await _unless_killed(entry.beside(work(entry.client)))

    async def press(self, reader_id: str, button: str) -> None:
        """Press the button Identify or Restart. Raises `ReaderError`."""
        requests = self._entry(reader_id).client.requests
        await (requests.async_identify() if button == "identify" else requests.async_restart())

    async def cancel(self, reader_id: str) -> None:
        """Call the action `cancel_enrollment`. Raises `ReaderError`."""
        await self._entry(reader_id).client.enroller.async_cancel()

    def _entry(self, reader_id: str) -> Entry:
        entry = self._run.entries.get(reader_id) if self._run else None
        if entry is None:
            raise UnreachableError
        return entry


async def _unless_killed[T](task: asyncio.Task[T]) -> T:
    """Wait for a task of Home Assistant. Raises `UnreachableError` if Home Assistant is killed."""
    try:
        return await task
    except asyncio.CancelledError:
        if task.cancelled():
            raise UnreachableError from None
        raise
