"""The promises of the design, as checks of what Home Assistant shows against what is true.

The truth comes from the readers: what the firmware did, what the sensor holds, whose finger it was
(truth.py); and from the people: whom they wanted to enroll. What is shown is checked as it is
shown, by both roads: as state, and as event. What must be true at last is in endings.py.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from custom_components.biometric_enroll.client.enrollment import EnrollmentEventType
from custom_components.biometric_enroll.client.host import Kind
from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from custom_components.biometric_enroll.protocol.words import FINAL_STAGES, Stage, TouchResult
from tests.simulation.ground_truth import End, Truth

if TYPE_CHECKING:
    from collections.abc import Collection

    from custom_components.biometric_enroll.client.fingerprint_registry import (
        Enrollment,
        FingerprintRegistry,
    )
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from custom_components.biometric_enroll.client.state import ReaderState
    from custom_components.biometric_enroll.protocol.messages import Snapshot
    from tests.simulation.home_assistant import Taken
    from tests.simulation.reader import Touch
    from tests.simulation.trace import Trace

#: Seconds that a reader's clock may run away between two hellos, and rounding.
_DRIFT_S = 0.1
#: Seconds within which something is told where nothing goes wrong; no wait of any kind fits in.
PROMPT_S = 0.1


class Violation(NamedTuple):
    """One promise that was not kept."""

    promise: int
    what: str
    at: float


class Enrolled:
    """What was told of one enrollment, as events."""

    def __init__(self) -> None:
        self.scans: list[int] = []
        """Steps of the scans, in the order told; only what no crash excuses to tell again."""
        self.ended = False
        """Whether its end was told, with the same exception."""
        self.scans_ever: set[int] = set()
        self.ends_ever: set[str] = set()
        self.saved_scans = 0
        """How many of the scans are on disk as told."""
        self.saved_end = False

    def crash(self, *, forget: bool) -> None:
        """Excuse to tell again what is not on disk as told; after `forget` nothing is."""
        saved = 0 if forget else self.saved_scans
        self.scans = [step for step in self.scans if step <= saved]
        self.ended = self.ended and self.saved_end and not forget


class Promises:
    """Watches one history."""

    def __init__(self, trace: Trace) -> None:
        self.violations: list[Violation] = []
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self._truths: dict[str, Truth] = {}
        """By hardware id."""
        self.names: dict[str, str] = {}
        """Who was asked for, by template id."""
        self.unsure: set[str] = set()
        """Template ids whose name is being saved that users give to nameless templates."""
        self.listed_fingers: dict[str, dict[int, str]] = {}
        """Whose fingers are in the slots that were listed, by reader id: what users choose by."""
        self.forced: set[str] = set()
        """Template ids that users have had forgotten, whatever the sensor holds."""
        self._named: dict[str, set[str]] = {}
        """Template ids that have a name, by hardware id, in this run of Home Assistant."""
        self.meant_last: dict[str, str] = {}
        """The enrollment that a reader is to do or has done last, by hardware id."""
        self._meant_last_saved: dict[str, str] = {}
        self.shown: dict[str, ReaderState] = {}
        """By reader id, in this run of Home Assistant."""
        self.enrolled: defaultdict[str, Enrolled] = defaultdict(Enrolled)
        """By template id."""
        self.reported: dict[str, int] = {}
        """For how many each touch was told to stand, by its id; at any time."""
        self.saved: set[str] = set()
        """Touches that are known to be told for good: no crash forgets them."""
        self._told: set[str] = set()
        """Touches that were told and may not be told again."""
        self._opened: dict[str, set[str]] = {"event": set(), "state": set()}
        """Touches that have opened a door, by the road by which an automation hears of it."""
        self.forgetful = False
        """Whether Home Assistant has lost what it knew: an older backup was restored."""
        self._killed = False
        self.calm = False
        """Whether nothing goes wrong in this history."""
        self.devices: dict[str, str] = {}
        """Hardware id by reader id, of the readers that are set up."""

    def violated(self, promise: int, what: str) -> None:
        """Note that a promise was not kept."""
        self._trace.note("PROMISE", "%s violated: %s", promise, what)
        self.violations.append(Violation(promise, what, self._loop.time()))

    def truth(self, device: str) -> Truth:
        """Give the truth of a reader."""
        if device not in self._truths:
            self._truths[device] = Truth(self.violated)
        return self._truths[device]

    def truth_of(self, reader_id: str) -> Truth:
        """Give the truth of the reader that is set up under an id."""
        return self.truth(self.devices[reader_id])

    @property
    def enrollments(self) -> int:
        """Count the enrollments that readers have run."""
        return sum(len(truth.captured) for truth in self._truths.values())

    # --- Home Assistant as a whole --------------------------------------------------------

    def run(self, what: str) -> None:
        """See Home Assistant start or end."""
        self._trace.note("home assistant", what)
        if what == "is killed":
            self._killed = True
        if what == "starts":
            self.shown.clear()
            self._named.clear()
            if self._killed or self.forgetful:
                self.meant_last = {} if self.forgetful else dict(self._meant_last_saved)
            if self._killed or self.forgetful:
                # What was told but not saved may be told again.
                self._told &= set() if self.forgetful else self.saved
                for enrolled in self.enrolled.values():
                    enrolled.crash(forget=self.forgetful)
            self._killed = False

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """See who is meant by an enrollment, and who was asked for where that is decided."""
        name = enrollment.subject.name
        self.meant_last[device] = enrollment.template_id
        if name != self.names.setdefault(enrollment.template_id, asked):
            self.violated(2, f"{enrollment.template_id} is meant for {name}")

    def saved_registry(self, registry: dict[str, Any]) -> None:
        """See who is meant reach the disk."""
        self._meant_last_saved = {
            device: meant["template_id"] for device, meant in registry["enrollments"].items()
        }

    def saved_delivery_log(self, delivery_log: dict[str, Any]) -> None:
        """See what was told reach the disk."""
        for mark in delivery_log.values():
            self.saved.update(mark["touches"])
            snapshot = mark["snapshot"]
            if snapshot["template_id"] is not None:
                enrolled = self.enrolled[snapshot["template_id"]]
                enrolled.saved_scans = len(snapshot["captured"])
                enrolled.saved_end = snapshot["stage"] in FINAL_STAGES

    def registry(self, registry: FingerprintRegistry) -> None:
        """See the names; each needs a template that was stored."""
        for reader_id, device in self.devices.items():
            truth = self.truth(device)
            for fingerprint, place in registry.on_reader(device):
                name, template_id = fingerprint.subject.name, place.template_id
                if template_id not in truth.fingers:
                    self.violated(3, f"{name} is on {reader_id}, but nothing was stored")
                elif self.names.get(template_id) != name:
                    self.violated(2, f"{name} has the template of somebody else")
                elif place.slot != truth.slots[template_id]:
                    self.violated(2, f"{name} is thought to be in slot {place.slot}")

    def named(self, device: str) -> set[str]:
        """Return the template ids that have a name, as far as this run has changed them."""
        return self._named.get(device, set())

    def naming(self, device: str, template_id: str, name: str, memory: Collection[str]) -> None:
        """See a name given to a template that was listed; `memory` as below."""
        self.names.setdefault(template_id, name)
        self.unsure.add(template_id)
        if template_id not in {*memory, *self.truth(device).lost}:
            self.violated(3, f"{name} is given to {template_id}, which is not there")

    def named_for(self, reader_id: str, template_id: str | None, chosen: str | None) -> None:
        """See a name given for the finger that users have chosen."""
        self.unsure.discard(template_id or "")
        finger = self.truth_of(reader_id).fingers.get(template_id or "")
        if template_id is not None and finger != chosen:
            self.violated(2, f"{template_id} is of {finger}, and was named for that of {chosen}")

    def names_changed(
        self, device: str, registry: FingerprintRegistry, memory: Collection[str]
    ) -> None:
        """See the names of a reader change; `memory` are the template ids that it has."""
        named = {place.template_id for _, place in registry.on_reader(device)}
        wanted = self.forced | self.truth(device).unwanted.difference(memory)
        for template_id in sorted(self._named.get(device, set()) - named - wanted):
            self.violated(3, f"the name of {template_id} is forgotten, and nobody wanted that")
        self._named[device] = named

    def listed(self, reader_id: str, state: ReaderState, memory: Collection[str]) -> None:
        """See which names seem to miss their template; `memory` as above."""
        if state.inventory is not None:
            for template_id in sorted(state.inventory.gone.intersection(memory)):
                self.violated(3, f"{template_id} is taken for gone from {reader_id}, and is not")

    # --- what is: state ---------------------------------------------------------------------

    def state(self, reader_id: str, state: ReaderState, message: Taken | None) -> None:
        """See what entities show, and which message it came of."""
        before = self.shown.get(reader_id)
        self.shown[reader_id] = state
        if before is None or before.snapshot is not state.snapshot:
            self._check_snapshot(reader_id, before.snapshot if before else None, state.snapshot)
        if state.snapshot.template_id is not None:
            name = state.subject.name if state.subject else None
            if name != self.names.get(state.snapshot.template_id):
                self.violated(2, f"{state.snapshot.template_id} is shown as {name}'s")
        who = state.identified
        if who is not None and (before is None or who is not before.identified):
            touch = self._touch(reader_id, message)
            if touch is None:
                self.violated(5, f"{who.name} is shown as identified, but nobody was here")
            else:
                self._check_identified(reader_id, touch, touch.template_id, who.name)
                self._check_opening("state", touch, who.name)

    def _check_snapshot(self, reader_id: str, before: Snapshot | None, now: Snapshot) -> None:
        if now.template_id is None:
            return
        self._trace.note(
            "shown", "%s %s %s/%s %s", reader_id, now.stage, len(now.captured), now.total,
            now.template_id,
        )  # fmt: skip
        truth = self.truth_of(reader_id)
        if before is not None and before.template_id == now.template_id:
            if len(now.captured) < len(before.captured):
                self.violated(1, f"progress of {now.template_id} goes back")
            if before.final and now != before:
                self.violated(1, f"{now.template_id} goes on after its end")
        if len(now.captured) > len(truth.captured[now.template_id]):
            self.violated(1, f"{now.template_id} shows scans that were never captured")
        if now.stage is Stage.COMPLETED and now.template_id not in truth.fingers:
            self.violated(3, f"{now.template_id} is shown as completed, but is not stored")

    def is_behind(self, reader_id: str, snapshot: dict[str, Any]) -> bool:
        """Return whether an older snapshot than this one is shown."""
        shown = self.shown[reader_id].snapshot
        return (shown.template_id, shown.seq) != (snapshot["template_id"], snapshot["seq"])

    # --- what happens: events ---------------------------------------------------------------

    def moment(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        """Hear what automations hear."""
        fields = dict(moment.fields)
        if moment.kind is Kind.ENROLLMENT:
            self._check_enrollment_moment(reader_id, moment.type, fields, message)
            return
        if message is not None and message.retained:
            self.violated(5, "a touch is taken from a retained message")
        self._check_touch(reader_id, moment, message)

    def _check_enrollment_moment(
        self, reader_id: str, kind: str, fields: dict[str, Any], message: Taken | None
    ) -> None:
        template_id, step = fields["template_id"], fields["step"]
        self._trace.note("event", "%s %s %s of %s%s", reader_id, kind, step, template_id,
                         " (late)" if fields["late"] else "")  # fmt: skip
        name = f"{kind} {step} of {template_id}"
        if fields["late"]:
            if self.calm:
                self.violated(1, f"{name} is marked as late, for no reason")
        elif message is not None and (message.retained or message.topic == "command/response"):
            self.violated(1, f"{name} was learned afterwards, and is not marked as late")
        if self.shown[reader_id].snapshot.template_id != template_id:
            self.violated(1, f"{name} is told, but not shown")
        if kind == EnrollmentEventType.SCAN_CAPTURED:
            self._check_scan(reader_id, template_id, step, late=fields["late"])
        elif kind in FINAL_STAGES:
            self._check_end(reader_id, template_id, End(kind, fields["reason"]))

    def _check_scan(self, reader_id: str, template_id: str, step: int, *, late: bool) -> None:
        enrolled, told = self.enrolled[template_id], self.enrolled[template_id].scans
        captured = self.truth_of(reader_id).captured[template_id]
        name = f"scan {step} of {template_id}"
        if enrolled.ended:
            self.violated(1, f"{name} is told after the end")
        if step in told:
            self.violated(1, f"{name} is told twice")
        elif told and step < told[-1]:
            self.violated(1, f"{name} is told after scan {told[-1]}")
        shown = len(self.shown[reader_id].snapshot.captured)
        if shown < step:
            self.violated(1, f"{name} is told, but not shown")
        elif shown > step and not late:
            self.violated(1, f"{name} was followed by another, and is not marked as late")
        if len(captured) < step:
            self.violated(1, f"{name} is told, but was never captured")
        elif self.calm and self._loop.time() - captured[step - 1].at > PROMPT_S:
            self.violated(1, f"{name} is told late, for no reason")
        told.append(step)
        enrolled.scans_ever.add(step)

    def _check_end(self, reader_id: str, template_id: str, end: End) -> None:
        enrolled, truth = self.enrolled[template_id], self.truth_of(reader_id)
        if enrolled.ended:
            self.violated(1, f"the end of {template_id} is told twice")
        excused = self.forgetful or template_id in truth.lost
        if end not in truth.ends[template_id] and not excused:
            self.violated(1, f"{template_id} is told to be {end}, and is not")
        enrolled.ended = True
        enrolled.ends_ever.add(end.stage)

    def _touch(self, reader_id: str, message: Taken | None) -> Touch | None:
        """Find the touch that a message tells."""
        if message is None or message.topic != "fingerprint":
            return None
        return self.truth_of(reader_id).touches.get(json.loads(message.payload).get("touch", ""))

    def _check_touch(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        name = moment.subject.name if moment.subject else None
        touch = self._touch(reader_id, message)
        self._trace.note("event", "%s %s %s %s %s", reader_id, moment.kind, moment.type, name,
                         touch and touch.touch)  # fmt: skip
        if touch is None:
            if moment.type == TouchResult.IDENTIFIED:
                self.violated(5, f"{name} is identified by a touch that nobody made here")
            return
        if touch.touch in self._told:
            self.violated(5, f"touch {touch.touch} is told twice")
        self._told.add(touch.touch)
        self.reported[touch.touch] = moment.fields["count"]
        if self.calm and moment.kind is not Kind.TOUCH:
            self.violated(5, f"touch {touch.touch} is told late, for no reason")
        template_id = touch.template_id
        if moment.type == TouchResult.IDENTIFIED:
            self._check_identified(reader_id, touch, moment.fields["template_id"], name)
            if moment.kind is Kind.TOUCH:
                self._check_opening("event", touch, name)
                if touch.touch not in self._opened["state"]:
                    self.violated(5, f"{name} is told to be identified, but not shown")
            return
        excused = self.forced | self.truth_of(reader_id).unwanted
        if template_id is None or self.forgetful or template_id in excused:
            return
        if Stage.COMPLETED in self.enrolled[template_id].ends_ever:
            self.violated(2, f"{self.names[template_id]} is told as nobody who is known")

    def _check_identified(
        self, reader_id: str, touch: Touch, template_id: str | None, name: str | None
    ) -> None:
        """Check who is said to have touched."""
        owner = self.names.get(template_id or "")
        if name is None or owner != name:
            self.violated(2, f"template {template_id} of {owner} is told as {name}'s")
        if self.truth_of(reader_id).fingers.get(template_id or "") != touch.finger:
            self.violated(2, f"the finger {touch.finger} is identified as {name}'s")

    def _check_opening(self, road: str, touch: Touch, name: str | None) -> None:
        age = self._loop.time() - touch.seen_at
        if age > LIVE_AGE + _DRIFT_S:
            self.violated(5, f"a touch of {name}, {age:.1f} s old, opens a door ({road})")
        if touch.touch in self._opened[road]:
            self.violated(5, f"a touch of {name} opens a door twice ({road})")
        self._opened[road].add(touch.touch)
