"""Users who manage fingerprints in Home Assistant: delete, name, lock out, accept a sensor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.client.errors import ReaderError, RefusedError
from custom_components.biometric_enroll.client.state import Subject
from custom_components.biometric_enroll.protocol.words import Refusal
from emulator import Command
from tests.simulation.odd_sensors import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from random import Random
    from typing import Any

    from custom_components.biometric_enroll.client.client import ReaderClient
    from tests.simulation.ground_truth import Truth
    from tests.simulation.home_assistant import HomeAssistant
    from tests.simulation.promises import Promises
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.trace import Trace

#: Names for templates that have none.
NAMELESS = ("Emil", "Frida", "Gustav")

#: Seconds within which a change is answered: a hello and a request, each queued behind those of
#: all other callers.
_ANSWERED_WITHIN_S = 105.0


#: Longest that a user in a hurry waits, in seconds.
_HURRY_S = 0.02


class FingerprintAdmin:
    """Changes the templates and settings of readers, as users do."""

    def __init__(
        self,
        home: HomeAssistant,
        readers: Mapping[str, SimulatedReader],
        rng: Random,
        trace: Trace,
        promises: Promises,
    ) -> None:
        self._home = home
        self._readers = readers
        self._rng = rng
        self._trace = trace
        self._promises = promises
        self._loop = asyncio.get_running_loop()

    async def do(self, reader_id: str) -> None:
        """Make any change, most often a deletion."""
        kinds = (
            self.delete,
            self.delete,
            self.adopt,
            self.switch,
            self.compare,
            self.forget,
            self.change_mind,
        )
        await self._rng.choice(kinds)(reader_id)

    async def delete(self, reader_id: str) -> None:
        """Delete a template, named or not; try again where that seems to fail."""
        chosen = self._any(self._named(reader_id) + self._unnamed(reader_id))
        if chosen is None:
            return
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            if await self._delete(reader_id, *chosen):
                return
            # At once, it may have been done, and be asked for again before it was listed.
            await asyncio.sleep(self._rng.choice((0.0, self._rng.uniform(0.1, 5))))

    async def _delete(self, reader_id: str, slot: int, template_id: str | None) -> bool:
        truth = self._truth(reader_id)
        if template_id is None:
            truth.unwanted_slots.add(slot)
        else:
            truth.unwanted.add(template_id)
        done = await self._change(
            reader_id,
            f"delete {template_id} in slot {slot}",
            lambda client: client.changes.async_delete(slot, template_id),
        )
        if done:
            self._check_deleted(reader_id, template_id)
        return done

    def _check_deleted(self, reader_id: str, template_id: str | None) -> None:
        if template_id in self._readers[reader_id].memory.values():
            self._promises.violated(3, f"{template_id} is said to be deleted, and is not")

    async def adopt(self, reader_id: str) -> None:
        """Give a name to a template that has none."""
        chosen = self._any(self._unnamed(reader_id))
        if chosen is None:
            return
        for _ in range(self._rng.choice((1, 2))):
            if await self._adopt(reader_id, *chosen):
                return

    async def _adopt(self, reader_id: str, slot: int, template_id: str | None) -> bool:
        name = self._promises.names.wanted.get(template_id or "") or self._rng.choice(NAMELESS)
        chosen = self._promises.names.listed_fingers[reader_id].get(slot)

        async def work(client: ReaderClient) -> None:
            await client.changes.async_name(slot, template_id, Subject(name), enabled=True)
            inventory = client.state.inventory
            named = None if inventory is None else inventory.templates.get(slot)
            self._promises.names.named_for(reader_id, named, chosen)

        return await self._change(reader_id, f"name {template_id} in slot {slot} {name}", work)

    async def forget(self, reader_id: str) -> None:
        """Forget a name, whatever the sensor holds."""
        chosen = self._any(self._named(reader_id))
        if chosen is not None and self._rng.random() < 1 / 2:
            await self._forget(reader_id, chosen[1])

    async def change_mind(self, reader_id: str) -> None:
        """Forget a name, delete its template, and name it again, without waiting for results."""
        chosen = self._any(self._named(reader_id))
        if chosen is None:
            return
        slot, template_id = chosen
        await self._forget(reader_id, template_id, hurry=not self._promises.calm)
        await self._delete(reader_id, slot, template_id)
        await asyncio.sleep(self._rng.choice((0, self._rng.uniform(0, 2))))
        if (slot, template_id) in self._unnamed(reader_id):
            await self._adopt(reader_id, slot, template_id)

    async def _forget(
        self, reader_id: str, template_id: str | None, *, hurry: bool = False
    ) -> None:
        assert template_id is not None
        self._promises.names.forced.add(template_id)

        async def work(client: ReaderClient) -> None:
            await client.model.async_forget([template_id])

        await self._change(reader_id, f"forget {template_id}", work, hurry=hurry)

    async def switch(self, reader_id: str) -> None:
        """Switch identification off; or on, where it is off."""
        truth = self._truth(reader_id)
        identification = truth.identification is False
        truth.switch(None)
        done = await self._change(
            reader_id,
            f"identification {identification}",
            lambda client: client.changes.async_set(identification=identification),
        )
        if done:
            truth.switch(identification)

    async def compare(self, reader_id: str) -> None:
        """Change the security level."""
        level = self._rng.randint(1, 5)
        await self._change(
            reader_id,
            f"security level {level}",
            lambda client: client.changes.async_set(security_level=level),
        )

    async def accept(self, reader_id: str) -> None:
        """Accept the connected sensor as the reader's own."""
        truth = self._truth(reader_id)
        truth.accepting = True
        await self._change(
            reader_id, "accept the sensor", lambda client: client.changes.async_accept_sensor()
        )

    # --- pieces ---------------------------------------------------------------------------

    def _truth(self, reader_id: str) -> Truth:
        return self._promises.truth_of(reader_id)

    def _named(self, reader_id: str) -> list[tuple[int, str | None]]:
        """Return the named templates of a reader, each by slot and id."""
        if self._home.registry is None:
            return []
        device = self._promises.devices[reader_id]
        return [
            (place.slot, place.template_id) for _, place in self._home.registry.on_reader(device)
        ]

    def _unnamed(self, reader_id: str) -> list[tuple[int, str | None]]:
        """Return those that Home Assistant shows as unnamed."""
        client = self._home.client(reader_id)
        return [] if client is None else list(client.state.unmatched.unnamed.items())

    def _any(self, templates: list[tuple[int, str | None]]) -> tuple[int, str | None] | None:
        return self._rng.choice(templates) if templates else None

    async def _change(
        self,
        reader_id: str,
        what: str,
        work: Callable[[ReaderClient], Coroutine[Any, Any, None]],
        *,
        hurry: bool = False,
    ) -> bool:
        """Call an action, and return whether it succeeded, as far as the caller knows.

        Some callers cancel the call before it returns; a caller in a hurry always does.
        """
        asked_at = self._loop.time()
        client = self._home.client(reader_id)
        inventory = None if client is None else client.state.inventory
        listed = None if inventory is None else inventory.revision
        impatient = not self._promises.calm and self._rng.random() < 1 / 4
        # Hello is answered within some 20 ms, and the change in as long again; a save takes 10 ms.
        most = _HURRY_S if hurry else self._rng.choice((0.05, 3))
        patience = most * self._rng.random() if impatient or hurry else None
        try:
            async with asyncio.timeout(patience):
                await self._home.change(reader_id, work)
        except TimeoutError:
            self._trace.note("user", "%s on %s: does not wait", what, reader_id)
            return False
        except ReaderError as error:
            self._trace.note("user", "%s on %s: %r", what, reader_id, error)
            self._check_no(reader_id, what, error, listed)
            return False
        else:
            self._trace.note("user", "%s on %s: done", what, reader_id)
            return True
        finally:
            waited = self._loop.time() - asked_at
            if waited > _ANSWERED_WITHIN_S:
                self._promises.violated(4, f"a caller has waited {waited:.0f} s for: {what}")

    def _check_no(self, reader_id: str, what: str, error: ReaderError, listed: str | None) -> None:
        """Check that a refusal has a reason, such as an outdated list that the user chose from."""
        refusal = error.refusal if isinstance(error, RefusedError) else None
        reader = self._readers[reader_id]
        app = reader.app
        outdated = app is not None and app.scanner.templates["revision"] != listed
        reason = refusal is Refusal.BUSY or (refusal is Refusal.NOT_FOUND and outdated)
        reason = reason or (refusal is Refusal.STALE and self._promises.shared)
        # Which slots are meant is not to be found out where LoadChar does not tell.
        unknown = app is not None and not app.scanner._templates.slots_known
        if refusal is Refusal.SENSOR_ERROR and unknown and not loads(reader.sensor.profile):
            return
        profile = reader.sensor.profile
        if what.startswith("security level") and not profile.knows(Command.READ_SYS_PARA):
            return
        if self._promises.calm and not reason:
            self._promises.violated(4, f"{error!r}, for no reason, is the answer to: {what}")
