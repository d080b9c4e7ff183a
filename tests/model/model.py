"""The plain model: what readers, sensors and Home Assistant must hold, as dictionaries."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

SLOTS = 6
"""Few, so that sensors fill up."""

PEOPLE = ("Anna", "Ben", "Clara", "Dora", "Emil")
HANDS = ("left_thumb", "right_index_finger")
FINGERS = tuple(f"{name}'s {hand}" for name in PEOPLE for hand in HANDS)
STRANGER = "a stranger"


@dataclass
class Sensor:
    """A sensor, in a reader or removed."""

    templates: dict[int, str] = field(default_factory=dict)
    """Name of the finger, by slot."""
    mark: object = None
    """The mark that a reader has written to it."""


@dataclass
class Named:
    """What Home Assistant has saved about a template."""

    reader: int
    slot: int
    name: str
    finger: str | None
    person: str | None
    """Registry id."""
    enabled: bool = True
    may_vanish: bool = False
    """Its deletion was requested with an unknown outcome: it may disappear at any time."""


class Touch(NamedTuple):
    """What an event entity must show."""

    late: bool
    result: str
    reason: str | None
    name: str | None = None
    finger: str | None = None
    person: str | None = None
    """Entity id."""


class Found(NamedTuple):
    """What a reader reports about a touch, without names."""

    slot: int | None
    template_id: str | None


@dataclass
class Reader:
    """A reader and its config entry."""

    sensor: Sensor
    mark: object
    """The mark of its own sensor."""
    ids: dict[int, str] = field(default_factory=dict)
    """Its map in flash: slot to template id, of its own sensor."""
    identification: bool = True
    set_up: bool = True
    stale: bool = False
    """Something was done to the sensor that the reader may not know yet."""

    @property
    def ours(self) -> bool:
        """Whether the sensor is the one that the reader knows."""
        return self.sensor.mark is self.mark

    def refresh(self) -> None:
        """Remove the ids of templates that are gone from the sensor, as at each start."""
        self.stale = False
        if self.ours:
            held = self.sensor.templates
            self.ids = {slot: self.ids[slot] for slot in self.ids if slot in held}

    def accept(self) -> None:
        """Accept the connected sensor as the reader's own; remove all ids."""
        self.mark = self.sensor.mark = object()
        self.ids = {}

    def slot_of(self, finger: str) -> int | None:
        """Return the slot of a finger in the sensor."""
        slots = [slot for slot, held in self.sensor.templates.items() if held == finger]
        return slots[0] if slots else None

    def lowest_free(self) -> int | None:
        """Return the slot for the next template."""
        return next((slot for slot in range(SLOTS) if slot not in self.sensor.templates), None)

    def forget(self, slot: int) -> None:
        """Empty a slot."""
        self.sensor.templates.pop(slot, None)
        self.ids.pop(slot, None)

    def scan(self, finger: str) -> Found | None:
        """Return what the reader reports about a touch; None: nothing, also not later."""
        slot = self.slot_of(finger)
        if slot is None or not self.ours:
            return Found(None, None)
        return Found(slot, self.ids.get(slot)) if self.identification else None


def _reader() -> Reader:
    mark = object()
    return Reader(Sensor(mark=mark), mark)


@dataclass
class Model:
    """The expected state of both readers and of Home Assistant."""

    readers: tuple[Reader, ...] = field(default_factory=lambda: (_reader(), _reader()))
    removed_sensors: list[Sensor] = field(default_factory=list)
    """Sensors that are in no reader."""
    named: dict[str, Named] = field(default_factory=dict)
    """By template id."""
    persons: dict[str, str] = field(default_factory=dict)
    """Entity id by registry id."""
    backups: list[dict[str, Named]] = field(default_factory=list)

    def on(self, index: int) -> dict[str, Named]:
        """Return the named templates of a reader, by template id."""
        return {each: named for each, named in self.named.items() if named.reader == index}

    def unnamed(self, index: int) -> dict[int, str | None]:
        """Return the templates in the sensor that have no name, by slot."""
        reader = self.readers[index]
        if not reader.ours:
            return {}
        ids = {slot: reader.ids.get(slot) for slot in sorted(reader.sensor.templates)}
        return {slot: each for slot, each in ids.items() if each not in self.on(index)}

    def gone(self, index: int) -> dict[str, Named]:
        """Return the names whose template is gone, by template id."""
        reader = self.readers[index]
        if not reader.ours:
            return {}
        return {
            each: named for each, named in self.on(index).items() if each not in reader.ids.values()
        }

    def judge(self, index: int, found: Found, *, late: bool) -> Touch:
        """Return what Home Assistant must show for a touch."""
        if found.slot is None:
            return Touch(late, "not_identified", "unknown_finger")
        named = self.on(index).get(found.template_id or "")
        if named is None:
            return Touch(late, "not_identified", "unknown_fingerprint")
        if not named.enabled:
            return Touch(late, "not_identified", "disabled")
        person = self.persons.get(named.person or "")
        return Touch(late, "identified", None, named.name, named.finger, person)

    def remove_person(self, person: str) -> None:
        """Unlink a person; nothing is deleted."""
        del self.persons[person]
        for named in self.named.values():
            if named.person == person:
                named.person = None

    def back_up(self) -> None:
        """Keep a copy of the names."""
        self.backups.append(deepcopy(self.named))

    def restore(self, index: int) -> None:
        """Restore a copy of the names."""
        self.named = deepcopy(self.backups[index])
