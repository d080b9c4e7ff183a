"""Whose fingerprint it is: no name without its template, none lost, none given to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from custom_components.biometric_enroll.client.fingerprint_registry import (
        Enrollment,
        FingerprintRegistry,
    )
    from custom_components.biometric_enroll.client.state import ReaderState
    from tests.simulation.promises import Promises


class NamePromises:
    """Checks the names that Home Assistant keeps, over all its runs."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._violated = promises.violated
        self.wanted: dict[str, str] = {}
        """Who was to be enrolled according to the user, by template id."""
        self.unsure: set[str] = set()
        """Template ids of unnamed templates whose new name is being saved."""
        self.listed_fingers: dict[str, dict[int, str]] = {}
        """Whose fingers are in the listed slots, by reader id: users choose by them."""
        self.forced: set[str] = set()
        """Template ids whose name users have removed, whatever the sensor holds."""
        self._named: dict[str, set[str]] = {}
        """Template ids that have a name, by hardware id, in this run of Home Assistant."""
        self.meant_last: dict[str, str] = {}
        """Template id of the last enrollment that was requested of a reader, by hardware id."""
        self._meant_last_saved: dict[str, str] = {}
        self.given_up: set[str] = set()
        """Template ids of enrollments that were reported as not started."""
        self._given_up_saved: set[str] = set()

    def restart(self, *, killed: bool, forget: bool) -> None:
        """Begin another run of Home Assistant; after `forget` an older backup was restored."""
        self._named.clear()
        if forget:
            self.meant_last = {}
            self.given_up.clear()
            self._given_up_saved.clear()
        elif killed:
            self.meant_last = dict(self._meant_last_saved)
            # Of the others, nobody was told that they had not started.
            self.given_up &= self._given_up_saved

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """Record whose fingerprint an enrollment is for, and who was asked for by the user."""
        name = enrollment.subject.name
        self.meant_last[device] = enrollment.template_id
        if enrollment.given_up:
            self.given_up.add(enrollment.template_id)
            self._promises.truth(device).unwanted.add(enrollment.template_id)
        if name != self.wanted.setdefault(enrollment.template_id, asked):
            self._violated(2, f"{enrollment.template_id} is meant for {name}")

    def saved_registry(self, registry: dict[str, Any]) -> None:
        """Record that the requested enrollments are on disk."""
        self._meant_last_saved = {
            device: meant["template_id"] for device, meant in registry["enrollments"].items()
        }
        self._given_up_saved |= {
            meant["template_id"] for meant in registry["enrollments"].values() if meant["given_up"]
        }

    def registry(self, registry: FingerprintRegistry) -> None:
        """Check the names; each needs a template that was stored."""
        for reader_id, device in self._promises.devices.items():
            truth = self._promises.truth(device)
            for fingerprint, place in registry.on_reader(device):
                name, template_id = fingerprint.subject.name, place.template_id
                if template_id not in truth.fingers:
                    self._violated(3, f"{name} is on {reader_id}, but nothing was stored")
                elif self.wanted.get(template_id) != name:
                    self._violated(2, f"{name} has the template of somebody else")
                elif place.slot != truth.slots[template_id]:
                    self._violated(2, f"{name} is thought to be in slot {place.slot}")

    def named(self, device: str) -> set[str]:
        """Return the template ids that have a name in this run."""
        return self._named.get(device, set())

    def naming(self, device: str, template_id: str, name: str, memory: Collection[str]) -> None:
        """Record a name given to a template that was listed; `memory` as below."""
        self.wanted.setdefault(template_id, name)
        self.unsure.add(template_id)
        if template_id not in {*memory, *self._promises.truth(device).lost}:
            self._violated(3, f"{name} is given to {template_id}, which is not there")

    def named_for(self, reader_id: str, template_id: str | None, chosen: str | None) -> None:
        """Check a name given for the finger that users have chosen."""
        self.unsure.discard(template_id or "")
        finger = self._promises.truth_of(reader_id).fingers.get(template_id or "")
        if template_id is not None and finger != chosen:
            self._violated(2, f"{template_id} is of {finger}, and was named for that of {chosen}")

    def changed(self, device: str, registry: FingerprintRegistry, memory: Collection[str]) -> None:
        """Check how the names of a reader change; `memory` are the template ids that it has."""
        named = {place.template_id for _, place in registry.on_reader(device)}
        for template_id in sorted(named & self.given_up):
            self._violated(3, f"{template_id} has a name, although its start was given up")
        wanted = self.forced | self._promises.truth(device).unwanted.difference(memory)
        for template_id in sorted(self._named.get(device, set()) - named - wanted):
            self._violated(3, f"the name of {template_id} is forgotten, and nobody wanted that")
        self._named[device] = named

    def listed(self, reader_id: str, state: ReaderState, memory: Collection[str]) -> None:
        """Check which names seem to miss their template; `memory` as above."""
        if state.inventory is not None:
            for template_id in sorted(state.inventory.missing.intersection(memory)):
                self._violated(3, f"{template_id} is taken for gone from {reader_id}, and is not")
