"""Checks what Home Assistant shows against the truth: the promises of the design.

The truth comes from the readers: what the firmware did, what the sensor holds, whose finger it was
(ground_truth.py); and from the people: whom they wanted to enroll. States and events are checked
as they are shown. What must be true at the end is in final_checks.py.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from custom_components.biometric_enroll.client.host import Kind
from tests.simulation.ground_truth import Truth
from tests.simulation.promises_about_enrollments import EnrollmentPromises
from tests.simulation.promises_about_names import NamePromises
from tests.simulation.promises_about_touches import TouchPromises

if TYPE_CHECKING:
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from custom_components.biometric_enroll.client.state import ReaderState
    from tests.simulation.home_assistant_run import ReceivedMessage
    from tests.simulation.trace import Trace


class Violation(NamedTuple):
    """One promise that was not kept."""

    promise: int
    what: str
    at: float


class Promises:
    """Checks one history while it runs."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.violations: list[Violation] = []
        self.names = NamePromises(self)
        self.enrollments = EnrollmentPromises(self)
        self.touches = TouchPromises(self)
        self._loop = asyncio.get_running_loop()
        self._truths: dict[str, Truth] = {}
        """By hardware id."""
        self.shown: dict[str, ReaderState] = {}
        """By reader id, in this run of Home Assistant."""
        self.forgetful = False
        """Whether Home Assistant has lost data: an older backup was restored."""
        self._killed = False
        self.calm = False
        """Whether this history has no faults."""
        self.shared = False
        """Whether another Home Assistant has asked the readers: each hello ends another's nonce."""
        self.devices: dict[str, str] = {}
        """Hardware id by reader id, of the readers that are set up."""

    def violated(self, promise: int, what: str) -> None:
        """Record that a promise was violated."""
        self.trace.note("PROMISE", "%s violated: %s", promise, what)
        self.violations.append(Violation(promise, what, self._loop.time()))

    def truth(self, device: str) -> Truth:
        """Return the truth of a reader, by hardware id."""
        if device not in self._truths:
            self._truths[device] = Truth(self.violated)
        return self._truths[device]

    def truth_of(self, reader_id: str) -> Truth:
        """Return the truth of the reader that is set up under an id."""
        return self.truth(self.devices[reader_id])

    @property
    def enrollments_run(self) -> int:
        """Count the enrollments that readers have run."""
        return sum(len(truth.captured) for truth in self._truths.values())

    def run(self, what: str) -> None:
        """Record a start or an end of Home Assistant."""
        self.trace.note("home assistant", what)
        if what == "is killed":
            self._killed = True
        if what == "starts":
            self.shown.clear()
            self.names.restart(killed=self._killed, forget=self.forgetful)
            if self._killed or self.forgetful:
                # Events that were reported but not saved may be reported again.
                self.touches.crash(forget=self.forgetful)
                self.enrollments.crash(forget=self.forgetful)
            self._killed = False

    def saved_delivery_log(self, delivery_log: dict[str, Any]) -> None:
        """Record which of the reported events are on disk."""
        for mark in delivery_log.values():
            self.touches.saved.update(mark["touches"])
            self.enrollments.saved(mark["snapshot"])

    def state(self, reader_id: str, state: ReaderState, message: ReceivedMessage | None) -> None:
        """Check a state of the entities; `message` is its cause, if any."""
        before = self.shown.get(reader_id)
        self.shown[reader_id] = state
        if before is None and state.snapshot.running and not state.doubtful:
            self.violated(1, f"{state.snapshot.template_id} is shown before the reader was asked")
        if before is None or before.snapshot is not state.snapshot:
            self.enrollments.check_shown(
                reader_id, before.snapshot if before else None, state.snapshot
            )
        if state.snapshot.template_id is not None:
            name = state.subject.name if state.subject else None
            if name != self.names.wanted.get(state.snapshot.template_id):
                self.violated(2, f"{state.snapshot.template_id} is shown as {name}'s")
        who = state.identified
        if who is not None and (before is None or who is not before.identified):
            self.touches.check_shown(reader_id, who.name, message)

    def event(self, reader_id: str, event: ReaderEvent, message: ReceivedMessage | None) -> None:
        """Check a reported event; `message` is its cause, if any."""
        if event.kind is Kind.ENROLLMENT:
            self.enrollments.check_event(reader_id, event.type, dict(event.fields), message)
            return
        if message is not None and message.retained:
            self.violated(5, "a touch is taken from a retained message")
        self.touches.check_event(reader_id, event, message)
