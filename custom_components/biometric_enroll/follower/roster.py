"""Whose fingers they are: the fingerprints that Home Assistant knows by name, over all readers.

A name is *meant* from the moment an enrollment is asked for, and saved before the reader hears of
it, so that a restart in the middle loses nothing. It becomes a fingerprint only when the reader
says `completed`.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..reader.state import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from .surroundings import Saved


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fingerprint is stored."""

    device: str
    """Hardware id of the reader."""
    slot: int
    template_id: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A stored template that is known by name."""

    subject: Subject
    enrolled_at: str
    """Time in ISO format, UTC."""
    places: tuple[Place, ...]
    enabled: bool = True
    """Whether its touches count as those of somebody known."""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """The enrollment of one reader that this Home Assistant asked for last."""

    template_id: str
    subject: Subject
    given_up: bool = False
    """Whoever asked was told that it did not start; should it run after all, it is not wanted."""


class Roster:
    """All fingerprints, and the enrollment that each reader was asked for last."""

    def __init__(self, saved: Saved) -> None:
        """Start empty; `async_load` reads what was saved."""
        self._saved = saved
        self._by_template: dict[str, Fingerprint] = {}
        self._enrollments: dict[str, Enrollment] = {}

    async def async_load(self) -> None:
        """Read the saved roster."""
        if (stored := await self._saved.async_load()) is None:
            return
        for entry in stored["fingerprints"]:
            self._add(
                Fingerprint(
                    _subject(entry["subject"]),
                    entry["enrolled_at"],
                    tuple(_place(place) for place in entry["places"]),
                    entry["enabled"],
                )
            )
        self._enrollments = {
            device: Enrollment(entry["template_id"], _subject(entry["subject"]), entry["given_up"])
            for device, entry in stored["enrollments"].items()
        }

    def enrollment(self, device: str) -> Enrollment | None:
        """Return the enrollment that this reader was asked for last."""
        return self._enrollments.get(device)

    def get(self, template_id: str) -> Fingerprint | None:
        """Return the fingerprint of a template, on whichever reader it is."""
        return self._by_template.get(template_id)

    def all(self) -> list[tuple[Fingerprint, Place]]:
        """Return all fingerprints with each of their places, by reader and slot."""
        found = [
            (fingerprint, place)
            for fingerprint in dict.fromkeys(self._by_template.values())
            for place in fingerprint.places
        ]
        return sorted(found, key=lambda pair: (pair[1].device, pair[1].slot))

    def find(self, device: str, template_id: str) -> Fingerprint | None:
        """Return the fingerprint of a template, if this reader is where it is kept."""
        fingerprint = self._by_template.get(template_id)
        if fingerprint is None:
            return None
        return fingerprint if any(place.device == device for place in fingerprint.places) else None

    def at(self, device: str, slot: int) -> Fingerprint | None:
        """Return the newest fingerprint in a slot, for a reader that tells no template ids."""
        found = [fingerprint for fingerprint, place in self.on_reader(device) if place.slot == slot]
        return max(found, key=lambda fingerprint: fingerprint.enrolled_at, default=None)

    def on_reader(self, device: str) -> list[tuple[Fingerprint, Place]]:
        """Return the fingerprints of one reader with their places, by slot."""
        return [pair for pair in self.all() if pair[1].device == device]

    async def async_set_enrollment(self, device: str, enrollment: Enrollment | None) -> None:
        """Save which enrollment a reader is being asked for, and who is meant."""
        if enrollment is None:
            self._enrollments.pop(device, None)
        else:
            self._enrollments[device] = enrollment
        await self._async_save()

    async def async_complete(self, place: Place, now: datetime) -> None:
        """Make the meant name real; done twice, it is done once."""
        enrollment = self._enrollments.get(place.device)
        if enrollment is None or enrollment.template_id != place.template_id:
            return
        if place.template_id in self._by_template:
            return
        self._add(Fingerprint(enrollment.subject, now.isoformat(), (place,)))
        await self._async_save()

    async def async_update(self, template_id: str, **changes: Any) -> None:
        """Change what is known of a fingerprint: `subject`, `enabled`."""
        self._add(replace(self._by_template[template_id], **changes))
        await self._async_save()

    async def async_unlink(self, is_there: Callable[[str], bool]) -> None:
        """Forget the persons that are not there any more; the fingerprints stay."""
        gone = [
            fingerprint
            for fingerprint, _ in self.all()
            if fingerprint.subject.person is not None and not is_there(fingerprint.subject.person)
        ]
        for fingerprint in gone:
            self._add(replace(fingerprint, subject=replace(fingerprint.subject, person=None)))
        if gone:
            await self._async_save()

    async def async_rename_device(self, old: str, new: str) -> None:
        """Keep what is known of a reader whose hardware id is another one from now on."""
        self._by_template = {
            template_id: replace(
                fingerprint,
                places=tuple(
                    replace(place, device=new) if place.device == old else place
                    for place in fingerprint.places
                ),
            )
            for template_id, fingerprint in self._by_template.items()
        }
        if (enrollment := self._enrollments.pop(old, None)) is not None:
            self._enrollments[new] = enrollment
        await self._async_save()

    async def async_catch_up(self, completed: Iterable[Place], now: datetime) -> None:
        """Make those names real that a crash has left meant, although their enrollment ended."""
        for place in completed:
            await self.async_complete(place, now)

    def _add(self, fingerprint: Fingerprint) -> None:
        for place in fingerprint.places:
            self._by_template[place.template_id] = fingerprint

    async def _async_save(self) -> None:
        await self._saved.async_save(
            {
                "fingerprints": [
                    asdict(fingerprint) for fingerprint in dict.fromkeys(self._by_template.values())
                ],
                "enrollments": {
                    device: asdict(enrollment) for device, enrollment in self._enrollments.items()
                },
            }
        )


# Key by key, since a newer minor version may have added some.


def _subject(stored: dict[str, Any]) -> Subject:
    return Subject(stored["name"], stored["finger"], stored["person"])


def _place(stored: dict[str, Any]) -> Place:
    return Place(stored["device"], stored["slot"], stored["template_id"])
