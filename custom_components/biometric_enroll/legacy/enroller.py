"""Enrollments on a reader of the first generation, which sends events, and each of them once.

A lost message is not sent again. So only a `success` with our template id makes a fingerprint, and
an enrollment without news in time is ended from here.
"""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..client import request_channel
from ..client.connection import SILENCE
from ..client.enroller import Enroller, Greeting
from ..client.errors import RefusedError, UnreachableError
from ..protocol.words import Reason, Refusal, Stage
from . import enrollment as enrollments
from . import protocol
from .protocol import EnrollmentStatus, Topic

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ..client.enroller import EnrollOptions
    from ..client.model import ReaderModel
    from ..protocol.messages import Snapshot
    from .connection import LegacyConnection
    from .protocol import EnrollmentMessage

SETTLED = 2.0
"""Seconds after the last message of an enrollment before a status can mean that it is over."""

TAKEN_UP_TIMEOUT_MS = 30_000
"""Timeout of a scan, in milliseconds, for an enrollment whose options are unknown."""


class _BlockedError(RefusedError):
    """The reader is busy with an enrollment, or waits for the message that it was saved."""

    def __init__(self, template_id: str | None) -> None:
        super().__init__(Refusal.BUSY)
        self.template_id = template_id


@dataclass(frozen=True, slots=True)
class _Start:
    """A start that was sent and is not answered yet."""

    template_id: str
    slot: int
    timeout_ms: int
    accepted: asyncio.Future[int]
    """The slot."""


class LegacyEnroller:
    """Follows the enrollments of one reader; also implements `EnrollRequests`."""

    def __init__(self, model: ReaderModel, connection: LegacyConnection) -> None:
        """Initialize with the model and the connection of one reader."""
        self.enroller = Enroller(model, self)
        self._model = model
        self._connection = connection
        self._host = model.host
        self._loop = model.host.loop
        self._start: _Start | None = None
        self._news_at = 0.0
        self._ended = asyncio.Event()
        self._confirming = False
        self._timing_out = False
        self._silence: asyncio.TimerHandle | None = None

    # Messages of the reader

    def handle(self, message: EnrollmentMessage) -> None:
        """Handle a message about an enrollment, ours or another one."""
        if self._start is not None and not self._start.accepted.done():
            self._handle_answer(self._start, message)
            return
        current = self._model.followed()
        if not current.running:
            self._handle_unexpected(current, message)
        elif not enrollments.names_another(message, current):
            self._follow(current, message)
        elif message.status in enrollments.STATUSES_OF_RUNNING:
            # The reader runs one enrollment at a time, so ours is over.
            self._end(Reason.READER_RESTARTED)

    def handle_idle(self) -> None:
        """Handle that no enrollment is running: the message about the end of ours was lost."""
        if self._loop.time() - self._news_at > SETTLED:
            self._end(Reason.READER_RESTARTED)

    def resume(self) -> None:
        """Start the timeout of an enrollment from before a restart: its messages may be lost."""
        current = self._model.followed()
        if current.running and current.timeout_ms is not None and self._silence is None:
            self.expect_news_within(current.timeout_ms / 1000)

    def _handle_answer(self, start: _Start, message: EnrollmentMessage) -> None:
        """Handle a message that may be the answer to a start.

        A message without our template id is not about it: the reader may be busy with another one.
        """
        if message.template_id == start.template_id:
            slot = start.slot if message.slot is None else message.slot
            # At once, not when the caller runs: the next message may be the final one.
            self._begin(start.template_id, slot, start.timeout_ms, message)
            start.accepted.set_result(slot)
        elif message.status is EnrollmentStatus.BLOCKED:
            start.accepted.set_exception(_BlockedError(message.template_id))
        elif message.status is EnrollmentStatus.ERROR and message.template_id is None:
            refusal = enrollments.refusal_of(message.text) or Refusal.SENSOR_ERROR
            # `not_running` answers an earlier cancel, not this start.
            if refusal is not Refusal.NOT_RUNNING:
                start.accepted.set_exception(RefusedError(refusal))

    def _handle_unexpected(self, current: Snapshot, message: EnrollmentMessage) -> None:
        """Handle a message about our enrollment although we saw it end, or not start."""
        enrollment = self._model.registry.enrollment(self._model.device)
        if enrollment is None or message.template_id != enrollment.template_id:
            return
        if current.template_id is None:
            # From before a restart; or the requester was told that it did not start: then the
            # enroller cancels it.
            if message.slot is not None:
                self._begin(enrollment.template_id, message.slot, TAKEN_UP_TIMEOUT_MS, message)
        elif message.status in enrollments.STATUSES_OF_RUNNING:
            self._host.create_task(self._async_release(enrollment.template_id))

    def _begin(
        self, template_id: str, slot: int, timeout_ms: int, message: EnrollmentMessage
    ) -> None:
        self._ended.clear()
        self._follow(enrollments.started(template_id, slot, timeout_ms), message)

    def _follow(self, current: Snapshot, message: EnrollmentMessage) -> None:
        """Handle the next message of the followed enrollment."""
        self._news_at = self._loop.time()
        if message.status is EnrollmentStatus.CANCELLED and self._timing_out:
            self._end(Reason.TIMEOUT)
            return
        self._show(enrollments.advance(current, message))
        if message.status is EnrollmentStatus.READY and not self._confirming and self._is_wanted():
            self._host.create_task(self._async_confirm())

    def _is_wanted(self) -> bool:
        """Return whether the scanned template may be stored."""
        enrollment = self._model.registry.enrollment(self._model.device)
        return enrollment is not None and not enrollment.given_up and not self._timing_out

    def _end(self, reason: Reason) -> None:
        """Mark the running enrollment as failed on our side; the reader sends no end."""
        current = self._model.followed()
        if current.running:
            self._show(enrollments.final(current, Stage.FAILED, reason))

    def _show(self, snapshot: Snapshot) -> None:
        self.enroller.handle(snapshot, live=True)
        if not snapshot.final:
            return
        self._ended.set()
        if snapshot.stage is Stage.COMPLETED and snapshot.template_id is not None:
            # The reader accepts no other enrollment before this message.
            saved = protocol.saved(snapshot.template_id)
            self._host.create_task(self._connection.async_say(Topic.SAVED, saved))

    # Requests to the reader

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Greeting]:
        """Check that the reader answers. Raises `UnreachableError`."""
        await self._connection.async_look()
        yield Greeting(self._model.followed().running, protocol.SCANS, nonce="")

    async def async_start(
        self,
        greeting: Greeting,  # noqa: ARG002 - it knows no nonce
        template_id: str,
        enroll_options: EnrollOptions,
    ) -> int:
        """Start an enrollment; sent once, as a late repeat would enroll whoever is there then."""
        slot = self._slot(enroll_options.slot)
        try:
            return await self._async_start(slot, template_id, enroll_options)
        except _BlockedError as blocked:
            over = self._model.delivered.snapshot.template_id
            if over is None or blocked.template_id != over:
                raise
            # The last enrollment followed here has ended, but the reader does not know that.
            await self._async_release(over)
        return await self._async_start(slot, template_id, enroll_options)

    async def _async_start(self, slot: int, template_id: str, enroll_options: EnrollOptions) -> int:
        accepted: asyncio.Future[int] = self._loop.create_future()
        self._start = _Start(template_id, slot, enroll_options.scan_timeout * 1000, accepted)
        message = protocol.start(slot, template_id)
        try:
            async with asyncio.timeout(request_channel.ANSWER_WITHIN):
                await self._connection.async_say_or_raise(Topic.ENROLL, message)
                return await accepted
        except TimeoutError, UnreachableError:
            self._connection.ask_soon()
            await self._async_take_back()
            raise UnreachableError from None
        except RefusedError as err:
            if err.refusal is Refusal.SENSOR_ERROR:
                # The text is not specific: it may be about the previous enrollment.
                await self._async_take_back()
            raise
        finally:
            self._start = None

    async def _async_take_back(self) -> None:
        """Cancel an enrollment that may have started; the cancel arrives after the start."""
        await self._connection.async_say(Topic.ENROLL, protocol.cancel())

    async def async_cancel(self, template_id: str) -> Snapshot:
        """Cancel the running enrollment; return its final snapshot. Raises `ReaderError`."""
        if self._model.followed().running:
            await self._connection.async_repeat(
                Topic.ENROLL,
                protocol.cancel(),
                self._ended,
                self._connection.hello_queue.give_up_at(),
            )
        if (snapshot := self._model.followed()).template_id != template_id:
            raise RefusedError(Refusal.NOT_RUNNING)
        return snapshot

    def expect_news_within(self, seconds: float | None) -> None:
        """End the enrollment when its scan takes longer: the reader may wait forever."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if seconds is not None:
            self._silence = self._loop.call_later(
                seconds + SILENCE, lambda: self._host.create_task(self._async_time_out())
            )

    def stop(self) -> None:
        """Stop; callers that still wait for a message get an error."""
        self.expect_news_within(None)
        self._ended.set()
        if self._start is not None and not self._start.accepted.done():
            self._start.accepted.set_exception(UnreachableError())
        self.enroller.stop()

    async def _async_time_out(self) -> None:
        self._timing_out = True
        try:
            await self._connection.async_repeat(Topic.ENROLL, protocol.cancel(), self._ended)
        except UnreachableError:
            if not self._connection.stopped:
                self._end(Reason.TIMEOUT)
        finally:
            self._timing_out = False

    async def _async_confirm(self) -> None:
        self._confirming = True
        with suppress(UnreachableError):
            await self._connection.async_repeat(Topic.ENROLL, protocol.confirm(), self._ended)
        self._confirming = False

    async def _async_release(self, template_id: str) -> None:
        """End an enrollment of ours on the reader that is already over on our side."""
        if self._model.registry.find(self._model.device, template_id) is None:
            await self._connection.async_say(Topic.ENROLL, protocol.cancel())
        await self._connection.async_say(Topic.SAVED, protocol.saved(template_id))

    def _slot(self, wanted: int | None) -> int:
        """Choose a slot. Raises `RefusedError`."""
        templates = self._model.state.templates
        places = self._model.registry.on_reader(self._model.device)
        slot = enrollments.choose_slot(
            wanted,
            taken={place.slot for _, place in places},
            capacity=templates.capacity if templates else None,
            stored=templates.count if templates else None,
        )
        if isinstance(slot, Refusal):
            raise RefusedError(slot)
        return slot
