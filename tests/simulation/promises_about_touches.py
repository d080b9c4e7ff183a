"""No touch is forgotten, and none opens a door twice, too late, or for the wrong person."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.client.host import Kind
from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from custom_components.biometric_enroll.protocol.words import Stage, TouchResult

if TYPE_CHECKING:
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from tests.simulation.home_assistant_run import Taken
    from tests.simulation.promises import Promises
    from tests.simulation.reader_firmware import Touch

#: Seconds that a reader's clock may run away between two hellos, and rounding.
_DRIFT_S = 0.1


class TouchPromises:
    """Checks what Home Assistant shows and tells of touches."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._violated = promises.violated
        self._loop = asyncio.get_running_loop()
        self.reported: dict[str, int] = {}
        """For how many each touch was told to stand, by its id; at any time."""
        self.saved: set[str] = set()
        """Touches that are known to be told for good: no crash forgets them."""
        self._told: set[str] = set()
        """Touches that were told and may not be told again."""
        self._opened: dict[str, set[str]] = {"event": set(), "state": set()}
        """Touches that have opened a door, by the road by which an automation hears of it."""

    def crash(self, *, forget: bool) -> None:
        """Excuse to tell again what is not on disk as told; after `forget` nothing is."""
        self._told &= set() if forget else self.saved

    def find(self, reader_id: str, message: Taken | None) -> Touch | None:
        """Find the touch that a message tells."""
        if message is None or message.topic != "fingerprint":
            return None
        return self._promises.truth_of(reader_id).touches.get(
            json.loads(message.payload).get("touch", "")
        )

    def check_shown(self, reader_id: str, name: str, message: Taken | None) -> None:
        """Check somebody shown as identified, and which message that came of."""
        touch = self.find(reader_id, message)
        if touch is None:
            self._violated(5, f"{name} is shown as identified, but nobody was here")
        else:
            self._check_identified(reader_id, touch, touch.template_id, name)
            self._check_opening("state", touch, name)

    def check_event(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        name = moment.subject.name if moment.subject else None
        touch = self.find(reader_id, message)
        self._promises.trace.note(
            "event", "%s %s %s %s %s", reader_id, moment.kind, moment.type, name,
            touch and touch.touch,
        )  # fmt: skip
        if touch is None:
            if moment.type == TouchResult.IDENTIFIED:
                self._violated(5, f"{name} is identified by a touch that nobody made here")
            return
        if touch.touch in self._told:
            self._violated(5, f"touch {touch.touch} is told twice")
        self._told.add(touch.touch)
        self.reported[touch.touch] = moment.fields["count"]
        if self._promises.calm and moment.kind is not Kind.TOUCH:
            self._violated(5, f"touch {touch.touch} is told late, for no reason")
        template_id = touch.template_id
        if moment.type == TouchResult.IDENTIFIED:
            self._check_identified(reader_id, touch, moment.fields["template_id"], name)
            if moment.kind is Kind.TOUCH:
                self._check_opening("event", touch, name)
                if touch.touch not in self._opened["state"]:
                    self._violated(5, f"{name} is told to be identified, but not shown")
            return
        excused = self._promises.names.forced | self._promises.truth_of(reader_id).unwanted
        if template_id is None or self._promises.forgetful or template_id in excused:
            return
        if Stage.COMPLETED in self._promises.enrollments.told[template_id].ends_ever:
            self._violated(
                2, f"{self._promises.names.wanted[template_id]} is told as nobody who is known"
            )

    def _check_identified(
        self, reader_id: str, touch: Touch, template_id: str | None, name: str | None
    ) -> None:
        """Check who is said to have touched."""
        owner = self._promises.names.wanted.get(template_id or "")
        if name is None or owner != name:
            self._violated(2, f"template {template_id} of {owner} is told as {name}'s")
        if self._promises.truth_of(reader_id).fingers.get(template_id or "") != touch.finger:
            self._violated(2, f"the finger {touch.finger} is identified as {name}'s")

    def _check_opening(self, road: str, touch: Touch, name: str | None) -> None:
        age = self._loop.time() - touch.seen_at
        if age > LIVE_AGE + _DRIFT_S:
            self._violated(5, f"a touch of {name}, {age:.1f} s old, opens a door ({road})")
        if touch.touch in self._opened[road]:
            self._violated(5, f"a touch of {name} opens a door twice ({road})")
        self._opened[road].add(touch.touch)
