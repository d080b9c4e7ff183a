"""What one reader really did, over all its lives: seen at firmware, flash and sensor, not in HA."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from custom_components.biometric_enroll.reader.words import FINAL_STAGES, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulation.reader import Touch

    #: Notes that a promise, by its number, was not kept.
    type Violated = Callable[[int, str], None]

#: Seconds within which a touch that nobody acknowledged reaches the flash: 2 from the touch, and
#: 2 more from when it could first be sent.
_KEPT_AFTER_S = 4.1


class Scan(NamedTuple):
    """One scan as the firmware counted it."""

    at: float
    finger: str | None
    """Whose image the sensor had."""


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
        """Where, by the same."""
        self.touches: dict[str, Touch] = {}
        """By their ids."""
        self.taken_at: dict[str, float] = {}
        """When a touch entered the journal, by its id."""
        self.excused: set[str] = set()
        """Touches that may be lost: no flash had them when the power went, or it was erased."""
        self.miscounted: set[str] = set()
        """Touches whose count may be too low: no flash had the newest of it."""
        self.lost: set[str] = set()
        """Enrollments that the flash has lost by being erased, by template id."""
        self.orphans: set[int] = set()
        """Slots whose ids it has lost."""
        self.refused = False
        """Whether its flash has refused to write."""
        self.erased = False
        """Whether its flash was erased: it may have taken another sensor for its own since."""
        self._violated = violated
        self._loop = asyncio.get_running_loop()

    def snapshot(self, snapshot: dict[str, Any], imaged: str | None) -> None:
        """See the enrollment as the firmware has it; `imaged` is the finger of the last image."""
        template_id, stage = snapshot["template_id"], snapshot["stage"]
        if template_id is None:
            return
        ends = self.ends.get(template_id)
        if ends and stage not in FINAL_STAGES:
            self._violated(2, f"{template_id} runs again, for whoever is there now")
        captured, done = self.captured[template_id], len(snapshot["captured"])
        if done < len(captured) and stage != Stage.FAILED:
            self._violated(1, f"the reader counts back in {template_id}")
        captured += [Scan(self._loop.time(), imaged)] * (done - len(captured))
        if stage not in FINAL_STAGES:
            return
        end = End(stage, snapshot["reason"])
        if ends and end not in ends and not self.refused:
            self._violated(3, f"{template_id} has ended as {ends} and as {end}")
        self.ends[template_id].add(end)
        if stage == Stage.COMPLETED:
            self._check_completed(template_id)

    def _check_completed(self, template_id: str) -> None:
        """See that the first scan and the verifying one were of the finger that is stored.

        One between them may pass for another's: where the answer to RegModel was lost, the sensor
        has merged the scans before, and no manual says what a second RegModel makes of that.
        """
        scans = self.captured[template_id]
        scanned = {scans[0].finger, scans[-1].finger}
        if scanned != {self.fingers.get(template_id)} and template_id not in self.lost:
            self._violated(2, f"the scans of {template_id} are of {scanned}")

    def committed(self, slot: int, template_id: str, finger: str | None) -> None:
        """See a template get its id in flash."""
        if finger is None:
            self._violated(3, f"{template_id} is committed without a template in the sensor")
        elif "+" in finger:
            self._violated(2, f"{template_id} is made of two fingers: {finger}")
        self.fingers[template_id] = finger or "?"
        self.slots[template_id] = slot

    def touched(self, touch: Touch) -> None:
        """See a touch enter the journal."""
        self.touches[touch.touch] = touch
        self.taken_at[touch.touch] = self._loop.time()

    def power_lost(self) -> None:
        """Excuse the touches that no flash could have had yet."""
        now = self._loop.time()
        self.miscounted |= self.touches.keys()
        self.excused |= {
            touch
            for touch, taken_at in self.taken_at.items()
            if self.refused or now - taken_at < _KEPT_AFTER_S
        }

    def flash_erased(self, occupied: Iterable[int]) -> None:
        """Excuse all that the flash alone knew; `occupied` are the slots of the sensor."""
        self.erased = True
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
            if memory.get(slot) != template_id and template_id not in self.lost:
                self._violated(3, f"slot {slot} does not hold {template_id} any more")
