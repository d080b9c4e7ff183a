"""Enrollments of one reader: asked for, followed, cancelled.

Home Assistant makes the template id and follows only that one; whatever the reader tells of another
id is not about anybody it knows. The reader alone ends an enrollment.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from . import people
from .conversation import new_id
from .errors import ReaderRefusedError, ReaderUnreachableError, invalid, refused
from .moments import Kind, Moment
from .reader import build, decode
from .reader.enrollment import Happened, advances, moments
from .reader.fields import MalformedError
from .reader.words import Reason, Refusal, Stage, Topic
from .roster import Enrollment, Place

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.core import Context

    from .coordinator import ReaderCoordinator
    from .presence import Presence
    from .reader.messages import Snapshot
    from .reader.state import Subject

_LOGGER = logging.getLogger(__name__)


TO_TELL = 30.0
"""Seconds past the reader's last deadline that a caller waits for the outcome."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an enrollment is to be done."""

    slot: int | None
    scans: int
    scan_timeout: int
    """Seconds for each scan."""


class Enroller:
    """Starts enrollments of one reader and follows them to their end."""

    def __init__(self, coordinator: ReaderCoordinator, presence: Presence) -> None:
        """Work for the reader of this coordinator."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._device = coordinator.device
        self._roster = coordinator.roster
        self._presence = presence
        self._starting = False
        self._context: Context | None = None
        self._accepted_at = 0.0
        self._stopping = False
        self._waiting: set[asyncio.Future[Snapshot]] = set()
        self._stopped = False

    # Following

    @callback
    def take(self, snapshot: Snapshot, *, live: bool) -> None:
        """Take a published snapshot. Raises `MalformedError` for a foreign enrollment."""
        enrollment = self._roster.enrollment(self._device)
        if enrollment is None or snapshot.template_id != enrollment.template_id:
            if snapshot.template_id is None or not live:
                # What a reader retains from before it was added, or from before a refused start.
                return
            raise MalformedError("an enrollment that was not asked for here")
        current = self._coordinator.followed()
        if not advances(current, snapshot):
            return
        self._accepted_at = self._hass.loop.time()
        self._coordinator.mark.snapshot = snapshot
        self._coordinator.update(
            self._context,
            snapshot=snapshot,
            subject=enrollment.subject,
            # How old a retained snapshot is, nobody knows; the answer to hello tells.
            expires_at=self._expiry(snapshot) if live or snapshot.final else None,
        )
        happened = moments(current, snapshot)
        for index, moment in enumerate(happened):
            overtaken = any(later.step > moment.step for later in happened[index + 1 :])
            self._report(moment, enrollment.subject, late=not live or overtaken)
        if happened:
            self._coordinator.config_entry.async_create_task(self._hass, self._async_keep(snapshot))
        self._stop_unwanted(enrollment)

    @callback
    def _stop_unwanted(self, enrollment: Enrollment) -> None:
        """Cancel what runs although its caller was told that it did not start, and walked away.

        Nobody else may take the place.
        """
        if enrollment.given_up and self._coordinator.followed().running and not self._stopping:
            self._stopping = True
            self._coordinator.config_entry.async_create_task(
                self._hass, self._async_cancel_quietly()
            )

    @callback
    def confirm(self, snapshot: Snapshot, asked_at: float) -> None:
        """Take the snapshot of an answer to hello that was asked for at that time."""
        enrollment = self._roster.enrollment(self._device)
        if enrollment is None:
            return
        current = self._coordinator.followed()
        if snapshot.template_id == enrollment.template_id:
            self.take(snapshot, live=False)
            if (
                self._coordinator.followed().running
                and self._coordinator.followed().seq == snapshot.seq
            ):
                self._correct_expiry(snapshot)
            self._stop_unwanted(enrollment)
        elif current.running and asked_at > self._accepted_at:
            # It was asked after that enrollment was seen to run: the reader's memory is lost.
            _LOGGER.warning("Reader %s forgot its enrollment", self._coordinator.reader_id)
            self.take(
                replace(
                    current,
                    stage=Stage.FAILED,
                    reason=Reason.READER_RESTARTED,
                    timeout_ms=None,
                ),
                live=False,
            )

    @callback
    def _correct_expiry(self, snapshot: Snapshot) -> None:
        known, expires_at = self._coordinator.data.expires_at, self._expiry(snapshot)
        # Each answer gives the same moment, a little later or earlier: that is no news.
        if known is None or expires_at is None or abs(expires_at - known) > timedelta(seconds=1):
            self._coordinator.update(self._context, expires_at=expires_at)

    def _expiry(self, snapshot: Snapshot) -> datetime | None:
        """Return when the reader will give up, counted from now, and watch that it tells."""
        if snapshot.timeout_ms is None:
            self._presence.expect_news_within(None)
            return None
        left = snapshot.timeout_ms / 1000
        self._presence.expect_news_within(left)
        return dt_util.utcnow() + timedelta(seconds=left)

    @callback
    def _report(self, happened: Happened, subject: Subject, *, late: bool) -> None:
        self._coordinator.moments.async_report(
            Moment(
                Kind.ENROLLMENT,
                happened.moment,
                {
                    "template_id": happened.template_id,
                    "slot": happened.slot,
                    "step": happened.step,
                    "total": happened.total,
                    "attempts": happened.attempts,
                    "rejected_reason": happened.rejection,
                    "rejected": happened.rejected,
                    "reason": happened.reason,
                    "late": late,
                    **people.describe(self._hass, subject),
                },
                self._context,
            )
        )

    async def _async_keep(self, snapshot: Snapshot) -> None:
        """Save what was reported: the name first, or a crash in between would lose it."""
        if snapshot.stage is Stage.COMPLETED and snapshot.template_id and snapshot.slot is not None:
            await self._roster.async_complete(
                Place(self._device, snapshot.slot, snapshot.template_id), dt_util.utcnow()
            )
        await self._coordinator.marks.async_save()

    # Asking

    async def async_enroll(self, subject: Subject, wish: Wish, context: Context) -> tuple[str, int]:
        """Start an enrollment; return its template id and slot once the reader has accepted it.

        Raises a translated error, and then nothing has started and nothing has changed.
        """
        if self._starting:
            raise self._refused(Refusal.BUSY)
        self._starting = True
        try:
            async with self._presence.async_greeted() as hello:
                if hello.enrollment.running:
                    raise self._refused(Refusal.BUSY)
                if wish.scans > hello.identity.max_scans:
                    raise invalid("too_many_scans", most=str(hello.identity.max_scans))
                return await self._async_start(subject, wish, hello.nonce, context)
        finally:
            self._starting = False

    async def _async_start(
        self, subject: Subject, wish: Wish, nonce: str, context: Context
    ) -> tuple[str, int]:
        template_id = new_id()
        before = self._roster.enrollment(self._device)
        await self._roster.async_set_enrollment(self._device, Enrollment(template_id, subject))
        self._context = context
        try:
            slot = await self._presence.async_ask(
                Topic.ENROLL,
                partial(
                    build.start,
                    template_id=template_id,
                    nonce=nonce,
                    slot=wish.slot,
                    total=wish.scans,
                    scan_timeout_s=wish.scan_timeout,
                ),
                decode.started_slot,
            )
        except ReaderRefusedError:
            await self._roster.async_set_enrollment(self._device, before)
            raise
        except ReaderUnreachableError:
            await self._roster.async_set_enrollment(
                self._device, Enrollment(template_id, subject, given_up=True)
            )
            raise
        return template_id, slot

    async def async_cancel(self) -> None:
        """End the running enrollment; returns when it has ended. Raises a translated error."""
        enrollment = self._roster.enrollment(self._device)
        # One that was accepted just now may not have shown a snapshot yet.
        if enrollment is None or self._coordinator.followed().final:
            raise self._refused(Refusal.NOT_RUNNING)
        await self._presence.async_ask(
            Topic.ENROLL,
            partial(build.cancel, template_id=enrollment.template_id),
            lambda result: self.take(decode.ended_snapshot(result), live=True),
        )

    async def _async_cancel_quietly(self) -> None:
        try:
            await self.async_cancel()
        except HomeAssistantError as err:
            _LOGGER.warning("Could not cancel on reader %s: %s", self._coordinator.reader_id, err)
        finally:
            self._stopping = False

    async def async_wait_end(self, template_id: str, wish: Wish) -> Snapshot:
        """Return the final snapshot. Raises `TimeoutError` if it will not be heard of here."""
        if self._stopped:
            raise TimeoutError
        ended: asyncio.Future[Snapshot] = self._hass.loop.create_future()

        @callback
        def look() -> None:
            snapshot = self._coordinator.followed()
            if snapshot.template_id == template_id and snapshot.final and not ended.done():
                ended.set_result(snapshot)

        unsubscribe = self._coordinator.async_add_listener(look)
        self._waiting.add(ended)
        look()
        try:
            # The reader's own limit (docs/protocol.md, the procedure), and time to tell of it.
            async with asyncio.timeout(2 * wish.scans * wish.scan_timeout + TO_TELL):
                return await ended
        finally:
            self._waiting.discard(ended)
            unsubscribe()

    @callback
    def stop(self) -> None:
        """Let nobody wait for what this run will not hear any more."""
        self._stopped = True
        for ended in self._waiting:
            if not ended.done():
                ended.set_exception(TimeoutError())

    def _refused(self, refusal: Refusal) -> HomeAssistantError:
        return refused(refusal, self._coordinator.config_entry.title)
