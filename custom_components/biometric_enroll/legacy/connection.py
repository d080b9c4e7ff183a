"""The availability of a reader of the first generation, and messages to it.

It has no hello and no last will: any message makes it available, and after a long silence it is
asked for its `sensor_info`.
"""

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, override

from ..client.base_connection import BaseConnection
from ..client.errors import UnreachableError
from ..client.request_channel import async_repeat
from ..protocol.messages import Templates
from ..protocol.words import topic_of
from . import protocol
from .protocol import Topic

if TYPE_CHECKING:
    from ..client.model import ReaderModel
    from .protocol import ReaderStatus

QUIET = 60.0
"""Seconds without a message after which the reader is asked for an answer: how often it publishes
its status is compiled into it."""

DETECT_EVERY = 10.0
"""Minimum seconds between two requests for touches: a reader that answers with a status must not be
asked again at once."""


class LegacyConnection(BaseConnection):
    """Watches one reader, and carries messages to it."""

    def __init__(self, model: ReaderModel) -> None:
        """Begin with nobody there."""
        super().__init__(model)
        self._heard_at = self._loop.time()
        self._answered = asyncio.Event()
        self._detect_from = self._heard_at
        self.stopped = False
        """Whether messages are no longer received."""

    @override
    async def async_watch(self) -> None:
        """Ask for `sensor_info` after a silence or on `ask_soon`; never returns."""
        while True:
            quiet = self._heard_at + QUIET - self._loop.time()
            if not self._ask_now.is_set() and quiet > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(quiet):
                        await self._ask_now.wait()
                continue
            self._ask_now.clear()
            with suppress(UnreachableError):
                async with self.hello_queue.async_patient_turn():
                    await self._async_look()
            self._heard_at = self._loop.time()

    @override
    async def _async_look(self, give_up_at: float = math.inf) -> None:
        self._answered.clear()
        try:
            await self.async_repeat(
                Topic.COMMAND, protocol.sensor_info(), self._answered, give_up_at
            )
        except UnreachableError:
            self.hello_queue.unanswered()
            if not self.stopped:
                self.set_unavailable("it does not answer")
            raise

    def heard(self) -> None:
        """Note a message: the reader is available."""
        self._heard_at = self._loop.time()
        if self._model.state.available:
            return
        self._log_return()
        identity = protocol.identity(self._model.reader_id)
        self._host.identity_changed(identity)
        self._model.update(available=True, identity=identity)
        self.ask_soon()

    def handle(self, status: ReaderStatus) -> None:
        """Handle a status, periodic or an answer."""
        if not status.online:
            self.set_unavailable("it says so")
            return
        self.heard()
        if status.capacity is None or status.stored is None:
            # It has just connected, maybe after a restart; or its templates were deleted.
            self._detect_from = self._loop.time()
            self.ask_soon()
            return
        templates = Templates(
            capacity=status.capacity,
            count=status.stored,
            revision=None,
            sensor_changed=False,
            sensor_error=None,
            sensor_error_details=None,
        )
        self._model.update(templates=templates)
        self._answered.set()
        self._have_touches_reported()

    def _have_touches_reported(self) -> None:
        """Ask for touches repeatedly: the reader forgets this, and never confirms it."""
        now = self._loop.time()
        if now >= self._detect_from and not self._model.followed().running:
            self._detect_from = now + DETECT_EVERY
            self._host.create_task(self.async_say(Topic.DETECT, protocol.detect()))

    def stop(self) -> None:
        """Stop; waiting requests raise `UnreachableError`."""
        self.stopped = True
        self._answered.set()

    # Sending

    async def async_say(self, topic: Topic, message: str) -> None:
        """Publish a message once; without a broker it is dropped."""
        with suppress(UnreachableError):
            await self.async_say_or_raise(topic, message)

    async def async_say_or_raise(self, topic: Topic, message: str) -> None:
        """Publish a message once. Raises `UnreachableError`."""
        await self._host.async_publish(topic_of(self._model.reader_id, topic), message)

    async def async_repeat(
        self, topic: Topic, message: str, done: asyncio.Event, give_up_at: float = math.inf
    ) -> None:
        """Publish a message until `done` is set, see `request_channel.async_repeat`.

        Raises `UnreachableError`.
        """
        if not self.stopped:
            where = topic_of(self._model.reader_id, topic)
            await async_repeat(self._host, where, message, done, give_up_at)
        if self.stopped:
            raise UnreachableError
