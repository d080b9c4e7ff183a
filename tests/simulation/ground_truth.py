"""The ground truth of one reader: what it really did, observed at firmware, flash and sensor."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from custom_components.biometric_enroll.protocol.words import FINAL_STAGES, Stage, TouchResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulation.reader_firmware import Touch

    #: Notes that a promise, by its number, was not kept.
    type Violated = Callable[[int, str], None]

#: Seconds within which a touch that nobody acknowledged reaches the flash: 2 from the touch, and
#: 2 more from when it could first be sent.
_KEPT_AFTER_S = 4.1
#: A reader's uptime has whole milliseconds.
_ROUNDED_S = 0.002


class Scan(NamedTuple):
    """One scan as the firmware counted it."""

    at: float
    finger: str | None
    """Whose image the sensor took."""


class End(NamedTuple):
    """How an enrollment has ended."""

    stage: str
    reason: str | None


class Truth:
    """The truth of one reader."""

    def __init__(self, violated: Violated) -> None:
        self.captured: defaultdict[str, list[Scan]] = defaultdict(list)
        """By template id."""
        self.ends: defaultdict[str, set[End]] = defaultdict(set)
        """How an enrollment has ended, by template id; in more than one way only by `refused`."""
        self.fingers: dict[str, str] = {}
        """Whose finger the sensor held when an enrollment was committed, by template id."""
        self.slots: dict[str, int] = {}
        """Slot of each template, by template id."""
        self.touches: dict[str, Touch] = {}
        """By their ids."""
        self.taken_at: dict[str, float] = {}
        """When a touch entered the journal, by its id."""
        self.excused: set[str] = set()
        """Touches that may be lost: not in flash when the power was cut, or flash was erased."""
        self.miscounted: set[str] = set()
        """Touches whose count may be too low: the newest was not yet in flash."""
        self.lost: set[str] = set()
        """Enrollments that the flash has lost by being erased, by template id."""
        self.orphans: set[int] = set()
        """Slots whose ids it has lost."""
        self.unwanted: set[str] = set()
        """Template ids that users have asked to delete."""
        self.unwanted_slots: set[int] = set()
        """Slots of templates without an id that they have asked to delete."""
        self.begun: set[str] = set()
        """Template ids whose deletion was requested of the sensor."""
        self.gone: set[str] = set()
        """Template ids whose template was deleted."""
        self.accepting = False
        """Whether users have asked to accept the connected sensor."""
        self.identification: bool | None = True
        """What users have set it to; None while nobody could know."""
        self._switched_at = -1.0
        self.refused = False
        """Whether its flash has refused to write."""
        self.erased = False
        """Whether its flash was erased: it may have accepted another sensor since."""
        self._violated = violated
        self._loop = asyncio.get_running_loop()

    def snapshot(self, snapshot: dict[str, Any], last_finger: str | None) -> None:
        """Record the enrollment as the firmware has it; `last_finger` is that of the last image."""
        template_id, stage = snapshot["template_id"], snapshot["stage"]
        if template_id is None:
            return
        ends = self.ends.get(template_id)
        if ends and stage not in FINAL_STAGES:
            self._violated(2, f"{template_id} runs again, for whoever is there now")
        captured, done = self.captured[template_id], len(snapshot["captured"])
        if done < len(captured) and stage != Stage.FAILED:
            self._violated(1, f"the reader counts back in {template_id}")
        captured += [Scan(self._loop.time(), last_finger)] * (done - len(captured))
        if stage not in FINAL_STAGES:
            return
        end = End(stage, snapshot["reason"])
        if ends and end not in ends and not self.refused:
            self._violated(3, f"{template_id} has ended as {ends} and as {end}")
        self.ends[template_id].add(end)
        if stage == Stage.COMPLETED:
            self._check_completed(template_id)

    def _check_completed(self, template_id: str) -> None:
        """Check that the first scan and the verifying one were of the finger that is stored.

        Scans between them may be of another finger: where the answer to RegModel was lost, the
        sensor has already merged the earlier scans, and no manual says what a second RegModel does.
        """
        scans = self.captured[template_id]
        scanned = {scans[0].finger, scans[-1].finger}
        if scanned != {self.fingers.get(template_id)} and template_id not in self.lost:
            self._violated(2, f"the scans of {template_id} are of {scanned}")

    def committed(self, slot: int, template_id: str, finger: str | None) -> None:
        """Record a template that gets its id in flash."""
        if finger is None:
            self._violated(3, f"{template_id} is committed without a template in the sensor")
        elif "+" in finger:
            self._violated(2, f"{template_id} is made of two fingers: {finger}")
        for other, taken in self.slots.items():
            if taken == slot and other != template_id and other not in self.gone | self.lost:
                self._violated(2, f"{template_id} is given to the template of {other}")
        self.fingers[template_id] = finger or "?"
        self.slots[template_id] = slot

    def emptying(self, template_id: str | None) -> None:
        """Record that the firmware asks for the slot of an id to be emptied."""
        if template_id is not None:
            self.begun.add(template_id)

    def emptied(self, slot: int, template_id: str | None, enrolling: int | None) -> None:
        """Check a slot that loses its template; `enrolling` is that of the enrollment that runs."""
        if template_id is not None:
            wanted = template_id in self.unwanted
            self.gone.add(template_id)
        else:
            # A flash that refuses writes still says that something may be stored there.
            ours = slot == enrolling and (slot not in self.orphans or self.refused)
            wanted = slot in self.unwanted_slots or ours
        if not wanted:
            self._violated(2, f"slot {slot} of {template_id} is emptied, and nobody wanted that")
        self.orphans.discard(slot)

    def vanished(self, slot: int, template_id: str | None) -> None:
        """Excuse a template that is deleted from the sensor without the reader's knowledge."""
        self.orphans.discard(slot)
        if template_id is not None:
            self.lost.add(template_id)

    def accepted(self, occupied: Iterable[int]) -> None:
        """Record that another sensor becomes the reader's own; `occupied` are its slots."""
        if not self.accepting:
            self._violated(3, "another sensor counts as its own, and nobody wanted that")
        self.lost |= self.captured.keys() | self.fingers.keys()
        self.orphans = set(occupied)

    def touched(self, touch: Touch) -> None:
        """Record a touch that enters the journal."""
        if touch.result == TouchResult.IDENTIFIED and self.identification is False:
            self._violated(5, f"{touch.finger} is identified, although that is switched off")
        self.touches[touch.touch] = touch
        if touch.garbled:
            self.miscounted.add(touch.touch)
        self.taken_at[touch.touch] = self._loop.time()

    def switch(self, identification: bool | None) -> None:
        """Record that users set identification; None: they are about to."""
        self.identification = identification
        self._switched_at = self._loop.time()

    def check_seen(self, finger: str, since: float, until: float) -> None:
        """Check that a finger that rested there was noticed, unless it may have been off meanwhile.

        What is told of it may be about another one that took its place at once.
        """
        seen = any(since - _ROUNDED_S <= touch.at <= until for touch in self.touches.values())
        if self.identification and self._switched_at < since and not seen:
            self._violated(6, f"a touch of {finger} is not seen")

    def power_lost(self) -> None:
        """Excuse the touches that could not have been written to flash yet."""
        now = self._loop.time()
        self.miscounted |= self.touches.keys()
        self.excused |= {
            touch
            for touch, taken_at in self.taken_at.items()
            if self.refused or now - taken_at < _KEPT_AFTER_S
        }

    def flash_erased(self, occupied: Iterable[int]) -> None:
        """Excuse the loss of all that only the flash held; `occupied` are the sensor's slots."""
        self.erased = True
        self.identification = None
        self.excused |= self.touches.keys()
        self.lost |= self.captured.keys() | self.fingers.keys()
        self.orphans |= set(occupied)

    def check_sensor(self, memory: dict[int, str], templates: dict[int, str]) -> None:
        """Check that flash and sensor agree, and hold all that was stored, nothing else.

        Both by slot: the ids, and the names of the fingers.
        """
        for slot in sorted({*memory, *templates}):
            template_id, finger = memory.get(slot), templates.get(slot)
            if template_id is None:
                if slot not in self.orphans:
                    self._violated(3, f"slot {slot} holds {finger}, whom nobody has enrolled")
            elif finger is None:
                self._violated(3, f"slot {slot} has lost {template_id}")
            elif self.fingers.get(template_id) != finger:
                self._violated(2, f"slot {slot} of {template_id} holds {finger}")
        for template_id, slot in self.slots.items():
            held = memory.get(slot) == template_id
            if not held and template_id not in self.lost | self.gone:
                self._violated(3, f"slot {slot} does not hold {template_id} any more")
        for template_id in self.begun - self.gone - self.lost:
            self._violated(3, f"the delete of {template_id} was begun, and never ended")
