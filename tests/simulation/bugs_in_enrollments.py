"""Mistakes about enrollments: who is meant, what is shown, what outlives a crash."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client import enroller, enrollment
from custom_components.biometric_enroll.client.client import ReaderClient
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.delivery_log import DeliveryLog
from custom_components.biometric_enroll.client.enroller import Enroller
from custom_components.biometric_enroll.client.fingerprint_registry import (
    Fingerprint,
    FingerprintRegistry,
    Place,
)
from custom_components.biometric_enroll.client.touches import Touches
from custom_components.biometric_enroll.protocol import parser
from custom_components.biometric_enroll.protocol.fields import Fields
from custom_components.biometric_enroll.protocol.words import Reason, Stage, Topic
from fpreader import enrollment as fpenrollment
from fpreader.dispatcher import Dispatcher
from fpreader.enrollment import Enrollment
from fpreader.journal import Journal
from fpreader.memory import Memory
from fpreader.scanner import Scanner
from fpreader.templates import Templates
from tests.simulation.planting import both, bug, nothing, put

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# Who it was


@bug(2, "An unknown template id is given to the latest enrollment")
def latest_enrollment() -> AbstractContextManager[object]:
    handle = Enroller.handle

    def wrong(self: Enroller, snapshot: Any, *, live: bool) -> None:
        meant = self._registry.enrollment(self._device)
        if meant is not None and snapshot.template_id is not None:
            snapshot = replace(snapshot, template_id=meant.template_id)
        handle(self, snapshot, live=live)

    return put(Enroller, "handle", wrong)


@bug(2, "The slot says whose finger it was")
def slot_attributes() -> AbstractContextManager[object]:

    def wrong(self: Touches, touch: Any) -> Any:
        known = self._model
        found = None if touch.slot is None else known.registry.at(known.device, touch.slot)
        return (found.subject, None) if found else (None, "unknown_fingerprint")

    return put(Touches, "_subject", wrong)


@bug(3, "A name counts as soon as its enrollment is asked for")
def name_at_once() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_set_enrollment

    async def wrong(self: FingerprintRegistry, device: str, meant: Any) -> None:
        if meant is not None:
            place = Place(device, 0, meant.template_id)
            self._add(Fingerprint(meant.subject, "", (place,)))
        await right(self, device, meant)

    return put(FingerprintRegistry, "async_set_enrollment", wrong)


@bug(3, "An enrollment takes the place of the same person's fingerprint before it has ended")
def overwritten_name() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_set_enrollment

    async def wrong(self: FingerprintRegistry, device: str, meant: Any) -> None:
        if meant is not None:
            for fingerprint, place in self.on_reader(device):
                if fingerprint.subject == meant.subject:
                    del self._by_template[place.template_id]
        await right(self, device, meant)

    return put(FingerprintRegistry, "async_set_enrollment", wrong)


@bug(3, "The mark of the sensor is not looked at")
def mark_ignored() -> AbstractContextManager[object]:

    async def wrong(_: Templates) -> bool:
        return True

    return put(Templates, "is_ours", wrong)


@bug(1, "A start needs no nonce")
def no_nonce() -> AbstractContextManager[object]:
    return put(Dispatcher, "_use_nonce", lambda *_: None)


@bug(2, "A restart empties the slot of an enrollment that never stored anything there")
def emptied_unstored() -> AbstractContextManager[object]:
    right = Templates._finish

    async def wrong(self: Templates, operation: dict[str, Any]) -> None:
        await right(self, {**operation, "stored": bool(operation.get("captured"))})

    return put(Templates, "_finish", wrong)


@bug(2, "Whatever is scanned last, the enrollment is good")
def not_verified() -> AbstractContextManager[object]:
    right = Enrollment._verify

    def wrong(self: Enrollment) -> Any:
        yield from right(self)
        return "good"

    return put(Enrollment, "_verify", wrong)


# What is shown


@bug(1, "A snapshot that goes back is accepted")
def goes_back() -> AbstractContextManager[object]:
    return put(enroller, "advances", lambda *_: True)


@bug(1, "A reader that starts tells that nobody was ever enrolled")
def idle_after_restart() -> AbstractContextManager[object]:

    def wrong(self: Scanner) -> dict[str, Any]:
        if self._enrollment:
            return self._enrollment.snapshot(self._clock())
        return dict(fpenrollment.IDLE)

    return put(Scanner, "snapshot", property(wrong))


@bug(1, "Of several scans that are learned at once, only the newest is told")
def newest_only() -> AbstractContextManager[object]:
    right = enrollment.events

    def wrong(current: Any, new: Any) -> Any:
        found = right(current, new)
        scans = [each for each in found if each.event == "scan_captured"]
        return tuple(each for each in found if each not in scans[:-1])

    return put(enroller, "events", wrong)


@bug(1, "What a retained message tells counts as happening now")
def retained_is_live() -> AbstractContextManager[object]:

    def wrong(self: ReaderClient, payload: bytes, *, retained: bool) -> None:
        snapshot = parser.snapshot(Fields.parse(payload))
        self.enroller.handle(snapshot, live=True)
        self._connection.heard(live=not retained)

    return put(ReaderClient, "_handle_snapshot", wrong)


@bug(1, "Snapshots are looked at a quarter of a second later, all at once")
def polled() -> AbstractContextManager[object]:
    right = ReaderClient.receive

    def wrong(self: ReaderClient, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic != Topic.SNAPSHOT:
            right(self, topic, payload, retained=retained)
            return
        later = asyncio.get_running_loop().call_later
        later(0.25, lambda: right(self, topic, payload, retained=retained))

    return put(ReaderClient, "receive", wrong)


@bug(3, "When HA's own deadline passes, HA ends the enrollment")
def given_up_too_early() -> AbstractContextManager[object]:
    right = Connection.expect_news_within

    def wrong(self: Connection, seconds: float | None) -> None:
        right(self, seconds)
        if seconds is not None and self._silence is not None:
            self._silence.cancel()
            self._silence = self._loop.call_later(seconds + 5, end, self)

    def end(self: Connection) -> None:
        snapshot = self._model.followed()
        ended = replace(snapshot, stage=Stage.FAILED, reason=Reason.TIMEOUT, timeout_ms=None)
        self._model.delivered.snapshot = ended
        self._model.update(snapshot=ended)

    return put(Connection, "expect_news_within", wrong)


@bug(3, "`completed` is published before the map is written")
def completed_before_written() -> AbstractContextManager[object]:
    right = Scanner._do_in_flash

    def wrong(self: Scanner, enrollment: Any, operation: Any) -> Any:
        if operation[0] == "commit":
            self._app.on_snapshot()
        return right(self, enrollment, operation)

    return put(Scanner, "_do_in_flash", wrong)


@bug(1, "What hello tells counts as happening now")
def hello_is_live() -> AbstractContextManager[object]:
    right = Enroller.confirm

    def wrong(self: Enroller, snapshot: Any, asked_at: float) -> None:
        meant = self._registry.enrollment(self._device)
        if meant is not None and meant.template_id == snapshot.template_id:
            self.handle(snapshot, live=True)
        right(self, snapshot, asked_at)

    return put(Enroller, "confirm", wrong)


@bug(4, "What a caller waits for is never told to him")
def caller_forgotten() -> AbstractContextManager[object]:
    return put(Enroller, "_tell_waiting", lambda *_: None)


# What outlives a crash


@bug(3, "A start is asked for before it is saved who is meant")
def meant_too_late() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_set_enrollment

    async def wrong(self: FingerprintRegistry, device: str, meant: Any) -> None:
        asyncio.get_running_loop().create_task(right(self, device, meant), eager_start=True)

    return put(FingerprintRegistry, "async_set_enrollment", wrong)


@bug(4, "An enrollment whose start was not answered is taken for one that did not start")
def silence_is_no() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_set_enrollment

    async def wrong(self: FingerprintRegistry, device: str, meant: Any) -> None:
        given_up = meant is not None and meant.given_up
        await right(self, device, None if given_up else meant)

    return put(FingerprintRegistry, "async_set_enrollment", wrong)


@bug(4, "Who is meant by a running enrollment is not read again after a restart")
def forgets_who_is_meant() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_load

    async def wrong(self: FingerprintRegistry) -> None:
        await right(self)
        self._enrollments.clear()

    return put(FingerprintRegistry, "async_load", wrong)


@bug(3, "That an enrollment has ended is saved before its name, and nobody looks after a crash")
def name_saved_last() -> AbstractContextManager[object]:

    async def wrong(self: Enroller, snapshot: Any) -> None:
        await self._model.delivery_log.async_save()
        if snapshot.stage is Stage.COMPLETED:
            place = Place(self._device, snapshot.slot, snapshot.template_id)
            await self._registry.async_complete(place, self._host.utcnow())

    return both(
        put(Enroller, "_async_keep", wrong), put(FingerprintRegistry, "async_catch_up", nothing)
    )


@bug(1, "What was told is not read again after a restart")
def told_again() -> AbstractContextManager[object]:
    return put(DeliveryLog, "async_load", nothing)


@bug(3, "The reader does not note which slot it is about to fill")
def no_operation_record() -> AbstractContextManager[object]:
    return put(Memory, "keep_operation", lambda *_: None)


@bug(3, "An enrollment that fails after Store leaves its template in the sensor")
def slot_not_emptied() -> AbstractContextManager[object]:
    return put(Templates, "empty", nothing)


@bug(6, "The journal is not written to flash")
def journal_in_ram() -> AbstractContextManager[object]:
    return put(Journal, "_write", lambda *_: None)


@bug(3, "An enrollment that fails empties the first slot, whichever was its own")
def wrong_slot_emptied() -> AbstractContextManager[object]:
    right = Templates.empty

    async def wrong(self: Templates, _: int) -> None:
        await right(self, 0)

    return put(Templates, "empty", wrong)
