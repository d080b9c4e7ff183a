"""Mistakes that systems like this one have made, or that we nearly made: each has to be caught.

They are planted one at a time, in the integration's or in the firmware's real code. A simulation
that does not notice one of them would not notice it in earnest.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch

from custom_components.biometric_enroll.follower import enroller, marks, presence, touches
from custom_components.biometric_enroll.follower.enroller import Enroller
from custom_components.biometric_enroll.follower.follower import Follower
from custom_components.biometric_enroll.follower.marks import Mark, Marks
from custom_components.biometric_enroll.follower.presence import Presence
from custom_components.biometric_enroll.follower.roster import Fingerprint, Place, Roster
from custom_components.biometric_enroll.follower.touches import Touches
from custom_components.biometric_enroll.reader import decode, enrollment
from custom_components.biometric_enroll.reader.fields import Fields
from custom_components.biometric_enroll.reader.liveness import Liveness
from custom_components.biometric_enroll.reader.words import Reason, Stage, Topic
from fpreader import enrollment as fpenrollment
from fpreader.desk import Desk
from fpreader.journal import Journal
from fpreader.memory import Memory
from fpreader.scanner import Scanner
from fpreader.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    class Plant(Protocol):
        __name__: str

        def __call__(self) -> AbstractContextManager[object]: ...


@dataclass(frozen=True)
class Bug:
    """One mistake."""

    what: str
    plant: Plant
    """Makes it, for as long as the context lasts."""


BUGS: dict[str, Bug] = {}


def bug(what: str) -> Callable[[Plant], Plant]:
    """Take a function that plants a bug into the list; say what the mistake is."""

    def note(plant: Plant) -> Plant:
        BUGS[plant.__name__] = Bug(what, plant)
        return plant

    return note


def _put(owner: Any, name: str, value: object) -> AbstractContextManager[object]:
    return patch.object(owner, name, value)


@contextmanager
def _both(*plants: AbstractContextManager[object]) -> Generator[None]:
    with ExitStack() as stack:
        for plant in plants:
            stack.enter_context(plant)
        yield


async def _nothing(*_: object, **__: object) -> None:
    """Do nothing, slowly."""


# Who it was


@bug("An unknown template id is given to the latest enrollment")
def latest_enrollment() -> AbstractContextManager[object]:
    take = Enroller.take

    def wrong(self: Enroller, snapshot: Any, *, live: bool) -> None:
        meant = self._roster.enrollment(self._device)
        if meant is not None and snapshot.template_id is not None:
            snapshot = replace(snapshot, template_id=meant.template_id)
        take(self, snapshot, live=live)

    return _put(Enroller, "take", wrong)


@bug("The slot says whose finger it was")
def slot_attributes() -> AbstractContextManager[object]:

    def wrong(self: Touches, touch: Any) -> Any:
        known = self._knowledge
        found = None if touch.slot is None else known.roster.at(known.device, touch.slot)
        return found.subject if found else None

    return _put(Touches, "_subject", wrong)


@bug("A name counts as soon as its enrollment is asked for")
def name_at_once() -> AbstractContextManager[object]:
    right = Roster.async_set_enrollment

    async def wrong(self: Roster, device: str, meant: Any) -> None:
        if meant is not None:
            place = Place(device, 0, meant.template_id)
            self._add(Fingerprint(meant.subject, "", (place,)))
        await right(self, device, meant)

    return _put(Roster, "async_set_enrollment", wrong)


@bug("An enrollment takes the place of the same person's fingerprint before it has ended")
def overwritten_name() -> AbstractContextManager[object]:
    right = Roster.async_set_enrollment

    async def wrong(self: Roster, device: str, meant: Any) -> None:
        if meant is not None:
            for fingerprint, place in self.on_reader(device):
                if fingerprint.subject == meant.subject:
                    del self._by_template[place.template_id]
        await right(self, device, meant)

    return _put(Roster, "async_set_enrollment", wrong)


@bug("The mark of the sensor is not looked at")
def mark_ignored() -> AbstractContextManager[object]:

    async def wrong(_: Templates) -> bool:
        return True

    return _put(Templates, "is_ours", wrong)


@bug("A start needs no nonce")
def no_nonce() -> AbstractContextManager[object]:
    return _put(Desk, "_use_nonce", lambda *_: None)


# What is shown


@bug("A snapshot that goes back is accepted")
def goes_back() -> AbstractContextManager[object]:
    return _put(enroller, "advances", lambda *_: True)


@bug("A reader that starts tells that nobody was ever enrolled")
def idle_after_restart() -> AbstractContextManager[object]:

    def wrong(self: Scanner) -> dict[str, Any]:
        if self._enrollment:
            return self._enrollment.snapshot(self._clock())
        return dict(fpenrollment.IDLE)

    return _put(Scanner, "snapshot", property(wrong))


@bug("Of several scans that are learned at once, only the newest is told")
def newest_only() -> AbstractContextManager[object]:
    right = enrollment.moments

    def wrong(current: Any, new: Any) -> Any:
        found = right(current, new)
        scans = [each for each in found if each.moment == "scan_captured"]
        return tuple(each for each in found if each not in scans[:-1])

    return _put(enroller, "moments", wrong)


@bug("What a retained message tells counts as happening now")
def retained_is_live() -> AbstractContextManager[object]:

    def wrong(self: Follower, payload: bytes, *, retained: bool) -> None:
        snapshot = decode.snapshot(Fields.parse(payload))
        self.enroller.take(snapshot, live=True)
        self._presence.heard(live=not retained)

    return _put(Follower, "_take_snapshot", wrong)


@bug("Snapshots are looked at a quarter of a second later, all at once")
def polled() -> AbstractContextManager[object]:
    right = Follower.receive

    def wrong(self: Follower, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic != Topic.SNAPSHOT:
            right(self, topic, payload, retained=retained)
            return
        later = asyncio.get_running_loop().call_later
        later(0.25, lambda: right(self, topic, payload, retained=retained))

    return _put(Follower, "receive", wrong)


@bug("When HA's own deadline passes, HA ends the enrollment")
def given_up_too_early() -> AbstractContextManager[object]:
    right = Presence.expect_news_within

    def wrong(self: Presence, seconds: float | None) -> None:
        right(self, seconds)
        if seconds is not None and self._silence is not None:
            self._silence.cancel()
            self._silence = self._loop.call_later(seconds + 5, end, self)

    def end(self: Presence) -> None:
        snapshot = self._knowledge.followed()
        ended = replace(snapshot, stage=Stage.FAILED, reason=Reason.TIMEOUT, timeout_ms=None)
        self._knowledge.mark.snapshot = ended
        self._knowledge.update(snapshot=ended)

    return _put(Presence, "expect_news_within", wrong)


@bug("`completed` is published before the map is written")
def completed_before_written() -> AbstractContextManager[object]:
    right = Scanner._remember

    def wrong(self: Scanner, enrollment: Any, operation: Any) -> Any:
        if operation[0] == "commit":
            self._on_snapshot()
        return right(self, enrollment, operation)

    return _put(Scanner, "_remember", wrong)


# What outlives a crash


@bug("Who is meant by a running enrollment is not read again after a restart")
def forgets_who_is_meant() -> AbstractContextManager[object]:
    right = Roster.async_load

    async def wrong(self: Roster) -> None:
        await right(self)
        self._enrollments.clear()

    return _put(Roster, "async_load", wrong)


@bug("That an enrollment has ended is saved before its name, and nobody looks after a crash")
def name_saved_last() -> AbstractContextManager[object]:

    async def wrong(self: Enroller, snapshot: Any) -> None:
        await self._knowledge.marks.async_save()
        if snapshot.stage is Stage.COMPLETED:
            place = Place(self._device, snapshot.slot, snapshot.template_id)
            await self._roster.async_complete(place, self._surroundings.utcnow())

    return _both(_put(Enroller, "_async_keep", wrong), _put(Roster, "async_catch_up", _nothing))


@bug("What was told is not read again after a restart")
def told_again() -> AbstractContextManager[object]:
    return _put(Marks, "async_load", _nothing)


@bug("The reader does not note which slot it is about to fill")
def no_operation_record() -> AbstractContextManager[object]:
    return _put(Memory, "keep_operation", lambda *_: None)


@bug("An enrollment that fails after Store leaves its template in the sensor")
def slot_not_emptied() -> AbstractContextManager[object]:
    return _put(Templates, "empty", _nothing)


@bug("The journal is not written to flash")
def journal_in_ram() -> AbstractContextManager[object]:
    return _put(Journal, "_write", lambda *_: None)


# Touches


@bug("A touch is as new as the message that tells it")
def readers_word() -> AbstractContextManager[object]:
    return _put(Liveness, "age", lambda *_: 0.0)


@bug("The age of a touch counts from when the answer to hello came, not from the question")
def age_from_the_answer() -> AbstractContextManager[object]:
    right = Liveness.answered

    def wrong(self: Liveness, request: str, uptime_ms: int) -> None:
        if (anchor := self._anchors.get(request)) is not None and anchor.uptime_ms is None:
            self._anchors[request] = replace(anchor, sent=asyncio.get_running_loop().time())
        right(self, request, uptime_ms)

    return _put(Liveness, "answered", wrong)


@bug("A touch of any known age opens a door")
def late_is_live() -> AbstractContextManager[object]:
    return _put(touches, "is_live", lambda age: age is not None)


@bug("A touch that comes again is told again")
def told_twice() -> AbstractContextManager[object]:
    return _put(Mark, "add_touch", lambda *_: None)


@bug("Only the newest touch is remembered as told")
def few_ids_kept() -> AbstractContextManager[object]:
    return _put(marks, "_TOUCHES", 1)


@bug("A touch is taken from a retained message")
def retained_touch() -> AbstractContextManager[object]:

    def wrong(self: Follower, payload: bytes, *, retained: bool) -> None:
        self._touches.take(decode.touch(payload))
        self._presence.heard(live=True)

    return _put(Follower, "_take_touch", wrong)


@bug("A touch is acknowledged before it is saved that it was told")
def ack_before_saving() -> AbstractContextManager[object]:

    async def wrong(self: Touches, touch: str) -> None:
        await self._presence.async_acknowledge(touch)
        await self._knowledge.marks.async_save()

    return _put(Touches, "_async_acknowledge", wrong)


@bug("An acknowledgement counts for all older touches too")
def cumulative_ack() -> AbstractContextManager[object]:
    right = Journal.ack

    def wrong(self: Journal, touch: str) -> None:
        if self._find(bytes.fromhex(touch)) is None:
            return
        for entry in list(self._entries):
            this = bytes(entry[1:9]).hex()
            right(self, this)
            if this == touch:
                return

    return _put(Journal, "ack", wrong)


@bug("A touch that was under way at a hello waits for the next one, ten minutes later")
def waits_for_the_next_hello() -> AbstractContextManager[object]:
    right = Journal._backlog

    def wrong(self: Journal, now: int) -> Any:
        message = right(self, now)
        if self._oldest() is None:
            self._delivering = False
        return message

    return _both(
        _put(Journal, "_backlog", wrong),
        _put(presence, "HELLO_BACKLOG_EVERY", presence.HELLO_EVERY),
    )


@bug("A touch gets another id when the reader restarts")
def new_touch_at_each_start() -> AbstractContextManager[object]:
    right = Journal._take

    def wrong(self: Journal, record: bytes) -> bool:
        fresh = record[:1] + self._random(8) + record[9:]
        return right(self, fresh if record[0] == 1 else record)

    return _put(Journal, "_take", wrong)


# Who answers


@bug("Whoever answers hello under the reader's id is the reader")
def anybody_answers() -> AbstractContextManager[object]:
    return _put(Presence, "is_ours", lambda *_: True)


@bug("Nobody asks after a reader whose last will came, until ten minutes are over")
def will_is_believed() -> AbstractContextManager[object]:

    def wrong(self: Presence, why: str) -> None:
        if self._knowledge.state.available:
            self._knowledge.update(available=False)

    return _put(Presence, "lost", wrong)
