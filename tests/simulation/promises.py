"""Checks what Home Assistant shows against what is true: the promises of the design.

The truth comes from the readers: what the firmware did, what the sensor holds, whose finger it was
(ground_truth.py); and from the people: whom they wanted to enroll. What is shown is checked as it
is shown, both as state and as event. What must be true at last is in final_checks.py.
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
    from tests.simulation.home_assistant_run import Taken
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
        """Whether Home Assistant has lost what it knew: an older backup was restored."""
        self._killed = False
        self.calm = False
        """Whether nothing goes wrong in this history."""
        self.devices: dict[str, str] = {}
        """Hardware id by reader id, of the readers that are set up."""

    def violated(self, promise: int, what: str) -> None:
        """Note that a promise was not kept."""
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
                # What was told but not saved may be told again.
                self.touches.crash(forget=self.forgetful)
                self.enrollments.crash(forget=self.forgetful)
            self._killed = False

    def saved_delivery_log(self, delivery_log: dict[str, Any]) -> None:
        """Record that what was told reaches the disk."""
        for mark in delivery_log.values():
            self.touches.saved.update(mark["touches"])
            self.enrollments.saved(mark["snapshot"])

    def state(self, reader_id: str, state: ReaderState, message: Taken | None) -> None:
        """Check what entities show, and which message it came of."""
        before = self.shown.get(reader_id)
        self.shown[reader_id] = state
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

    def moment(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        """Check what automations hear."""
        if moment.kind is Kind.ENROLLMENT:
            self.enrollments.check_event(reader_id, moment.type, dict(moment.fields), message)
            return
        if message is not None and message.retained:
            self.violated(5, "a touch is taken from a retained message")
        self.touches.check_event(reader_id, moment, message)
