"""Mistakes about touches, and about who answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, override

from custom_components.biometric_enroll.client import connection, delivery_log, touches
from custom_components.biometric_enroll.client.client import ReaderClient
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.delivery_log import Delivered
from custom_components.biometric_enroll.client.liveness import Liveness
from custom_components.biometric_enroll.client.model import ReaderModel
from custom_components.biometric_enroll.client.touches import Touches
from custom_components.biometric_enroll.protocol import parser
from fpreader import touch_record
from fpreader.journal import Journal
from fpreader.scanner import Scanner
from tests.simulation.planting import both, bug, put

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fpreader.enrollment import Enrollment


class _Unmasked(int):
    """A flag that nobody can take away with `& ~flag`."""

    @override
    def __invert__(self) -> int:
        return -1


# Touches


@bug(5, "Who is identified late is shown as identified")
def late_is_shown() -> AbstractContextManager[object]:
    right = Touches._judge

    def wrong(self: Touches, touch: Any) -> Any:
        moment, _ = right(self, touch)
        return moment, moment.subject

    return put(Touches, "_judge", wrong)


@bug(5, "Who was identified last is shown again after a restart")
def identified_restored() -> AbstractContextManager[object]:
    right = ReaderModel._remembered

    def wrong(self: ReaderModel) -> Any:
        state = right(self)
        return replace(state, identified=state.subject)

    return put(ReaderModel, "_remembered", wrong)


@bug(5, "The same person twice in a row is one change of state")
def same_person_unseen() -> AbstractContextManager[object]:
    return put(ReaderModel, "identified", lambda self, who: self.update(identified=who))


@bug(5, "A touch from before a restart keeps the uptime that it had")
def old_uptime_kept() -> AbstractContextManager[object]:
    return put(touch_record, "HAS_AT", _Unmasked(touch_record.HAS_AT))


@bug(5, "A touch is as new as the message that tells it")
def readers_word() -> AbstractContextManager[object]:
    return put(Liveness, "age", lambda *_: 0.0)


@bug(5, "The age of a touch counts from when the answer to hello came, not from the question")
def age_from_the_answer() -> AbstractContextManager[object]:
    right = Liveness.answered

    def wrong(self: Liveness, request: str, uptime_ms: int) -> None:
        if (anchor := self._anchors.get(request)) is not None and anchor.uptime_ms is None:
            self._anchors[request] = replace(anchor, sent=asyncio.get_running_loop().time())
        right(self, request, uptime_ms)

    return put(Liveness, "answered", wrong)


@bug(5, "A touch of any known age opens a door")
def late_is_live() -> AbstractContextManager[object]:
    return put(touches, "is_live", lambda age, _: age is not None)


@bug(5, "A touch that comes again is told again")
def told_twice() -> AbstractContextManager[object]:
    return put(Delivered, "add_touch", lambda *_: None)


@bug(5, "Only the newest touch is remembered as told")
def few_ids_kept() -> AbstractContextManager[object]:
    return put(delivery_log, "_TOUCHES", 1)


@bug(5, "A touch is taken from a retained message")
def retained_touch() -> AbstractContextManager[object]:

    def wrong(self: ReaderClient, payload: bytes, *, retained: bool) -> None:
        self._touches.handle(parser.touch(payload))
        self._connection.heard(live=True)

    return put(ReaderClient, "_handle_touch", wrong)


@bug(6, "A touch is acknowledged before it is saved that it was told")
def ack_before_saving() -> AbstractContextManager[object]:

    async def wrong(self: Touches, touch: str) -> None:
        await self._connection.async_acknowledge(touch)
        await self._model.delivery_log.async_save()

    return put(Touches, "_async_acknowledge", wrong)


@bug(6, "When an enrollment has ended, the finger of its last scan is there until it is seen going")
def assumed_to_rest() -> AbstractContextManager[object]:
    right = Scanner._enroll

    async def wrong(self: Scanner, enrollment: Enrollment) -> bool:
        fine = await right(self, enrollment)
        self._touches.resting = True
        return fine

    return put(Scanner, "_enroll", wrong)


@bug(6, "An acknowledgement counts for all older touches too")
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

    return put(Journal, "ack", wrong)


@bug(4, "A touch that was under way at a hello waits for the next one, ten minutes later")
def waits_for_the_next_hello() -> AbstractContextManager[object]:
    right = Journal._backlog

    def wrong(self: Journal, now: int) -> Any:
        message = right(self, now)
        if self._oldest() is None:
            self._delivering = False
        return message

    return both(
        put(Journal, "_backlog", wrong),
        put(connection, "HELLO_BACKLOG_EVERY", connection.HELLO_EVERY),
    )


@bug(6, "A touch gets another id when the reader restarts")
def new_touch_at_each_start() -> AbstractContextManager[object]:
    right = Journal._load_record

    def wrong(self: Journal, record: bytes) -> bool:
        fresh = record[:1] + self._random(8) + record[9:]
        return right(self, fresh if record[0] == 1 else record)

    return put(Journal, "_load_record", wrong)


# Who answers


@bug(1, "Whoever answers hello under the reader's id is the reader")
def anybody_answers() -> AbstractContextManager[object]:
    return put(Connection, "is_ours", lambda *_: True)


@bug(4, "Nobody asks after a reader whose last will came, until ten minutes are over")
def will_is_believed() -> AbstractContextManager[object]:

    def wrong(self: Connection, why: str) -> None:
        if self._model.state.available:
            self._model.update(available=False)

    return put(Connection, "lost", wrong)
