"""Operations of the property-based test: what users do with enrolled fingerprints."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_SENSOR_CHANGED,
)
from tests.model.model import PEOPLE, Named
from tests.model.virtual_home import SOON

if TYPE_CHECKING:
    from tests.model.enrollment_operations import Cut
    from tests.model.home_and_model import HomeAndModel


@dataclass(frozen=True)
class Update:
    """Change the attributes of one of the fingerprints."""

    which: int
    name: str | None = None
    enabled: bool | None = None
    person: int | None = None
    """Of those that are there, one more than there are: none."""

    async def run(self, both: HomeAndModel) -> None:
        """Do it; needs no reader."""
        if not both.model.named:
            return
        template_id = _pick(sorted(both.model.named, key=_order(both)), self.which)
        named = both.model.named[template_id]
        data: dict[str, Any] = {}
        if self.name is not None:
            data["name"] = named.name = self.name
        if self.enabled is not None:
            data["enabled"] = named.enabled = self.enabled
        if self.person is not None:
            persons = [*sorted(both.model.persons, key=both.model.persons.__getitem__), None]
            named.person = _pick(persons, self.person)
            data["person"] = None if named.person is None else both.model.persons[named.person]
        await both.house.call("update_fingerprint", template_id=template_id, **data)


@dataclass(frozen=True)
class Delete:
    """Delete a fingerprint, or a template without a name."""

    which: int
    by_slot: bool = False
    force: bool = False
    cut: Cut | None = None

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        model = both.model
        targets = [
            *((named.reader, named.slot, each) for each, named in model.named.items()),
            *(
                (index, slot, template_id)
                for index, reader in enumerate(model.readers)
                if reader.set_up
                for slot, template_id in model.unnamed(index).items()
            ),
        ]
        if not targets:
            return
        target = _pick(sorted(targets, key=lambda each: each[:2]), self.which)
        if self.force:
            await self._forget(both, *target)
        else:
            await self._delete(both, *target)

    async def _forget(
        self, both: HomeAndModel, index: int, slot: int, template_id: str | None
    ) -> None:
        known = template_id in both.model.named
        if not known and both.model.readers[index].stale:
            return
        which = self._which(both, index, slot, template_id)
        done, _ = await both.house.attempt("delete_fingerprint", force=True, **which)
        assert done is known
        both.model.named.pop(template_id or "", None)

    async def _delete(
        self, both: HomeAndModel, index: int, slot: int, template_id: str | None
    ) -> None:
        reader = both.model.readers[index]
        reachable = both.house.is_reachable(index)
        held = template_id is None or template_id in reader.ids.values()
        if self.cut is not None:
            self.cut.arm(both, index)
        which = self._which(both, index, slot, template_id)
        done, _ = await both.house.attempt("delete_fingerprint", **which)
        if self.cut is None and not reader.stale:
            assert done is (reachable and reader.ours)
        elif not reachable:
            assert not done
        if done:
            if held:
                reader.forget(slot)
            both.model.named.pop(template_id or "", None)
        elif reachable and (self.cut is not None or reader.stale):
            both.doubt(index, slot, template_id)
        if self.cut is not None:
            await both.heal()
        await asyncio.sleep(SOON)

    def _which(
        self, both: HomeAndModel, index: int, slot: int, template_id: str | None
    ) -> dict[str, Any]:
        """Return the action's data that identify a template; by slot only if it is still there."""
        reader = both.model.readers[index]
        there = reader.ours and reader.ids.get(slot) == template_id
        by_slot = template_id is None or template_id not in both.model.named
        if by_slot or (self.by_slot and there and reader.set_up and not reader.stale):
            return {"device_id": both.house.device_id(index) or "none", "slot": slot}
        return {"template_id": template_id}


@dataclass(frozen=True)
class Adopt:
    """Give a name to a template that has none."""

    which: int
    name: str

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        unnamed = (await both.house.call("get_fingerprints"))["unnamed"]
        if not unnamed:
            return
        chosen = _pick(unnamed, self.which)
        slot, template_id = chosen["slot"], chosen["template_id"]
        index = 0 if chosen["device_id"] == both.house.device_id(0) else 1
        reader = both.model.readers[index]
        done, _ = await both.house.attempt(
            "update_fingerprint", device_id=chosen["device_id"], slot=slot, name=self.name
        )
        if not reader.stale:
            assert done is (template_id is not None or both.house.is_reachable(index))
        if not done:
            return
        if template_id is None:
            template_id = both.house.doors[index].reader.memory[slot]
            reader.ids[slot] = template_id
        both.model.named[template_id] = Named(index, slot, self.name, None, None)


@dataclass(frozen=True)
class AcceptSensor:
    """Accept a changed sensor as the reader's own, as its repair issue offers."""

    reader: int

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        reader = both.model.readers[self.reader]
        if not reader.set_up or both.house.issue(self.reader, ISSUE_SENSOR_CHANGED) is None:
            return
        done = await both.house.fix(self.reader, ISSUE_SENSOR_CHANGED)
        if not reader.stale:
            assert done is both.house.is_reachable(self.reader)
        if done:
            reader.accept()
        await asyncio.sleep(SOON)


@dataclass(frozen=True)
class ForgetGone:
    """Forget the names whose template is gone, as their repair issue offers."""

    reader: int

    async def run(self, both: HomeAndModel) -> None:
        """Do it, unless the reader may have noticed otherwise by now."""
        reader = both.model.readers[self.reader]
        if reader.stale or not both.house.is_reachable(self.reader):
            return
        gone = both.model.gone(self.reader)
        if both.house.issue(self.reader, ISSUE_FINGERPRINTS_MISSING) is None:
            assert all(named.may_vanish for named in gone.values())
            return
        assert await both.house.fix(self.reader, ISSUE_FINGERPRINTS_MISSING)
        for template_id in gone:
            del both.model.named[template_id]


@dataclass(frozen=True)
class SwitchIdentification:
    """Let a reader report whom it identifies, or not."""

    reader: int
    on: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it, if there is a way to."""
        if both.house.is_reachable(self.reader):
            await both.house.turn(self.reader, on=self.on)
            both.model.readers[self.reader].identification = self.on


@dataclass(frozen=True)
class RemovePerson:
    """Remove a person from Home Assistant."""

    which: int

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        if both.model.persons:
            persons = sorted(both.model.persons, key=both.model.persons.__getitem__)
            person = _pick(persons, self.which)
            await both.house.people.remove(both.model.persons[person])
            both.model.remove_person(person)


@dataclass(frozen=True)
class AddPerson:
    """Add a person to Home Assistant, as new."""

    which: int

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        name = _pick(PEOPLE, self.which)
        if f"person.{name.lower()}" not in both.model.persons.values():
            both.model.persons |= await both.house.people.add(name)


def _pick[T](which: list[T] | tuple[T, ...], number: int) -> T:
    return which[number % len(which)]


def _order(both: HomeAndModel) -> Any:
    """Return a sort key by which template ids have the same order in each run."""

    def key(template_id: str) -> tuple[int, int]:
        named = both.model.named[template_id]
        return named.reader, named.slot

    return key
