"""The virtual home and its model: applies operations to both, and checks that they agree."""

import asyncio
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from tests.model.model import SLOTS, STRANGER, Found
from tests.model.virtual_home import READERS, SOON

if TYPE_CHECKING:
    from tests.model.model import Model
    from tests.model.virtual_home import VirtualHome

_SETTLES_S = 70.0
"""Seconds after which all readers must be available again: unavailable ones are polled each
minute."""

_JOURNAL_S = 40.0
"""Seconds within which a journal is sent: it may begin with the next hello, each half minute."""


class HomeAndModel:
    """Both, with the touches that Home Assistant has yet to show."""

    def __init__(self, house: VirtualHome, model: Model) -> None:
        self.house = house
        self.model = model
        self._live: list[list[Found]] = [[] for _ in READERS]
        self._late: list[list[Found]] = [[] for _ in READERS]
        self._doubted: list[tuple[int, int, str | None]] = []

    # --- what happens -------------------------------------------------------------------------

    async def touch(self, index: int, finger: str) -> None:
        """Touch a reader."""
        door, reader = self.house.doors[index], self.model.readers[index]
        if not door.reader.powered:
            return
        found, live = reader.scan(finger), self.house.is_reachable(index)
        await door.touch(finger)
        if found is not None:
            (self._live if live else self._late)[index].append(found)

    async def refresh(self, index: int) -> None:
        """Restart a reader, so that it reads its sensor."""
        reader = self.house.doors[index].reader
        reader.power_off()
        await asyncio.sleep(1)
        reader.power_on()
        await asyncio.sleep(SOON)
        self.model.readers[index].refresh()

    def doubt(self, index: int, slot: int, template_id: str | None) -> None:
        """Record a deletion whose outcome is unknown."""
        self._doubted.append((index, slot, template_id))

    async def heal(self) -> None:
        """Restore all power and connections, and let Home Assistant update all readers."""
        house = self.house
        house.set_connected(connected=True)
        for index, door in enumerate(house.doors):
            door.disarm()
            door.reader.lift()
            door.link(linked=True)
            if not door.reader.powered:
                door.reader.power_on()
                self.model.readers[index].refresh()
        await asyncio.sleep(_SETTLES_S)
        for index, reader in enumerate(self.model.readers):
            if reader.stale:
                await self.refresh(index)
        self._resolve()

    def _resolve(self) -> None:
        """Update the model with the outcomes of doubted deletions, as read from the sensors."""
        doubted, self._doubted = self._doubted, []
        for index, slot, template_id in doubted:
            reader = self.model.readers[index]
            if not reader.ours:
                done = False
            else:
                done = slot not in self.house.doors[index].reader.templates
            if done:
                reader.forget(slot)
                self.model.named.pop(template_id or "", None)
            elif template_id in self.model.named:
                self.model.named[template_id].may_vanish = True

    # --- that they agree ----------------------------------------------------------------------

    async def listen(self) -> None:
        """Check that each touch was shown once, in order, with its person."""
        for index in range(len(READERS)):
            if self.house.is_reachable(index) and self._late[index]:
                await asyncio.sleep(_JOURNAL_S)
            heard, self.house.heard[index] = self.house.heard[index], []
            judge = self.model.judge
            live = [judge(index, found, late=False) for found in self._live[index]]
            self._live[index].clear()
            late = []
            if self.house.is_reachable(index):
                late = [judge(index, found, late=True) for found in self._late[index]]
                self._late[index].clear()
            assert [touch for touch in heard if not touch.late] == live
            assert [touch for touch in heard if touch.late] == late

    async def settle(self) -> None:
        """Wait until everything has settled, and check everything."""
        await self.heal()
        await self.listen()
        await self.agree()
        for index, reader in enumerate(self.model.readers):
            for finger in (*sorted(reader.sensor.templates.values()), STRANGER):
                await self.touch(index, finger)
            await self.listen()

    async def agree(self) -> None:
        """Check that sensors, readers, registry and entities are what the model says."""
        listed = await self.house.call("get_fingerprints")
        self._let_vanish({each["template_id"] for each in listed["fingerprints"]})
        for index, reader in enumerate(self.model.readers):
            door = self.house.doors[index].reader
            assert door.templates == reader.sensor.templates
            assert door.memory == reader.ids
            if reader.set_up:
                self._check_entities(index)
        assert _names(listed["fingerprints"]) == self._named()
        grouped = [each for person in listed["people"] for each in person["fingerprints"]]
        assert _names(grouped) == self._named()
        assert [tuple(each.values()) for each in listed["unnamed"]] == [
            (self.house.device_id(index), slot, template_id)
            for index, reader in enumerate(self.model.readers)
            if reader.set_up
            for slot, template_id in self.model.unnamed(index).items()
        ]

    def _check_entities(self, index: int) -> None:
        house, model, reader = self.house, self.model, self.model.readers[index]
        assert house.state(index, "binary_sensor", "connectivity").state == "on"
        count = len(reader.sensor.templates)
        stored = house.state(index, "sensor", "stored_fingerprints")
        assert stored.state == str(count)
        assert stored.attributes["unnamed_slots"] == list(model.unnamed(index))
        on = "on" if reader.identification else "off"
        assert house.state(index, "switch", "identification").state == on
        assert (house.issue(index, ISSUE_SENSOR_CHANGED) is not None) is not reader.ours
        assert (house.issue(index, ISSUE_SENSOR_FULL) is not None) is (count == SLOTS)
        issue = house.issue(index, ISSUE_FINGERPRINTS_MISSING)
        count = int((issue.translation_placeholders or {})["count"]) if issue else 0
        gone = model.gone(index).values()
        names = house.missing(index)
        assert count == len(names)
        assert sorted(names) == sorted(f"{named.name} ({named.slot})" for named in gone)

    def _let_vanish(self, listed: set[str]) -> None:
        """Update the model where a doubted deletion was executed after all."""
        for index, reader in enumerate(self.model.readers):
            for template_id, named in self.model.gone(index).items():
                if named.may_vanish and reader.set_up and template_id not in listed:
                    del self.model.named[template_id]

    def _named(self) -> list[tuple[Any, ...]]:
        return sorted(
            (
                named.slot,
                template_id,
                named.name,
                named.finger or "",
                self.model.persons.get(named.person or "", ""),
                named.enabled,
                self.house.device_id(named.reader) or "",
            )
            for template_id, named in self.model.named.items()
        )


def _names(listed: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what an answer of `get_fingerprints` lists, to be compared."""
    keys = ("slot", "template_id", "name", "finger", "person", "enabled", "device_id")
    return sorted(tuple("" if each[key] is None else each[key] for key in keys) for each in listed)
