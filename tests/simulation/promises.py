"""The promises of the design, as checks of what Home Assistant shows against what is true.

The truth comes from the readers: what the firmware did, what the sensor holds, whose finger it was.
Each promise is checked when something is shown, and once more when a history is over and everything
works again.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from custom_components.biometric_enroll.follower.surroundings import Kind
from custom_components.biometric_enroll.reader.enrollment import EnrollmentMoment
from custom_components.biometric_enroll.reader.liveness import LIVE_AGE, SLACK
from custom_components.biometric_enroll.reader.words import FINAL_STAGES, Stage, TouchResult

if TYPE_CHECKING:
    from custom_components.biometric_enroll.follower.roster import Enrollment, Roster
    from custom_components.biometric_enroll.follower.surroundings import Moment
    from custom_components.biometric_enroll.reader.messages import Snapshot
    from custom_components.biometric_enroll.reader.state import ReaderState
    from tests.simulation.home_assistant import Taken
    from tests.simulation.reader import Touch
    from tests.simulation.trace import Trace

#: Seconds that a reader's clock may run away between two hellos, and rounding.
_DRIFT_S = 0.1
#: Seconds within which a touch that nobody acknowledged reaches the flash: 2 from the touch, and
#: 2 more from when it could first be sent.
_KEPT_AFTER_S = 4.1
#: Seconds within which a scan is told where nothing goes wrong; no wait of any kind fits into it.
_PROMPT_S = 0.1


class Violation(NamedTuple):
    """One promise that was not kept."""

    promise: int
    what: str
    at: float


@dataclass
class Truth:
    """What one reader really did, over all its lives."""

    captured: dict[str, list[float]] = field(default_factory=dict)
    """When each scan was captured, by template id."""
    final: dict[str, str] = field(default_factory=dict)
    """How enrollments ended, by template id."""
    fingers: dict[str, str] = field(default_factory=dict)
    """Whose finger the sensor held when an enrollment was committed, by template id."""
    touches: dict[str, Touch] = field(default_factory=dict)
    """By their ids."""
    taken_at: dict[str, float] = field(default_factory=dict)
    """When a touch entered the journal, by its id."""
    excused: set[str] = field(default_factory=set)
    """Touches that may be lost: no flash had them when the power went."""
    refused: bool = False
    """Whether its flash has refused to write."""
    erased: bool = False
    """Whether its flash was erased, or its sensor is another one."""


class Promises:
    """Watches one history."""

    def __init__(self, trace: Trace) -> None:
        self.violations: list[Violation] = []
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self.truths: defaultdict[str, Truth] = defaultdict(Truth)
        """By hardware id."""
        self._names: dict[str, str] = {}
        """Who was meant, by template id."""
        self._shown: dict[str, ReaderState] = {}
        """By reader id, in this run of Home Assistant."""
        self._scans: defaultdict[str, list[int]] = defaultdict(list)
        """Steps of the scans that were told as events in this run, by template id."""
        self._scans_ever: defaultdict[str, set[int]] = defaultdict(set)
        self._reported: defaultdict[str, int] = defaultdict(int)
        """How often a touch was told, by its id; a kill in between excuses a second time."""
        self._reported_ever: set[str] = set()
        self._saved: set[str] = set()
        """Touches that are known to be told for good: no crash forgets them."""
        self._opened: set[str] = set()
        """Touches that have opened a door."""
        self.forgetful = False
        """Whether Home Assistant has lost what it knew: an older backup was restored."""
        self._unsaved = False
        self.calm = False
        """Whether nothing goes wrong in this history."""
        self.devices: dict[str, str] = {}
        """Hardware id by reader id, of the readers that are set up."""

    def violated(self, promise: int, what: str) -> None:
        """Note that a promise was not kept."""
        self._trace.note("PROMISE", "%s violated: %s", promise, what)
        self.violations.append(Violation(promise, what, self._loop.time()))

    # --- what is true -----------------------------------------------------------------

    def reader_snapshot(self, device: str, snapshot: dict[str, Any]) -> None:
        """See the enrollment as a firmware has it."""
        truth, template_id = self.truths[device], snapshot["template_id"]
        if template_id is None:
            return
        if template_id in truth.final and snapshot["stage"] not in FINAL_STAGES:
            self.violated(2, f"{template_id} runs again, for whoever is there now")
        captured, done = truth.captured.setdefault(template_id, []), len(snapshot["captured"])
        if done < len(captured) and snapshot["stage"] != "failed":
            self.violated(1, f"reader {device} counts back in {template_id}")
        captured += [self._loop.time()] * (done - len(captured))
        if snapshot["stage"] in FINAL_STAGES:
            truth.final[template_id] = snapshot["stage"]

    def reader_committed(self, device: str, template_id: str, finger: str | None) -> None:
        """See a template get its id in flash."""
        if finger is None:
            self.violated(3, f"{template_id} is committed without a template in the sensor")
        elif "+" in finger:
            self.violated(2, f"{template_id} is made of two fingers: {finger}")
        self.truths[device].fingers[template_id] = finger or "?"

    def reader_touched(self, device: str, touch: Touch) -> None:
        """See a touch enter the journal."""
        truth = self.truths[device]
        truth.touches[touch.touch] = touch
        truth.taken_at[touch.touch] = self._loop.time()

    def reader_lost_power(self, device: str, *, kept: bool) -> None:
        """Excuse the touches that no flash could have had yet."""
        truth, now = self.truths[device], self._loop.time()
        truth.excused |= {
            touch
            for touch, taken_at in truth.taken_at.items()
            if not kept or now - taken_at < _KEPT_AFTER_S
        }

    # --- what Home Assistant shows ------------------------------------------------------

    def run(self, what: str) -> None:
        """See Home Assistant start or end."""
        self._trace.note("home assistant", what)
        if what == "is killed":
            self._unsaved = True
        if what == "starts":
            self._shown.clear()
            if self._unsaved or self.forgetful:
                # What was told but not saved may be told again.
                self._scans.clear()
                self._reported.clear()
            self._unsaved = False

    def meant(self, enrollment: Enrollment) -> None:
        """See who is meant by an enrollment."""
        self._names[enrollment.template_id] = enrollment.subject.name

    def state(self, reader_id: str, state: ReaderState) -> None:
        """See what entities show."""
        before = self._shown.get(reader_id)
        self._shown[reader_id] = state
        snapshot = state.snapshot
        if before is None or before.snapshot is not snapshot:
            self._check_snapshot(reader_id, before.snapshot if before else None, snapshot)
            if snapshot.template_id is not None:
                name = state.subject.name if state.subject else None
                if name != self._names.get(snapshot.template_id):
                    self.violated(2, f"{snapshot.template_id} is shown as {name}'s")

    def _check_snapshot(self, reader_id: str, before: Snapshot | None, now: Snapshot) -> None:
        if now.template_id is None:
            return
        self._trace.note(
            "shown", "%s %s %s/%s %s", reader_id, now.stage, len(now.captured), now.total,
            now.template_id,
        )  # fmt: skip
        truth = self.truths[self.devices[reader_id]]
        if before is not None and before.template_id == now.template_id:
            if len(now.captured) < len(before.captured):
                self.violated(1, f"progress of {now.template_id} goes back")
            if before.final and now != before:
                self.violated(1, f"{now.template_id} goes on after its end")
        if len(now.captured) > len(truth.captured.get(now.template_id, [])):
            self.violated(1, f"{now.template_id} shows scans that were never captured")
        if now.stage is Stage.COMPLETED and now.template_id not in truth.fingers:
            self.violated(3, f"{now.template_id} is shown as completed, but is not stored")

    def roster(self, roster: Roster) -> None:
        """See the names; each needs a template that was stored."""
        for reader_id, device in self.devices.items():
            for fingerprint, place in roster.on_reader(device):
                name = fingerprint.subject.name
                if place.template_id not in self.truths[device].fingers:
                    self.violated(3, f"{name} is on {reader_id}, but nothing was stored")
                elif self._names.get(place.template_id) != name:
                    self.violated(2, f"{name} has the template of somebody else")

    def saved_marks(self, marks: dict[str, Any]) -> None:
        """See what was told reach the disk."""
        for mark in marks.values():
            self._saved.update(mark["touches"])

    def moment(self, reader_id: str, moment: Moment, message: Taken | None) -> None:
        """Hear what automations hear."""
        fields = dict(moment.fields)
        retained = message is not None and message.retained
        if moment.kind is Kind.ENROLLMENT:
            if retained and not fields["late"]:
                self.violated(1, "what a retained message told is not marked as late")
            self._check_enrollment_moment(reader_id, moment.type, fields)
            return
        if retained:
            self.violated(5, "a touch is taken from a retained message")
        touch = json.loads(message.payload).get("touch", "") if message else ""
        self._check_touch(reader_id, moment, touch)

    def _check_enrollment_moment(self, reader_id: str, kind: str, fields: dict[str, Any]) -> None:
        template_id, step = fields["template_id"], fields["step"]
        self._trace.note("event", "%s %s %s of %s", reader_id, kind, step, template_id)
        if kind != EnrollmentMoment.SCAN_CAPTURED:
            return
        told = self._scans[template_id]
        if step in told:
            self.violated(1, f"scan {step} of {template_id} is told twice")
        elif told and step < told[-1]:
            self.violated(1, f"scan {step} of {template_id} is told after scan {told[-1]}")
        captured = self.truths[self.devices[reader_id]].captured.get(template_id, [])
        if len(captured) < step:
            self.violated(1, f"scan {step} of {template_id} is told, but was never captured")
        elif self.calm and self._loop.time() - captured[step - 1] > _PROMPT_S:
            self.violated(1, f"scan {step} of {template_id} is told late, for no reason")
        told.append(step)
        self._scans_ever[template_id].add(step)

    def _check_touch(self, reader_id: str, moment: Moment, touch_id: str) -> None:
        device = self.devices[reader_id]
        name = moment.subject.name if moment.subject else None
        self._trace.note("event", "%s %s %s %s %s", reader_id, moment.kind, moment.type, name,
                         touch_id)  # fmt: skip
        touch = self.truths[device].touches.get(touch_id)
        if touch is None:
            if moment.type == TouchResult.IDENTIFIED:
                self.violated(5, f"{name} is identified by a touch that nobody made here")
            return
        self._reported_ever.add(touch_id)
        self._reported[touch_id] += 1
        if self._reported[touch_id] > 1:
            self.violated(5, f"touch {touch_id} is told twice")
        if moment.type != TouchResult.IDENTIFIED:
            return
        template_id = str(moment.fields["template_id"])
        owner = self._names.get(template_id)
        if name is None or owner != name:
            self.violated(2, f"template {template_id} of {owner} is told as {name}'s")
        if self.truths[device].fingers.get(template_id) != touch.finger:
            self.violated(2, f"the finger {touch.finger} is identified as {name}'s")
        if moment.kind is Kind.TOUCH:
            self._check_opening(touch, name)

    def _check_opening(self, touch: Touch, name: str | None) -> None:
        age = self._loop.time() - touch.at
        if age > LIVE_AGE + SLACK + _DRIFT_S:
            self.violated(5, f"a touch of {name}, {age:.1f} s old, opens a door")
        if touch.touch in self._opened:
            self.violated(5, f"a touch of {name} opens a door twice")
        self._opened.add(touch.touch)

    # --- when all is over ---------------------------------------------------------------

    def settled(
        self, reader_id: str, snapshot: dict[str, Any], journal: int, expected: str | None
    ) -> str | None:
        """Return what is still to come before Home Assistant agrees with a reader, if anything.

        `expected` is the template id that Home Assistant has asked this reader for last.
        """
        shown = self._shown.get(reader_id)
        if shown is None or not shown.available:
            return "the reader is not available"
        if snapshot["timeout_ms"] is not None:
            return "an enrollment is running"
        if shown.snapshot.running:
            return "an enrollment is shown as running"
        if journal:
            return f"{journal} touches wait in the journal"
        if snapshot["template_id"] == expected is not None and not self._same(reader_id, snapshot):
            return "the enrollment is shown as it was before"
        return None

    def _same(self, reader_id: str, true: dict[str, Any]) -> bool:
        shown = self._shown[reader_id].snapshot
        if self.truths[self.devices[reader_id]].refused and shown.stage is Stage.FAILED:
            # The flash refused to keep why: after a restart the reader has another reason.
            return True
        return (shown.template_id, shown.stage, len(shown.captured), shown.reason) == (
            true["template_id"],
            true["stage"],
            len(true["captured"]),
            true["reason"],
        )

    def check_end(self, reader_id: str, roster: Roster, accepted: list[str]) -> None:
        """Check what must be true of a reader when everything works again and has settled."""
        device = self.devices[reader_id]
        truth = self.truths[device]
        if not self.forgetful:
            for template_id in accepted:
                self._check_told(device, template_id)
            for template_id in truth.fingers:
                known = roster.find(device, template_id)
                if known is None and template_id in self._names and not truth.erased:
                    self.violated(3, f"{template_id} is stored, but its name is lost")
        for touch in truth.touches.values():
            told = touch.touch in self._reported_ever and touch.touch in self._saved
            if not told and touch.touch not in truth.excused and not truth.erased:
                self.violated(6, f"touch {touch.touch} ({touch.result}) is forgotten")

    def check_sensor(
        self, reader_id: str, memory: dict[int, str], templates: dict[int, str]
    ) -> None:
        """Check that flash and sensor agree, and hold what was stored, nothing else."""
        truth = self.truths[self.devices[reader_id]]
        if truth.erased:
            return
        for slot in sorted({*memory, *templates}):
            template_id, finger = memory.get(slot), templates.get(slot)
            if template_id is None:
                self.violated(3, f"slot {slot} holds {finger}, whom nobody has enrolled")
            elif finger is None:
                self.violated(3, f"slot {slot} has lost {template_id}")
            elif truth.fingers.get(template_id) != finger:
                self.violated(2, f"slot {slot} of {template_id} holds {finger}")

    def _check_told(self, device: str, template_id: str) -> None:
        truth = self.truths[device]
        if truth.erased:
            return
        missing = set(range(1, len(truth.captured.get(template_id, [])) + 1))
        missing -= self._scans_ever[template_id]
        if missing:
            self.violated(1, f"scans {sorted(missing)} of {template_id} were never told")
