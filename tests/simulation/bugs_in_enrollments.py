"""Mistakes about enrollments: whose fingerprint it is, what is shown, what survives a crash."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client import enroller
from custom_components.biometric_enroll.client.client import ReaderClient
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.delivery_log import DeliveryLog
from custom_components.biometric_enroll.client.enroller import Enroller
from custom_components.biometric_enroll.client.enrollment import REASONS
from custom_components.biometric_enroll.client.fingerprint_registry import (
    Fingerprint,
    FingerprintRegistry,
    Place,
)
from custom_components.biometric_enroll.client.model import ReaderModel
from custom_components.biometric_enroll.client.touches import Touches
from custom_components.biometric_enroll.client.unwanted import UnwantedTemplates
from custom_components.biometric_enroll.protocol import parser
from custom_components.biometric_enroll.protocol.fields import Fields, MalformedError
from custom_components.biometric_enroll.protocol.words import Reason, Stage, Topic
from fpreader import enrollment as fpenrollment
from fpreader.dispatcher import Dispatcher
from fpreader.enrollment import Enrollment
from fpreader.enrollment_runner import EnrollmentRunner
from fpreader.journal import Journal
from fpreader.memory import Memory
from fpreader.scanner import Scanner
from fpreader.templates import Templates
from tests.simulation.planted_bug import bug, bug_value, nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.client import liveness
    from custom_components.biometric_enroll.client.state import ReaderState
    from custom_components.biometric_enroll.protocol.messages import Snapshot

# Who it was


@bug(2, "An unknown template id is given to the latest enrollment",
     Enroller, "handle")  # fmt: skip
def latest_enrollment(original: Any, self: Enroller, snapshot: Any, *, live: bool) -> None:
    meant = self._registry.enrollment(self._device)
    if meant is not None and snapshot.template_id is not None:
        snapshot = replace(snapshot, template_id=meant.template_id)
    original(self, snapshot, live=live)


@bug(2, "The slot says whose finger it was",
     Touches, "_subject")  # fmt: skip
def slot_attributes(_original: Any, self: Touches, touch: Any) -> Any:
    known = self._model
    found = None if touch.slot is None else known.registry.at(known.device, touch.slot)
    return (found.subject, None) if found else (None, "unknown_fingerprint")


@bug(3, "A name counts as soon as its enrollment is asked for",
     FingerprintRegistry, "async_set_enrollment")  # fmt: skip
async def name_at_once(original: Any, self: FingerprintRegistry, device: str, meant: Any) -> None:
    if meant is not None:
        place = Place(device, 0, meant.template_id)
        self._add(Fingerprint(meant.subject, "", (place,)))
    await original(self, device, meant)


@bug(3, "An enrollment takes the place of the same person's fingerprint before it has ended",
     FingerprintRegistry, "async_set_enrollment")  # fmt: skip
async def overwritten_name(
    original: Any, self: FingerprintRegistry, device: str, meant: Any
) -> None:
    if meant is not None:
        for fingerprint, place in self.on_reader(device):
            if fingerprint.subject == meant.subject:
                del self._by_template[place.template_id]
    await original(self, device, meant)


@bug(3, "The mark of the sensor is not looked at",
     Templates, "is_ours")  # fmt: skip
async def mark_ignored(_original: Any, _: Templates) -> bool:
    return True


bug_value("no_nonce", 1, "A start needs no nonce",
          Dispatcher, "_use_nonce", lambda *_: None)  # fmt: skip


@bug(2, "A restart empties the slot of an enrollment that never stored anything there",
     Templates, "_finish")  # fmt: skip
async def emptied_unstored(original: Any, self: Templates, operation: dict[str, Any]) -> None:
    await original(self, {**operation, "stored": bool(operation.get("captured"))})


@bug(2, "Whatever is scanned last, the enrollment is good",
     Enrollment, "_verify")  # fmt: skip
def not_verified(original: Any, self: Enrollment) -> Any:
    yield from original(self)
    return "good"


# What is shown


def _running_or_idle(scanner: Scanner) -> dict[str, Any]:
    if scanner._enrollment:
        return scanner._enrollment.snapshot(scanner._clock())
    return dict(fpenrollment.IDLE)


bug_value("goes_back", 1, "A snapshot that goes back is accepted",
          enroller, "advances", lambda *_: True)  # fmt: skip
bug_value("idle_after_restart", 1, "A reader that starts tells that nobody was ever enrolled",
          Scanner, "snapshot", property(_running_or_idle))  # fmt: skip


@bug(1, "Of several scans that are learned at once, only the newest is told",
     enroller, "events")  # fmt: skip
def newest_only(original: Any, current: Any, new: Any) -> Any:
    found = original(current, new)
    scans = [each for each in found if each.event == "scan_captured"]
    return tuple(each for each in found if each not in scans[:-1])


@bug(1, "What a retained message tells counts as happening now",
     ReaderClient, "_handle_snapshot")  # fmt: skip
def retained_is_live(_original: Any, self: ReaderClient, payload: bytes, *, retained: bool) -> None:
    snapshot = parser.snapshot(Fields.parse(payload))
    self.enroller.handle(snapshot, live=True)
    self._connection.heard(live=not retained)


@bug(1, "Snapshots are looked at a quarter of a second later, all at once",
     ReaderClient, "receive")  # fmt: skip
def polled(
    original: Any, self: ReaderClient, topic: str, payload: bytes, *, retained: bool
) -> None:
    if topic != Topic.SNAPSHOT:
        original(self, topic, payload, retained=retained)
        return
    later = asyncio.get_running_loop().call_later
    later(0.25, lambda: original(self, topic, payload, retained=retained))


def _end(connection: Connection) -> None:
    snapshot = connection._model.followed()
    ended = replace(snapshot, stage=Stage.FAILED, reason=Reason.TIMEOUT, timeout_ms=None)
    connection._model.delivered.snapshot = ended
    connection._model.update(snapshot=ended)


@bug(3, "When HA's own deadline passes, HA ends the enrollment",
     Connection, "expect_news_within")  # fmt: skip
def given_up_too_early(original: Any, self: Connection, seconds: float | None) -> None:
    original(self, seconds)
    if seconds is not None and self._silence is not None:
        self._silence.cancel()
        self._silence = self._loop.call_later(seconds + 5, _end, self)


@bug(2, "`completed` is published before the map is written",
     EnrollmentRunner, "_do_in_flash")  # fmt: skip
def completed_before_written(
    original: Any, self: EnrollmentRunner, enrollment: Any, operation: Any
) -> Any:
    if operation[0] == "commit":
        show: Any = self._show
        show.__self__._app.on_snapshot()
    return original(self, enrollment, operation)


@bug(1, "What hello tells counts as happening now",
     Enroller, "confirm")  # fmt: skip
def hello_is_live(original: Any, self: Enroller, snapshot: Any, asked_at: float) -> None:
    meant = self._registry.enrollment(self._device)
    if meant is not None and meant.template_id == snapshot.template_id:
        self.handle(snapshot, live=True)
    original(self, snapshot, asked_at)


bug_value("caller_forgotten", 4, "What a caller waits for is never told to him",
          Enroller, "_tell_waiting", lambda *_: None)  # fmt: skip


# What survives a crash


@bug(3, "A start is asked for before it is saved who is meant",
     FingerprintRegistry, "async_set_enrollment")  # fmt: skip
async def meant_too_late(original: Any, self: FingerprintRegistry, device: str, meant: Any) -> None:
    asyncio.get_running_loop().create_task(original(self, device, meant), eager_start=True)


@bug(4, "An enrollment whose start was not answered is taken for one that did not start",
     FingerprintRegistry, "async_set_enrollment")  # fmt: skip
async def silence_is_no(original: Any, self: FingerprintRegistry, device: str, meant: Any) -> None:
    given_up = meant is not None and meant.given_up
    await original(self, device, None if given_up else meant)


@bug(4, "Who is meant by a running enrollment is not read again after a restart",
     FingerprintRegistry, "async_load")  # fmt: skip
async def forgets_who_is_meant(original: Any, self: FingerprintRegistry) -> None:
    await original(self)
    self._enrollments.clear()


@bug(3, "That an enrollment has ended is saved before its name, and nobody looks after a crash",
     Enroller, "_async_keep", (FingerprintRegistry, "async_catch_up", nothing))  # fmt: skip
async def name_saved_last(_original: Any, self: Enroller, snapshot: Any) -> None:
    await self._model.delivery_log.async_save()
    if snapshot.stage is Stage.COMPLETED:
        place = Place(self._device, snapshot.slot, snapshot.template_id)
        await self._registry.async_complete(place, self._host.utcnow())


def _or_raise(fields: Fields) -> Snapshot:
    return parser.snapshot(fields.inner("enrollment"))


@bug(4, "A snapshot with a word of a newer firmware is dropped, also in an answer to hello",
     parser, "snapshot", (parser, "_enrollment", _or_raise))  # fmt: skip
def unknown_words_dropped(original: Any, fields: Fields) -> Snapshot:
    snapshot: Snapshot = original(fields)
    if snapshot.reason is not None and snapshot.reason not in REASONS:
        raise MalformedError("an unknown reason")
    return snapshot


@bug(3, "What is completed although its start was given up gets its name",
     FingerprintRegistry, "enrollment",
     (FingerprintRegistry, "unwanted", lambda *_: frozenset()))  # fmt: skip
def given_up_named(original: Any, self: FingerprintRegistry, device: str) -> Any:
    meant = original(self, device)
    return None if meant is None else replace(meant, given_up=False)


bug_value("given_up_kept", 4, "What is completed although its start was given up is not deleted",
          UnwantedTemplates, "consider", lambda _: None)  # fmt: skip


@bug(4, "After a restart nobody knows which starts were given up",
     FingerprintRegistry, "async_load")  # fmt: skip
async def given_up_forgotten(original: Any, self: FingerprintRegistry) -> None:
    await original(self)
    self._unwanted.clear()


@bug(1, "What was saved of an enrollment is shown as current after a restart",
     ReaderModel, "_remembered")  # fmt: skip
def saved_shown_as_current(original: Any, self: ReaderModel) -> ReaderState:
    state: ReaderState = original(self)
    return replace(state, doubtful=False)


@bug(1, "What was told is not read again after a restart",
     DeliveryLog, "async_load")  # fmt: skip
async def told_again(
    _original: Any, self: DeliveryLog, clocks: Callable[[], liveness.Clocks]
) -> None:
    self.loaded = clocks()


bug_value("no_operation_record", 3, "The reader does not note which slot it is about to fill",
          Memory, "keep_operation", lambda *_: None)  # fmt: skip
bug_value("slot_not_emptied", 3,
          "An enrollment that fails after Store leaves its template in the sensor",
          Templates, "empty", nothing)  # fmt: skip
bug_value("journal_in_ram", 6, "The journal is not written to flash",
          Journal, "_write", lambda *_: None)  # fmt: skip


@bug(3, "An enrollment that fails empties the first slot, whichever was its own",
     Templates, "empty")  # fmt: skip
async def wrong_slot_emptied(original: Any, self: Templates, _: int) -> None:
    await original(self, 0)
