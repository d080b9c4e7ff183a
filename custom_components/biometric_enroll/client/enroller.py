"""Start, follow and cancel the enrollments of one reader.

Home Assistant makes the template id and follows only that enrollment; one with another id belongs
to nobody it knows. Only the reader ends an enrollment.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from ..protocol.fields import MalformedError
from ..protocol.words import Reason, Refusal, Rejection, Stage, shown
from . import request_channel
from .enrollment import GIVEN_UP, REASONS, EnrollmentEvent, advances, events
from .errors import ReaderError, RefusedError, TooManyScansError, UnreachableError
from .fingerprint_registry import Enrollment, Place
from .host import Kind, ReaderEvent

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from ..protocol.messages import Snapshot
    from .host import Cause
    from .model import ReaderModel
    from .state import Subject

_LOGGER = logging.getLogger(__name__)


LONGEST_SCAN = 120.0
"""Seconds that a reader waits for one scan at most; for one that does not say how long."""

OUTCOME_GRACE = 30.0
"""Seconds past the reader's last deadline that a caller still waits for the outcome."""


@dataclass(frozen=True, slots=True)
class EnrollOptions:
    """The options of one enrollment."""

    slot: int | None
    scans: int
    scan_timeout: int
    """Seconds for each scan."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """The answer of a reader to the question whether it can enroll."""

    running: bool
    """Whether an enrollment is running."""
    max_scans: int
    nonce: str


class EnrollRequests(Protocol):
    """The requests about enrollments, in either protocol; async methods raise `ReaderError`."""

    def async_greeted(self) -> AbstractAsyncContextManager[Greeting]:
        """Ask whether it can enroll; inside the context no other hello is sent."""

    async def async_start(
        self, greeting: Greeting, template_id: str, enroll_options: EnrollOptions
    ) -> int:
        """Start an enrollment; return its slot once the reader has accepted it."""

    async def async_cancel(self, template_id: str) -> Snapshot:
        """Cancel an enrollment; return its final snapshot."""

    def expect_news_within(self, seconds: float | None) -> None:
        """Check on the enrollment if it is silent for longer; None: it is not running."""


class Enroller:
    """Starts enrollments of one reader and follows them to their end."""

    def __init__(self, model: ReaderModel, requests: EnrollRequests) -> None:
        """Initialize with the model and the requests of one reader."""
        self._model = model
        self._host = model.host
        self._loop = model.host.loop
        self._device = model.device
        self._registry = model.registry
        self._requests = requests
        self._starting = False
        self._cause: Cause = None
        self._accepted_at = 0.0
        self._stopping = False
        self._stop_again_at = 0.0
        """Loop's time before which an unwanted enrollment is not cancelled again."""
        self._proof: asyncio.Future[int] | None = None
        """The slot of the enrollment that is being started, once a snapshot of it was seen."""
        self._waiting: list[tuple[str, asyncio.Future[Snapshot]]] = []
        self._stopped = False

    # Following

    def handle(self, snapshot: Snapshot, *, live: bool) -> None:
        """Handle a published snapshot. Raises `MalformedError` for a foreign enrollment."""
        enrollment = self._registry.enrollment(self._device)
        if enrollment is None or snapshot.template_id != enrollment.template_id:
            if snapshot.template_id is None or not live:
                # Retained from before the reader was added, or from before a refused start.
                return
            raise MalformedError("an enrollment that was not asked for here")
        if self._proof is not None and not self._proof.done() and snapshot.slot is not None:
            self._proof.set_result(snapshot.slot)
        if enrollment.given_up and snapshot.stage is Stage.COMPLETED:
            # Its requester was told that it failed; `UnwantedTemplates` deletes the template.
            snapshot = replace(snapshot, stage=Stage.FAILED, reason=GIVEN_UP)
        current = self._model.followed()
        if not advances(current, snapshot):
            return
        self._accepted_at = self._loop.time()
        self._model.delivered.snapshot = snapshot
        self._model.update(
            self._cause,
            snapshot=snapshot,
            subject=enrollment.subject,
            # The age of a retained snapshot is unknown; the answer to hello gives the expiry.
            expires_at=self._expiry(snapshot) if live or snapshot.final else None,
            doubtful=self._model.state.doubtful and not live,
        )
        happened = events(current, snapshot)
        for index, event in enumerate(happened):
            overtaken = any(later.step > event.step for later in happened[index + 1 :])
            self._report(event, enrollment.subject, late=not live or overtaken)
        if happened:
            self._host.create_task(self._async_keep(snapshot))
        self._tell_waiting(snapshot)
        self._stop_unwanted(enrollment)

    def _stop_unwanted(self, enrollment: Enrollment) -> None:
        """Cancel a running enrollment whose requester was told that it did not start.

        Otherwise another person could put a finger on the reader. A refused cancel is not repeated
        sooner than an unanswered one: a refusal causes a hello, whose answer leads here again.
        """
        if not enrollment.given_up or not self._model.followed().running or self._stopping:
            return
        if self._loop.time() >= self._stop_again_at:
            self._stopping = True
            self._stop_again_at = self._loop.time() + request_channel.ANSWER_WITHIN
            self._host.create_task(self._async_cancel_quietly())

    def confirm(self, snapshot: Snapshot, asked_at: float) -> None:
        """Handle the snapshot in the answer to a hello sent at `asked_at` (loop's time)."""
        self._confirm(snapshot, asked_at)
        if self._model.state.doubtful:
            self._model.update(self._cause, doubtful=False)

    def _confirm(self, snapshot: Snapshot, asked_at: float) -> None:
        enrollment = self._registry.enrollment(self._device)
        if enrollment is None:
            return
        current = self._model.followed()
        if snapshot.template_id == enrollment.template_id:
            self.handle(snapshot, live=False)
            if self._model.followed().running and self._model.followed().seq == snapshot.seq:
                self._correct_expiry(snapshot)
            self._stop_unwanted(enrollment)
        elif current.running and asked_at > self._accepted_at:
            # Hello was sent after that enrollment was seen to run: the reader has forgotten it.
            _LOGGER.warning("Reader %s forgot its enrollment", self._model.reader_id)
            self.handle(
                replace(
                    current,
                    stage=Stage.FAILED,
                    reason=Reason.READER_RESTARTED,
                    timeout_ms=None,
                ),
                live=False,
            )

    def _correct_expiry(self, snapshot: Snapshot) -> None:
        known, expires_at = self._model.state.expires_at, self._expiry(snapshot)
        # Each answer gives the same time, a little later or earlier: that is no change.
        if known is None or expires_at is None or abs(expires_at - known) > timedelta(seconds=1):
            self._model.update(self._cause, expires_at=expires_at)

    def _expiry(self, snapshot: Snapshot) -> datetime | None:
        """Return when the reader will give up, counted from now, and watch for silence."""
        if snapshot.timeout_ms is None:
            self._requests.expect_news_within(LONGEST_SCAN if snapshot.running else None)
            return None
        left = snapshot.timeout_ms / 1000
        self._requests.expect_news_within(left)
        return self._host.utcnow() + timedelta(seconds=left)

    def _report(self, happened: EnrollmentEvent, subject: Subject, *, late: bool) -> None:
        self._host.report(
            ReaderEvent(
                Kind.ENROLLMENT,
                happened.event,
                {
                    "template_id": happened.template_id,
                    "slot": happened.slot,
                    "step": happened.step,
                    "total": happened.total,
                    "attempts": happened.attempts,
                    "rejected_reason": shown(happened.rejection, Rejection),
                    "rejected": happened.rejected,
                    "reason": shown(happened.reason, REASONS),
                    "late": late,
                },
                subject,
                self._cause,
            )
        )

    async def _async_keep(self, snapshot: Snapshot) -> None:
        """Save what was reported; the name first, because a crash in between would lose it."""
        if snapshot.stage is Stage.COMPLETED and snapshot.template_id and snapshot.slot is not None:
            await self._registry.async_complete(
                Place(self._device, snapshot.slot, snapshot.template_id),
                self._host.utcnow(),
            )
        await self._model.delivery_log.async_save()

    # Asking

    async def async_enroll(
        self, subject: Subject, enroll_options: EnrollOptions, cause: Cause
    ) -> tuple[str, int]:
        """Start an enrollment; return its template id and slot once the reader has accepted it.

        Raises `ReaderError`; if the enrollment runs nevertheless, it is cancelled.
        """
        if self._starting:
            raise RefusedError(Refusal.BUSY)
        self._starting = True
        try:
            async with self._requests.async_greeted() as greeting:
                if greeting.running:
                    raise RefusedError(Refusal.BUSY)
                if enroll_options.scans > greeting.max_scans:
                    raise TooManyScansError(greeting.max_scans)
                return await self._async_start(subject, enroll_options, greeting, cause)
        finally:
            self._starting = False

    async def _async_start(
        self, subject: Subject, enroll_options: EnrollOptions, greeting: Greeting, cause: Cause
    ) -> tuple[str, int]:
        template_id = self._host.new_id()
        before = self._registry.enrollment(self._device)
        await self._registry.async_set_enrollment(self._device, Enrollment(template_id, subject))
        self._cause = cause
        try:
            slot = await self._async_accepted(greeting, template_id, enroll_options)
        except ReaderError as err:
            unwanted = Enrollment(template_id, subject, given_up=True)
            kept = unwanted if _may_run(err) else before
            await self._registry.async_set_enrollment(self._device, kept)
            raise
        return template_id, slot

    async def _async_accepted(
        self, greeting: Greeting, template_id: str, enroll_options: EnrollOptions
    ) -> int:
        """Return the slot of a start: by its answer, or by a snapshot, if the answers are lost."""
        proof: asyncio.Future[int] = self._loop.create_future()
        self._proof = proof
        asking = self._loop.create_task(
            self._requests.async_start(greeting, template_id, enroll_options), eager_start=True
        )
        # Otherwise an error would be logged as never retrieved, if this caller is cancelled.
        asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait({asking, proof}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                # Usually the answer is right behind.
                await asyncio.wait({asking}, timeout=request_channel.REPEAT_AFTER)
            error = asking.exception() if asking.done() else UnreachableError()
            if proof.done() and _may_run(error):
                return proof.result()
            return await asking
        finally:
            self._proof = None
            asking.cancel()

    async def async_cancel(self) -> None:
        """Cancel the running enrollment; returns when it has ended. Raises `ReaderError`."""
        enrollment = self._registry.enrollment(self._device)
        # One that was just accepted may have no snapshot yet.
        if enrollment is None or self._model.followed().final:
            raise RefusedError(Refusal.NOT_RUNNING)
        ended = await self._requests.async_cancel(enrollment.template_id)
        # Another enrollment may have been requested while waiting for a slow answer.
        newest = self._registry.enrollment(self._device)
        ours = newest is not None and newest.template_id == ended.template_id
        if ours and not self._stopped:
            self.handle(ended, live=True)

    async def _async_cancel_quietly(self) -> None:
        try:
            await self.async_cancel()
            self._stop_again_at = 0.0
        except ReaderError as err:
            _LOGGER.warning("Could not cancel on reader %s: %s", self._model.reader_id, err)
        finally:
            self._stopping = False

    async def async_wait_end(self, template_id: str, enroll_options: EnrollOptions) -> Snapshot:
        """Wait for the final snapshot, and return it. Raises `TimeoutError` if none comes."""
        if self._stopped:
            raise TimeoutError
        ended: asyncio.Future[Snapshot] = self._loop.create_future()
        self._waiting.append((template_id, ended))
        self._tell_waiting(self._model.followed())
        try:
            # The reader's own limit (docs/protocol.md, the procedure), and time to report it.
            async with asyncio.timeout(
                2 * enroll_options.scans * enroll_options.scan_timeout + OUTCOME_GRACE
            ):
                return await ended
        finally:
            self._waiting.remove((template_id, ended))

    def _tell_waiting(self, snapshot: Snapshot) -> None:
        for template_id, ended in self._waiting:
            if snapshot.template_id == template_id and snapshot.final and not ended.done():
                ended.set_result(snapshot)

    def stop(self) -> None:
        """Stop; callers that still wait for an end get `TimeoutError`."""
        self._stopped = True
        for _, ended in self._waiting:
            if not ended.done():
                ended.set_exception(TimeoutError())


def _may_run(error: BaseException | None) -> bool:
    """Return whether the reader may have started although this came of the start.

    With a nonce this fresh, `stale` comes from another device; as without an answer, our reader may
    have started nevertheless. A later firmware may refuse halfway.
    """
    if isinstance(error, RefusedError):
        return error.refusal == Refusal.STALE or error.refusal not in Refusal
    return isinstance(error, ReaderError)
