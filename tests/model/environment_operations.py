"""Operations of the property-based test on the environment: hardware, network, restarts."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.model.model import FINGERS, SLOTS, STRANGER, Sensor
from tests.model.reader import new_sensor
from tests.model.virtual_home import READERS, SOON

if TYPE_CHECKING:
    from tests.model.home_and_model import HomeAndModel


@dataclass(frozen=True)
class TouchReader:
    """Touch a reader with one of the fingers, or with a stranger's."""

    reader: int
    finger: int | None

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        finger = STRANGER if self.finger is None else FINGERS[self.finger]
        await both.touch(self.reader, finger)


@dataclass(frozen=True)
class StoreByOtherDevice:
    """Let another device store a finger in the sensor; the reader notices it at its next start."""

    reader: int
    finger: int
    at_once: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it, in a slot that is in use neither in the sensor nor in the reader's map."""
        reader, finger = both.model.readers[self.reader], FINGERS[self.finger]
        free = set(range(SLOTS)).difference(reader.sensor.templates, reader.ids)
        if not free or reader.slot_of(finger) is not None:
            return
        both.house.doors[self.reader].store(min(free), finger)
        reader.sensor.templates[min(free)] = finger
        await _let_notice(both, self.reader, at_once=self.at_once)


@dataclass(frozen=True)
class EraseByOtherDevice:
    """Let another device erase one template of the sensor, or all."""

    reader: int
    which: int | None
    at_once: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        held = both.model.readers[self.reader].sensor.templates
        slots = sorted(held)
        if self.which is not None and slots:
            slots = [slots[self.which % len(slots)]]
        for slot in slots:
            del held[slot]
            del both.house.doors[self.reader].reader.sensor.templates[slot]
        await _let_notice(both, self.reader, at_once=self.at_once)


@dataclass(frozen=True)
class SwapSensor:
    """Connect another sensor: a new one, or the oldest of the removed ones."""

    reader: int
    new: bool
    at_once: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        reader, door = both.model.readers[self.reader], both.house.doors[self.reader]
        if self.new or not both.model.removed_sensors:
            sensor, real = Sensor(), new_sensor()
        else:
            sensor, real = both.model.removed_sensors.pop(0), both.house.removed_sensors.pop(0)
        both.model.removed_sensors.append(reader.sensor)
        both.house.removed_sensors.append(door.reader.swap_sensor(real))
        reader.sensor = sensor
        await _let_notice(both, self.reader, at_once=self.at_once)


async def _let_notice(both: HomeAndModel, index: int, *, at_once: bool) -> None:
    both.model.readers[index].stale = True
    if at_once and both.house.doors[index].reader.powered:
        await both.refresh(index)


@dataclass(frozen=True)
class Power:
    """Cut the power of a reader, or restore it."""

    reader: int
    on: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        reader = both.house.doors[self.reader].reader
        if self.on and not reader.powered:
            reader.power_on()
            both.model.readers[self.reader].refresh()
        elif not self.on:
            reader.power_off()
        await asyncio.sleep(SOON)


@dataclass(frozen=True)
class Link:
    """Cut the network of a reader, or restore it."""

    reader: int
    on: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        both.house.doors[self.reader].link(linked=self.on)
        # Its pauses between attempts to connect grow.
        await asyncio.sleep(60)


@dataclass(frozen=True)
class HomeLink:
    """Cut Home Assistant's connection to the broker, or restore it."""

    on: bool

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        both.house.set_connected(connected=self.on)
        await asyncio.sleep(SOON)


@dataclass(frozen=True)
class RestartBroker:
    """Kill the broker, which loses all its state, and start it again."""

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        both.house.broker.kill()
        await asyncio.sleep(1)
        both.house.broker.start()
        await asyncio.sleep(60)


@dataclass(frozen=True)
class RestartHome:
    """Restart Home Assistant."""

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        await both.house.restart()
        await asyncio.sleep(SOON)


@dataclass(frozen=True)
class BackUp:
    """Make a backup of Home Assistant."""

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        both.house.back_up()
        both.model.back_up()


@dataclass(frozen=True)
class Restore:
    """Restore a backup of Home Assistant's names."""

    which: int

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        if not both.model.backups:
            return
        which = self.which % len(both.model.backups)
        await both.house.restart(which)
        both.model.restore(which)
        await asyncio.sleep(SOON)


@dataclass(frozen=True)
class RemoveReader:
    """Remove a reader from Home Assistant."""

    reader: int

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        if both.model.readers[self.reader].set_up:
            await both.house.remove(self.reader)
            both.model.readers[self.reader].set_up = False


@dataclass(frozen=True)
class AddReaders:
    """Set up all removed readers again."""

    async def run(self, both: HomeAndModel) -> None:
        """Do it."""
        for index in range(len(READERS)):
            reader = both.model.readers[index]
            if not reader.set_up:
                await both.house.add(index)
                reader.set_up = True
        await asyncio.sleep(SOON)
