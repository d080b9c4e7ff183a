"""Every touch is reported, and none opens a door twice, too late, or for the wrong person."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.client.host import Kind
from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from custom_components.biometric_enroll.client.touches import STRANGER
from custom_components.biometric_enroll.protocol.words import Stage, TouchResult

if TYPE_CHECKING:
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from tests.simulation.home_assistant_run import ReceivedMessage
    from tests.simulation.promises import Promises
    from tests.simulation.reader_firmware import Touch

#: Longest drift of a reader's clock between two hellos, and rounding, in seconds.
_DRIFT_S = 0.1


class TouchPromises:
    """Checks what Home Assistant shows and reports of touches."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._violated = promises.violated
        self._loop = asyncio.get_running_loop()
        self.reported: dict[str, int] = {}
        """The count that each touch was last reported with, by its id."""
        self.saved: set[str] = set()
        """Touches that are on disk as reported: a crash does not lose them."""
        self._told: set[str] = set()
        """Touches that were reported and must not be reported again."""
        self._opened: dict[str, set[str]] = {"event": set(), "state": set()}
        """Touches that have opened a door, by what triggered the automation."""

    def crash(self, *, forget: bool) -> None:
        """Excuse to tell again what is not on disk as told; after `forget` nothing is."""
        self._told &= set() if forget else self.saved

    def find(self, reader_id: str, message: ReceivedMessage | None) -> Touch | None:
        """Find the touch of a message."""
        if message is None or message.topic != "fingerprint":
            return None
        return self._promises.truth_of(reader_id).touches.get(
            json.loads(message.payload).get("touch", "")
        )

    def check_shown(self, reader_id: str, name: str, message: ReceivedMessage | None) -> None:
        """Check a state that shows somebody as identified; `message` is its cause, if any."""
        touch = self.find(reader_id, message)
        if touch is None:
            self._violated(5, f"{name} is shown as identified, but nobody was here")
        else:
            self._check_identified(reader_id, touch, touch.template_id, name)
            self._check_opening("state", touch, name)

    def check_event(
        self, reader_id: str, event: ReaderEvent, message: ReceivedMessage | None
    ) -> None:
        name = event.subject.name if event.subject else None
        touch = self.find(reader_id, message)
        self._promises.trace.note(
            "event", "%s %s %s %s %s", reader_id, event.kind, event.type, name,
            touch and touch.touch,
        )  # fmt: skip
        if event.fields["reason"] == STRANGER:
            # It is not one of the reader's, as far as is known; if it is, it is told again.
            if self._promises.calm or event.type == TouchResult.IDENTIFIED or event.subject:
                self._violated(5, f"a stranger's touch is told as {event.type}")
        elif touch is None:
            self._violated(5, f"{event.type} {name} is told of a touch that nobody made here")
        else:
            self._check_told(reader_id, event, touch, name)

    def _check_told(
        self, reader_id: str, event: ReaderEvent, touch: Touch, name: str | None
    ) -> None:
        """Check a report of a touch of the reader."""
        if touch.touch in self._told:
            self._violated(5, f"touch {touch.touch} is told twice")
        self._told.add(touch.touch)
        self.reported[touch.touch] = event.fields["count"]
        if self._promises.calm and event.kind is not Kind.TOUCH:
            self._violated(5, f"touch {touch.touch} is told late, for no reason")
        if event.type != TouchResult.IDENTIFIED:
            self._check_unknown(reader_id, touch)
            return
        self._check_identified(reader_id, touch, event.fields["template_id"], name)
        if event.kind is Kind.TOUCH:
            self._check_opening("event", touch, name)
            if touch.touch not in self._opened["state"]:
                self._violated(5, f"{name} is told to be identified, but not shown")

    def _check_unknown(self, reader_id: str, touch: Touch) -> None:
        """Check a touch that is told as nobody's."""
        template_id = touch.template_id
        excused = self._promises.names.forced | self._promises.truth_of(reader_id).unwanted
        if touch.garbled or self._promises.forgetful or template_id is None:
            return
        completed = Stage.COMPLETED in self._promises.enrollments.told[template_id].ends_ever
        if completed and template_id not in excused:
            name = self._promises.names.wanted[template_id]
            self._violated(2, f"{name} is told as nobody who is known")

    def _check_identified(
        self, reader_id: str, touch: Touch, template_id: str | None, name: str | None
    ) -> None:
        """Check whose touch is reported."""
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
