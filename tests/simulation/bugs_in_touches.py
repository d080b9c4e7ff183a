"""Mistakes about touches, and about which reader answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, override

from custom_components.biometric_enroll.client import connection, delivery_log
from custom_components.biometric_enroll.client.client import ReaderClient
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.delivery_log import Delivered
from custom_components.biometric_enroll.client.liveness import Clocks, Liveness
from custom_components.biometric_enroll.client.model import ReaderModel
from custom_components.biometric_enroll.client.touches import Touches
from custom_components.biometric_enroll.protocol import touch_parser
from fpreader import touch_record
from fpreader.journal import Journal
from fpreader.scanner import Scanner
from tests.simulation.planted_bug import bug, bug_value

if TYPE_CHECKING:
    from fpreader.enrollment import Enrollment


class _Unmasked(int):
    """A flag that `& ~flag` does not clear."""

    @override
    def __invert__(self) -> int:
        return -1


# Touches


@bug(5, "Who is identified late is shown as identified",
     Touches, "_judge")  # fmt: skip
def late_is_shown(original: Any, self: Touches, touch: Any) -> Any:
    event, _ = original(self, touch)
    return event, event.subject


@bug(5, "Who was identified last is shown again after a restart",
     ReaderModel, "_remembered")  # fmt: skip
def identified_restored(original: Any, self: ReaderModel) -> Any:
    state = original(self)
    return replace(state, identified=state.subject)


bug_value("same_person_unseen", 5, "The same person twice in a row is one change of state",
          ReaderModel, "identified", lambda at, who: at.update(identified=who))  # fmt: skip
bug_value("old_uptime_kept", 5, "A touch from before a restart keeps the uptime that it had",
          touch_record, "HAS_AT", _Unmasked(touch_record.HAS_AT))  # fmt: skip
bug_value("readers_word", 5, "A touch is as new as the message that tells it",
          Liveness, "age", lambda *_: 0.0)  # fmt: skip


@bug(5, "The age of a touch counts from when the answer to hello came, not from the question",
     Liveness, "answered")  # fmt: skip
def age_from_the_answer(
    original: Any, self: Liveness, request: str, boot: str, uptime_ms: int, now: Clocks
) -> Any:
    known = any(answer.request == request for answer in self._boots.get(boot, ()))
    if request in self._sent and not known:
        self._sent[request] = now
    return original(self, request, boot, uptime_ms, now)


bug_value("late_is_live", 5, "A touch of any known age opens a door",
          Liveness, "is_live", lambda _, age, *__: age is not None)  # fmt: skip
bug_value("told_twice", 5, "A touch that comes again is told again",
          Delivered, "add_touch", lambda *_, **__: None)  # fmt: skip
bug_value("few_ids_kept", 5, "Only the newest touch is remembered as told",
          delivery_log, "_TOUCHES", 1)  # fmt: skip


@bug(5, "A touch is taken from a retained message",
     ReaderClient, "_handle_touch")  # fmt: skip
def retained_touch(_original: Any, self: ReaderClient, payload: bytes, *, retained: bool) -> None:
    self._touches.handle(touch_parser.touch(payload))
    self._connection.heard(live=True)


@bug(6, "A touch is acknowledged before it is saved that it was told",
     Touches, "_async_acknowledge")  # fmt: skip
async def ack_before_saving(_original: Any, self: Touches, touch: str) -> None:
    await self._connection.async_acknowledge(touch)
    await self._model.delivery_log.async_save()


@bug(6, "When an enrollment has ended, the finger of its last scan is there until it is seen going",
     Scanner, "_enroll")  # fmt: skip
async def assumed_to_rest(original: Any, self: Scanner, enrollment: Enrollment) -> Any:
    fine = await original(self, enrollment)
    self._touches._presence.resting, self._touches._told = True, None
    return fine


@bug(6, "An acknowledgement counts for all older touches too",
     Journal, "ack")  # fmt: skip
def cumulative_ack(original: Any, self: Journal, touch: str) -> None:
    if self._find(bytes.fromhex(touch)) is None:
        return
    for entry in list(self._entries):
        this = bytes(entry[1:9]).hex()
        original(self, this)
        if this == touch:
            return


@bug(4, "A touch that was under way at a hello waits for the next one, ten minutes later",
     Journal, "_backlog", (connection, "HELLO_BACKLOG_EVERY", connection.HELLO_EVERY))  # fmt: skip
def waits_for_the_next_hello(original: Any, self: Journal, now: int) -> Any:
    message = original(self, now)
    if self._oldest() is None:
        self._delivering = False
    return message


@bug(6, "A touch gets another id when the reader restarts",
     Journal, "_load_record")  # fmt: skip
def new_touch_at_each_start(original: Any, self: Journal, record: bytes) -> Any:
    fresh = record[:1] + self._random(8) + record[9:]
    return original(self, fresh if record[0] == 1 else record)


# Who answers


bug_value("anybody_answers", 1, "Whoever answers hello under the reader's id is the reader",
          Connection, "is_ours", lambda *_: True)  # fmt: skip


@bug(4, "Nobody asks after a reader whose last will came, until ten minutes are over",
     Connection, "set_unavailable")  # fmt: skip
def will_is_believed(_original: Any, self: Connection, why: str) -> None:
    if self._model.state.available:
        self._model.update(available=False)
