"""Observes the simulated Home Assistant: what it shows, tells, asks for and saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.client.fingerprint_registry import (
        Enrollment,
        FingerprintRegistry,
        Place,
    )
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from custom_components.biometric_enroll.client.state import ReaderState
    from tests.simulation.home_assistant_run import Taken
    from tests.simulation.installation import Installation

    type _Planned = list[Callable[[], object]]

#: Words of the requests that change something beside enrolling.
_CHANGES = ('"delete"', '"adopt"', '"settings"')


class HomeObserver:
    """Passes all of it on to the promises, and runs what faults have planned for such a moment."""

    def __init__(self, world: Installation) -> None:
        self._world = world
        self._promises = world.promises
        self.when_told: _Planned = []
        """What faults have planned for the next event that Home Assistant tells …"""
        self.when_published: _Planned = []
        """… for the next message that it publishes …"""
        self.when_started: _Planned = []
        """… for the next enrollment that it asks for …"""
        self.when_changing: _Planned = []
        """… and for the next change that it asks for."""

    def state(self, reader_id: str, state: ReaderState, message: Taken | None) -> None:
        """See what entities show."""
        promises, reader = self._promises, self._world.readers[reader_id]
        before = promises.shown.get(reader_id)
        promises.state(reader_id, state, message)
        if before is None or before.inventory is not state.inventory:
            promises.names.listed(reader_id, state, reader.memory.values())
            promises.names.listed_fingers[reader_id] = reader.held_by(reader.own_sensor)
        if before is None and self._world.home.registry is not None:
            promises.names.registry(self._world.home.registry)

    def names_changed(self, registry: FingerprintRegistry) -> None:
        """See the registry change."""
        self._promises.names.registry(registry)
        for reader in self._world.readers.values():
            self._promises.names.changed(reader.device, registry, reader.memory.values())

    def moment(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        """Hear what automations hear."""
        self._promises.moment(reader_id, moment, message)
        _run(self.when_told)

    def published(self, topic: str, message: str) -> None:
        """See Home Assistant publish something."""
        self._world.situations.published(topic, message)
        if any(word in message for word in _CHANGES):
            _run(self.when_changing)
        _run(self.when_published)
        if topic.endswith("enroll/request"):
            _run(self.when_started)

    def saved(self, name: str, data: dict[str, Any]) -> None:
        """See a file reach the disk."""
        if name == "marks":
            self._promises.saved_delivery_log(data)
        else:
            self._promises.names.saved_registry(data)

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """See who is meant by an enrollment."""
        self._promises.names.meant(device, enrollment, asked)

    def named(self, place: Place, name: str) -> None:
        """See a template get its name."""
        memory = self._world.all_readers[place.device].memory.values()
        self._promises.names.naming(place.device, place.template_id, name, memory)

    def run(self, what: str) -> None:
        """See Home Assistant start and end."""
        self._promises.run(what)


def _run(planned: _Planned) -> None:
    while planned:
        planned.pop()()
