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
    """A sensor, in a reader or in a drawer."""

    templates: dict[int, str] = field(default_factory=dict)
    """Whose finger, by slot."""
    mark: object = None
    """What a reader has written to it."""


@dataclass
class Named:
    """What Home Assistant knows of a template."""

    reader: int
    slot: int
    name: str
    finger: str | None
    person: str | None
    """Registry id."""
    enabled: bool = True
    may_vanish: bool = False
    """Its deletion was asked for, and nobody said whether it was done: once it is, it is."""


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
    """What a reader tells of a touch; names are for Home Assistant."""

    slot: int | None
    template_id: str | None


@dataclass
class Reader:
    """A reader and its config entry."""

    sensor: Sensor
    mark: object
    """That of its own sensor."""
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
        """Start: what is gone from the sensor has no id any more."""
        self.stale = False
        if self.ours:
            held = self.sensor.templates
            self.ids = {slot: self.ids[slot] for slot in self.ids if slot in held}

    def accept(self) -> None:
        """Take the sensor that is there for its own; no id of the one before counts."""
        self.mark = self.sensor.mark = object()
        self.ids = {}

    def slot_of(self, finger: str) -> int | None:
        """Return where the sensor has a finger."""
        slots = [slot for slot, held in self.sensor.templates.items() if held == finger]
        return slots[0] if slots else None

    def lowest_free(self) -> int | None:
        """Return where the next template goes."""
        return next((slot for slot in range(SLOTS) if slot not in self.sensor.templates), None)

    def forget(self, slot: int) -> None:
        """Let a slot be empty."""
        self.sensor.templates.pop(slot, None)
        self.ids.pop(slot, None)

    def feels(self, finger: str) -> Found | None:
        """Return what the reader tells of a touch; None: nothing, nor will it ever."""
        slot = self.slot_of(finger)
        if slot is None or not self.ours:
            return Found(None, None)
        return Found(slot, self.ids.get(slot)) if self.identification else None


def _reader() -> Reader:
    mark = object()
    return Reader(Sensor(mark=mark), mark)


@dataclass
class Model:
    """All that must be true."""

    readers: tuple[Reader, ...] = field(default_factory=lambda: (_reader(), _reader()))
    drawer: list[Sensor] = field(default_factory=list)
    """Sensors that are in no reader."""
    named: dict[str, Named] = field(default_factory=dict)
    """By template id."""
    persons: dict[str, str] = field(default_factory=dict)
    """Entity id by registry id."""
    backups: list[dict[str, Named]] = field(default_factory=list)

    def on(self, index: int) -> dict[str, Named]:
        """Return who is known by name on a reader."""
        return {each: named for each, named in self.named.items() if named.reader == index}

    def unnamed(self, index: int) -> dict[int, str | None]:
        """Return what is in the sensor and has no name."""
        reader = self.readers[index]
        if not reader.ours:
            return {}
        ids = {slot: reader.ids.get(slot) for slot in sorted(reader.sensor.templates)}
        return {slot: each for slot, each in ids.items() if each not in self.on(index)}

    def gone(self, index: int) -> dict[str, Named]:
        """Return whose template is gone."""
        reader = self.readers[index]
        if not reader.ours:
            return {}
        return {
            each: named for each, named in self.on(index).items() if each not in reader.ids.values()
        }

    def judge(self, index: int, found: Found, *, late: bool) -> Touch:
        """Return what Home Assistant must make of a touch."""
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
        """Go back to a copy of the names."""
        self.named = deepcopy(self.backups[index])
