"""Each scan and each end of an enrollment is shown and reported: once, in order, and in time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client.enrollment import GIVEN_UP, EnrollmentEventType
from custom_components.biometric_enroll.protocol.words import FINAL_STAGES, Stage
from tests.simulation.ground_truth import End
from tests.simulation.newer_words import is_bare, known

if TYPE_CHECKING:
    from custom_components.biometric_enroll.protocol.messages import Snapshot
    from tests.simulation.home_assistant_run import ReceivedMessage
    from tests.simulation.promises import Promises

#: Seconds within which something is reported in a history without faults: no timeout fits in.
PROMPT_S = 0.1


class Enrolled:
    """The events of one enrollment that were reported."""

    def __init__(self) -> None:
        self.scans: list[int] = []
        """Steps of the scans, in the order reported, without those that a crash has excused."""
        self.ended = False
        """Whether its end was reported, with the same exception."""
        self.scans_ever: set[int] = set()
        self.ends_ever: set[str] = set()
        self.saved_scans = 0
        """How many of the scans are on disk as reported."""
        self.saved_end = False

    def crash(self, *, forget: bool) -> None:
        """Excuse to tell again what is not on disk as told; after `forget` nothing is."""
        saved = 0 if forget else self.saved_scans
        self.scans = [step for step in self.scans if step <= saved]
        self.ended = self.ended and self.saved_end and not forget


class EnrollmentPromises:
    """Checks what Home Assistant shows and reports of enrollments."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._violated = promises.violated
        self._loop = asyncio.get_running_loop()
        self.told: defaultdict[str, Enrolled] = defaultdict(Enrolled)
        """By template id."""

    def crash(self, *, forget: bool) -> None:
        """Excuse to tell again what is not on disk as told; after `forget` nothing is."""
        for enrolled in self.told.values():
            enrolled.crash(forget=forget)

    def saved(self, snapshot: dict[str, Any]) -> None:
        """Record that the last reported snapshot is on disk."""
        if snapshot["template_id"] is not None:
            enrolled = self.told[snapshot["template_id"]]
            enrolled.saved_scans = len(snapshot["captured"])
            enrolled.saved_end = snapshot["stage"] in FINAL_STAGES

    def check_shown(self, reader_id: str, before: Snapshot | None, now: Snapshot) -> None:
        if now.template_id is None:
            return
        self._promises.trace.note(
            "shown", "%s %s %s/%s %s", reader_id, now.stage, len(now.captured), now.total,
            now.template_id,
        )  # fmt: skip
        truth = self._promises.truth_of(reader_id)
        if before is not None and before.template_id == now.template_id:
            if len(now.captured) < len(before.captured):
                self._violated(1, f"progress of {now.template_id} goes back")
            if before.final and now != before:
                self._violated(1, f"{now.template_id} goes on after its end")
        if len(now.captured) > len(truth.captured[now.template_id]):
            self._violated(1, f"{now.template_id} shows scans that were never captured")
        if now.stage is Stage.COMPLETED and now.template_id not in truth.fingers:
            self._violated(3, f"{now.template_id} is shown as completed, but is not stored")

    def is_behind(self, reader_id: str, snapshot: dict[str, Any]) -> bool:
        """Return whether an older snapshot than this one is shown."""
        shown = self._promises.shown[reader_id].snapshot
        return (shown.template_id, shown.seq) != (snapshot["template_id"], snapshot["seq"])

    def check_event(
        self, reader_id: str, kind: str, fields: dict[str, Any], message: ReceivedMessage | None
    ) -> None:
        template_id, step = fields["template_id"], fields["step"]
        self._promises.trace.note(
            "event", "%s %s %s of %s%s", reader_id, kind, step, template_id,
            " (late)" if fields["late"] else "",
        )  # fmt: skip
        name = f"{kind} {step} of {template_id}"
        if fields["late"]:
            if self._promises.calm:
                self._violated(1, f"{name} is marked as late, for no reason")
        elif message is not None and (message.retained or message.topic == "command/response"):
            self._violated(1, f"{name} was learned afterwards, and is not marked as late")
        if self._promises.shown[reader_id].snapshot.template_id != template_id:
            self._violated(1, f"{name} is told, but not shown")
        if kind == EnrollmentEventType.SCAN_CAPTURED:
            self._check_scan(reader_id, template_id, step, late=fields["late"])
        elif kind in FINAL_STAGES:
            if is_bare(fields["reason"]):
                self._violated(7, f"{template_id} has failed for a reason that nobody knows")
            self._check_end(reader_id, template_id, End(kind, known(fields["reason"])))

    def _check_scan(self, reader_id: str, template_id: str, step: int, *, late: bool) -> None:
        enrolled, told = self.told[template_id], self.told[template_id].scans
        captured = self._promises.truth_of(reader_id).captured[template_id]
        name = f"scan {step} of {template_id}"
        if enrolled.ended:
            self._violated(1, f"{name} is told after the end")
        if step in told:
            self._violated(1, f"{name} is told twice")
        elif told and step < told[-1]:
            self._violated(1, f"{name} is told after scan {told[-1]}")
        shown = len(self._promises.shown[reader_id].snapshot.captured)
        if shown < step:
            self._violated(1, f"{name} is told, but not shown")
        elif shown > step and not late:
            self._violated(1, f"{name} was followed by another, and is not marked as late")
        if len(captured) < step:
            self._violated(1, f"{name} is told, but was never captured")
        elif self._promises.calm and self._loop.time() - captured[step - 1].at > PROMPT_S:
            self._violated(1, f"{name} is told late, for no reason")
        told.append(step)
        enrolled.scans_ever.add(step)

    def _check_end(self, reader_id: str, template_id: str, end: End) -> None:
        enrolled, truth = self.told[template_id], self._promises.truth_of(reader_id)
        if enrolled.ended:
            self._violated(1, f"the end of {template_id} is told twice")
        if template_id in self._promises.names.given_up:
            if end.stage == Stage.COMPLETED:
                self._violated(3, f"{template_id} is told to be completed, but was given up")
            elif end.reason == GIVEN_UP:
                end = End(Stage.COMPLETED, None)
        excused = self._promises.forgetful or template_id in truth.lost
        if end not in truth.ends[template_id] and not excused:
            self._violated(1, f"{template_id} is told to be {end}, and is not")
        enrolled.ended = True
        enrolled.ends_ever.add(end.stage)
