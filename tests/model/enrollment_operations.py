"""Operations of the property-based test: enrollments, with faults while they run."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from tests.model.model import FINGERS, HANDS, PEOPLE, STRANGER, Named
from tests.model.virtual_home import SOON
from tests.simulation.flash import CutPoint

if TYPE_CHECKING:
    from emulator import Command
    from tests.model.home_and_model import HomeAndModel
    from tests.model.model import Model


class Scans(Enum):
    """Whose fingers are placed, one for each scan."""

    RIGHT = (True, True, True)
    NOBODY = (None, None, None)
    TOO_FEW = (True, True, None)
    WRONG_SECOND = (True, False, False)
    WRONG_THIRD = (True, True, False)


class Trouble(Enum):
    """What happens after some scans are captured."""

    CANCEL = "cancel"
    LINK_LOST = "link lost"
    BROKER_LOST = "broker lost"
    RESTART = "restart"


@dataclass(frozen=True)
class Cut:
    """A power cut: when the sensor has done its nth command of a kind, or at the nth write."""

    nth: int
    what: Command | CutPoint
    lasts_s: float

    def arm(self, both: HomeAndModel, index: int) -> None:
        """Schedule the power cut at a reader."""
        door = both.house.doors[index]
        if not door.reader.powered:
            return
        door.back_after = self.lasts_s
        if isinstance(self.what, CutPoint):
            door.reader.flash.cut_at(self.nth, self.what)
        else:
            door.reader.sensor_line.cut_after(self.what, self.nth)


@dataclass(frozen=True)
class Enroll:
    """Enroll a finger, for its person if there is one."""

    reader: int
    finger: int
    scans: Scans
    slot: int | None = None
    trouble: tuple[int, Trouble] | None = None
    cut: Cut | None = None

    async def run(self, both: HomeAndModel) -> None:
        """Do it, and update the model with the outcome."""
        house, reader = both.house, both.model.readers[self.reader]
        door = house.doors[self.reader]
        if not reader.set_up:
            return
        reachable = house.is_reachable(self.reader)
        calm = reachable and self.cut is None and not reader.stale
        wanted = reader.lowest_free() if self.slot is None else self.slot
        may_start = reader.ours and wanted is not None and wanted not in reader.sensor.templates
        named = self._named(both.model)
        self._prepare(both)
        started, _ = await house.attempt("enroll_fingerprint", **self._enroll_options(both, named))
        if calm and self.trouble is None:
            assert started is may_start
        elif not reachable:
            assert not started
        await door.until_ended()
        await door.leave()
        if self.cut is not None or (self.trouble is not None and reachable):
            await both.heal()
        await asyncio.sleep(SOON)
        self._see(both, named, may_start=may_start, surely=calm and self.trouble is None)

    def _prepare(self, both: HomeAndModel) -> None:
        fingers = {True: FINGERS[self.finger], False: STRANGER, None: None}
        trouble = None
        if self.trouble is not None:
            captured, what = self.trouble
            trouble = (captured, lambda: _trouble(both, self.reader, what))
        plan = [fingers[scan] for scan in self.scans.value]
        both.house.doors[self.reader].expect(plan, trouble)
        if self.cut is not None:
            self.cut.arm(both, self.reader)

    def _named(self, model: Model) -> Named:
        """Return whose fingerprint it will be: the person with its attributes, or a name only."""
        name = PEOPLE[self.finger // len(HANDS)]
        entity_id = f"person.{name.lower()}"
        person = next((each for each, known in model.persons.items() if known == entity_id), None)
        return Named(self.reader, 0, name, HANDS[self.finger % len(HANDS)], person)

    def _enroll_options(self, both: HomeAndModel, named: Named) -> dict[str, Any]:
        enroll_options = {"device_id": both.house.device_id(self.reader), "scan_timeout": 5}
        enroll_options |= {"finger": named.finger}
        enroll_options |= {"slot": self.slot} if self.slot is not None else {}
        if named.person is not None:
            return enroll_options | {"person": both.model.persons[named.person]}
        return enroll_options | {"name": named.name}

    def _see(self, both: HomeAndModel, named: Named, *, may_start: bool, surely: bool) -> None:
        """Update the model if the reader has completed the enrollment, as it may or must."""
        reader, finger = both.model.readers[self.reader], FINGERS[self.finger]
        memory = both.house.doors[self.reader].reader.memory
        new = [slot for slot, each in memory.items() if each not in reader.ids.values()]
        completes = may_start and self.scans is Scans.RIGHT and reader.slot_of(finger) is None
        if surely:
            assert bool(new) is completes
        if not new:
            return
        assert completes
        [slot] = new
        assert slot not in reader.sensor.templates
        if not reader.stale:
            assert slot == (reader.lowest_free() if self.slot is None else self.slot)
        reader.sensor.templates[slot], reader.ids[slot] = finger, memory[slot]
        named.slot = slot
        both.model.named[memory[slot]] = named


async def _trouble(both: HomeAndModel, index: int, what: Trouble) -> None:
    house = both.house
    match what:
        case Trouble.CANCEL:
            await house.attempt("cancel_enrollment", device_id=house.device_id(index))
        case Trouble.LINK_LOST:
            house.doors[index].link(linked=False)
        case Trouble.BROKER_LOST:
            house.set_connected(connected=False)
        case Trouble.RESTART:
            await house.restart()
