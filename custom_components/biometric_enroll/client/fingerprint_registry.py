"""The fingerprints that Home Assistant knows by name, of all readers.

The name of a requested enrollment is *pending*: it is saved before the request is sent, so that a
restart in between loses nothing. It becomes a fingerprint only when the reader says `completed`.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .state import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .host import Saved
    from .state import Inventory

_UNWANTED = 16
"""How many unwanted template ids are kept of a reader; a start is valid until the next hello."""

KEPT = timedelta(days=30)
"""How long the names of a removed reader are kept, in case it is added again."""


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
    """Whether its touches are identified."""
    deleting: bool = False
    """The reader was asked to delete it; whether it did is unknown."""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """The enrollment that this Home Assistant last requested from one reader."""

    template_id: str
    subject: Subject
    given_up: bool = False
    """The requester was told that it did not start; if it runs nevertheless, it is cancelled."""
    named: bool = False
    """It has become a fingerprint; if that is deleted later, it is not created again."""


class FingerprintRegistry:
    """All fingerprints, and the enrollment last requested from each reader."""

    def __init__(self, saved: Saved) -> None:
        """Initialize empty; `async_load` reads the saved registry."""
        self._saved = saved
        self._by_template: dict[str, Fingerprint] = {}
        self._enrollments: dict[str, Enrollment] = {}
        self._unwanted: dict[str, list[str]] = {}
        self._removed: dict[str, str] = {}
        """When readers were removed from Home Assistant, by hardware id; in ISO format, UTC."""
        self._listeners: list[Callable[[], None]] = []
        self.changes = 0
        """Number of changes since Home Assistant started."""

    async def async_load(self) -> None:
        """Read the saved registry."""
        if (stored := await self._saved.async_load()) is None:
            return
        for entry in stored["fingerprints"]:
            self._add(
                Fingerprint(
                    _subject(entry["subject"]),
                    entry["enrolled_at"],
                    tuple(_place(place) for place in entry["places"]),
                    entry["enabled"],
                    entry["deleting"],
                )
            )
        self._removed = stored["removed"]
        self._unwanted = stored["unwanted"]
        self._enrollments = {
            device: Enrollment(
                entry["template_id"], _subject(entry["subject"]), entry["given_up"], entry["named"]
            )
            for device, entry in stored["enrollments"].items()
        }

    def enrollment(self, device: str) -> Enrollment | None:
        """Return the enrollment last requested from this reader."""
        return self._enrollments.get(device)

    def unwanted(self, device: str) -> frozenset[str]:
        """Return the template ids that were given up: none of them ever becomes a fingerprint."""
        return frozenset(self._unwanted.get(device, ()))

    def get(self, template_id: str) -> Fingerprint | None:
        """Return the fingerprint of a template, on any reader."""
        return self._by_template.get(template_id)

    def all(self) -> list[tuple[Fingerprint, Place]]:
        """Return all fingerprints with each of their places, sorted by reader and slot."""
        found = [
            (fingerprint, place)
            for fingerprint in dict.fromkeys(self._by_template.values())
            for place in fingerprint.places
        ]
        return sorted(found, key=lambda pair: (pair[1].device, pair[1].slot))

    def find(self, device: str, template_id: str) -> Fingerprint | None:
        """Return the fingerprint of a template, if it is stored on this reader."""
        fingerprint = self._by_template.get(template_id)
        if fingerprint is None:
            return None
        return fingerprint if any(place.device == device for place in fingerprint.places) else None

    def at(self, device: str, slot: int) -> Fingerprint | None:
        """Return the newest fingerprint in a slot, for a reader that sends no template ids."""
        found = [fingerprint for fingerprint, place in self.on_reader(device) if place.slot == slot]
        return max(found, key=lambda fingerprint: fingerprint.enrolled_at, default=None)

    def on_reader(self, device: str) -> list[tuple[Fingerprint, Place]]:
        """Return the fingerprints of one reader with their places, sorted by slot."""
        return [pair for pair in self.all() if pair[1].device == device]

    def ids_on(self, device: str) -> set[str]:
        """Return the template ids of the fingerprints of one reader."""
        return {place.template_id for _, place in self.on_reader(device)}

    async def async_set_enrollment(self, device: str, enrollment: Enrollment | None) -> None:
        """Save the enrollment that is requested from a reader, with its pending name."""
        if enrollment is None:
            self._enrollments.pop(device, None)
        else:
            self._enrollments[device] = enrollment
            if enrollment.given_up:
                # The next enrollment replaces this one, which may have been completed meanwhile.
                # After a refused start it is this one again.
                unwanted = dict.fromkeys([*self._unwanted.get(device, ()), enrollment.template_id])
                self._unwanted[device] = [*unwanted][-_UNWANTED:]
        await self.async_save()

    async def async_complete(self, place: Place, now: datetime) -> None:
        """Turn the pending name into a fingerprint; a second call has no effect."""
        enrollment = self._enrollments.get(place.device)
        if enrollment is None or enrollment.template_id != place.template_id:
            return
        if enrollment.named or place.template_id in self._by_template:
            return
        if place.template_id in self.unwanted(place.device):
            return
        self._enrollments[place.device] = replace(enrollment, named=True)
        self._add(Fingerprint(enrollment.subject, now.isoformat(), (place,)))
        await self.async_save()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener on each change; returns the function to unsubscribe."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_adopt(
        self, place: Place, subject: Subject, now: datetime, *, enabled: bool
    ) -> None:
        """Give a name to an unnamed template."""
        self._add(Fingerprint(subject, now.isoformat(), (place,), enabled))
        await self.async_save()

    async def async_update(self, template_id: str, **changes: Any) -> None:
        """Change fields of a fingerprint: `subject`, `enabled`, `deleting`."""
        self._add(replace(self._by_template[template_id], **changes))
        await self.async_save()

    async def async_expect_deletion(
        self, device: str, template_id: str | None, *, expected: bool = True
    ) -> bool:
        """Save whether the deletion of a template is expected.

        Returns whether it was expected before.
        """
        if template_id is None or (found := self.find(device, template_id)) is None:
            await self._async_saved()
            return False
        if expected or found.deleting:
            # Also if it was expected before: that may not be on disk yet.
            await self.async_update(template_id, deleting=expected)
        return found.deleting

    async def async_forget(self, device: str, template_ids: Iterable[str]) -> None:
        """Forget that a reader has these templates; a fingerprint without a place is removed."""
        places = {
            place for _, place in self.on_reader(device) if place.template_id in set(template_ids)
        }
        if not places:
            await self._async_saved()
            return
        self._keep_places(lambda place: None if place in places else place)
        await self.async_save()

    def reconcile(self, device: str, inventory: Inventory) -> bool:
        """Update slots and remove deleted fingerprints according to a complete list.

        A missing fingerprint whose deletion was not requested is kept: the user decides. Returns
        whether there is something to save.
        """
        slots = {template_id: slot for slot, template_id in inventory.templates.items()}

        def seen(place: Place) -> Place | None:
            if place.device != device:
                return place
            if place.template_id in inventory.missing:
                return None if self._by_template[place.template_id].deleting else place
            return replace(place, slot=slots.get(place.template_id, place.slot))

        before = self.on_reader(device)
        self._keep_places(seen)
        return self.on_reader(device) != before

    async def async_expire(
        self, present: Collection[str], marked: Collection[str], now: datetime
    ) -> list[str]:
        """Forget the fingerprints of readers that were removed `KEPT` ago.

        `present` are the hardware ids of the readers that are set up, `marked` those in the
        delivery log. A reader that was added again too late is forgotten too. Returns the hardware
        ids of the forgotten readers.
        """
        known = {place.device for _, place in self.all()} | self._enrollments.keys() | set(marked)
        before = self._removed
        expired = [
            device for device, at in before.items() if now - datetime.fromisoformat(at) >= KEPT
        ]
        self._removed = {
            device: before.get(device, now.isoformat())
            for device in sorted(known.difference(present, expired))
        }
        self._keep_places(lambda place: None if place.device in expired else place)
        for device in expired:
            self._enrollments.pop(device, None)
            self._unwanted.pop(device, None)
        if expired or self._removed != before:
            await self.async_save()
        return expired

    async def async_unlink(self, is_there: Callable[[str], bool]) -> None:
        """Unlink persons that no longer exist; the fingerprints stay."""
        gone = [
            fingerprint
            for fingerprint, _ in self.all()
            if fingerprint.subject.person is not None and not is_there(fingerprint.subject.person)
        ]
        for fingerprint in gone:
            self._add(replace(fingerprint, subject=replace(fingerprint.subject, person=None)))
        # Pending names too: otherwise a completed enrollment would bring the person back.
        meant = {
            device: enrollment
            for device, enrollment in self._enrollments.items()
            if enrollment.subject.person is not None and not is_there(enrollment.subject.person)
        }
        for device, enrollment in meant.items():
            subject = replace(enrollment.subject, person=None)
            self._enrollments[device] = replace(enrollment, subject=subject)
        if gone or meant:
            await self.async_save()

    def rename_device(self, old: str, new: str) -> None:
        """Move what is known of a reader to its new hardware id; does not save."""
        self._keep_places(
            lambda place: replace(place, device=new) if place.device == old else place
        )
        if (enrollment := self._enrollments.pop(old, None)) is not None:
            # One that was requested from the new reader itself is newer.
            self._enrollments.setdefault(new, enrollment)
        if (unwanted := self._unwanted.pop(old, None)) is not None:
            self._unwanted[new] = [*unwanted, *self._unwanted.get(new, ())][-_UNWANTED:]

    async def async_catch_up(self, completed: Iterable[Place], now: datetime) -> None:
        """Complete enrollments that had ended, but whose names were pending after a crash."""
        for place in completed:
            await self.async_complete(place, now)

    def _add(self, fingerprint: Fingerprint) -> None:
        for place in fingerprint.places:
            self._by_template[place.template_id] = fingerprint

    def _keep_places(self, seen: Callable[[Place], Place | None]) -> None:
        """Replace each place by the result of `seen`; None removes it."""
        kept = [
            replace(
                fingerprint,
                places=tuple(
                    place for each in fingerprint.places if (place := seen(each)) is not None
                ),
            )
            for fingerprint in dict.fromkeys(self._by_template.values())
        ]
        self._by_template = {}
        for fingerprint in kept:
            self._add(fingerprint)

    async def _async_saved(self) -> None:
        """Ensure that earlier changes are on disk: their callers may have been cancelled."""
        if self.changes:
            await self.async_save()

    async def async_save(self) -> None:
        """Save the registry, and call the listeners; returns when it is on disk."""
        self.changes += 1
        for listener in list(self._listeners):
            listener()
        await self._saved.async_save(
            {
                "fingerprints": [
                    asdict(fingerprint) for fingerprint in dict.fromkeys(self._by_template.values())
                ],
                "enrollments": {
                    device: asdict(enrollment) for device, enrollment in self._enrollments.items()
                },
                "unwanted": self._unwanted,
                "removed": self._removed,
            }
        )


# Key by key, because a newer minor version may have added keys.


def _subject(stored: dict[str, Any]) -> Subject:
    return Subject(stored["name"], stored["finger"], stored["person"])


def _place(stored: dict[str, Any]) -> Place:
    return Place(stored["device"], stored["slot"], stored["template_id"])
