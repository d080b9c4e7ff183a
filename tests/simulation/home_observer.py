"""Observes the simulated Home Assistant: its states, events, requests and saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client.host import Kind
from custom_components.biometric_enroll.protocol.words import TouchResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.client.fingerprint_registry import (
        Enrollment,
        FingerprintRegistry,
        Place,
    )
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from custom_components.biometric_enroll.client.state import ReaderState
    from tests.simulation.home_assistant_run import ReceivedMessage
    from tests.simulation.installation import Installation

    type _Planned = list[Callable[[], object]]

#: The parts of a message that mark requests of changes other than enrollments.
_CHANGES = ('"delete"', '"adopt"', '"settings"')


class HomeObserver:
    """Passes all of it to the promises, and calls what faults have scheduled."""

    def __init__(self, world: Installation) -> None:
        self._world = world
        self._promises = world.promises
        self.on_event: _Planned = []
        """Called at the next event that Home Assistant reports …"""
        self.on_identified: _Planned = []
        """… at the next touch that it reports as live and identified …"""
        self.on_publish: _Planned = []
        """… at the next message that it publishes …"""
        self.on_enroll_request: _Planned = []
        """… at the next enrollment that it requests …"""
        self.on_change_request: _Planned = []
        """… and at the next change that it requests."""

    def state(self, reader_id: str, state: ReaderState, message: ReceivedMessage | None) -> None:
        """Check a new state of the entities."""
        promises, reader = self._promises, self._world.readers[reader_id]
        before = promises.shown.get(reader_id)
        promises.state(reader_id, state, message)
        if before is None or before.inventory is not state.inventory:
            promises.names.listed(reader_id, state, reader.memory.values())
            promises.names.listed_fingers[reader_id] = reader.held_by(reader.own_sensor)
        if before is None and self._world.home.registry is not None:
            promises.names.registry(self._world.home.registry)

    def names_changed(self, registry: FingerprintRegistry) -> None:
        """Check a change of the registry."""
        self._promises.names.registry(registry)
        for reader in self._world.readers.values():
            self._promises.names.changed(reader.device, registry, reader.memory.values())

    def event(self, reader_id: str, event: ReaderEvent, message: ReceivedMessage | None) -> None:
        """Check a reported event."""
        self._promises.event(reader_id, event, message)
        _run(self.on_event)
        if event.kind is Kind.TOUCH and event.type == TouchResult.IDENTIFIED:
            _run(self.on_identified)

    def other_home_assistant(self, reader_id: str, *, speaks: bool) -> None:
        """Check what users are told of another Home Assistant."""
        world = self._world
        if not speaks:
            world.told_of_second_home.discard(reader_id)
            return
        world.told_of_second_home.add(reader_id)
        if world.calm and world.second_home is None:
            self._promises.violated(7, "another Home Assistant is reported, and there is none")

    def published(self, topic: str, message: str) -> None:
        """Record a published message."""
        self._world.situations.published(topic, message)
        if any(word in message for word in _CHANGES):
            _run(self.on_change_request)
        _run(self.on_publish)
        if topic.endswith("enroll/request"):
            _run(self.on_enroll_request)

    def saved(self, name: str, data: dict[str, Any]) -> None:
        """Record that a file was written to disk."""
        if name == "marks":
            self._promises.saved_delivery_log(data)
        else:
            self._promises.names.saved_registry(data)

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """Record whose fingerprint an enrollment is for."""
        self._promises.names.meant(device, enrollment, asked)

    def named(self, place: Place, name: str) -> None:
        """Record that a template was named."""
        memory = self._world.all_readers[place.device].memory.values()
        self._promises.names.naming(place.device, place.template_id, name, memory)

    def run(self, what: str) -> None:
        """Record a start or an end of Home Assistant."""
        self._promises.run(what)


def _run(planned: _Planned) -> None:
    while planned:
        planned.pop()()
