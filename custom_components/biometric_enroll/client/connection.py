"""The availability of one reader, and requests to it.

All of it is based on hello: only its answer makes a reader available, gives the nonce for a change,
and bounds the age of touches. Every wait here has a deadline.
"""

import logging
import math
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, override

from ..protocol import builder, parser
from ..protocol.fields import MalformedError
from ..protocol.messages import (
    Answer,
    Hello,
    Identity,
    Refused,
)
from ..protocol.words import Topic
from .base_connection import BaseConnection
from .errors import RefusedError, UnreachableError
from .liveness import Liveness
from .request_channel import RequestChannel

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from .model import ReaderModel

_LOGGER = logging.getLogger(__name__)

HELLO_EVERY = 600.0
"""Seconds between hellos without a special reason."""

HELLO_AWAY_EVERY = 60.0
"""The same while the reader is unavailable; usually it announces itself earlier."""

HELLO_SLOW_EVERY = 5.0
"""The same while answers are slow: the delay is added to the age of every touch."""

HELLO_CHANGING_EVERY = 5.0
"""The same while the reader has a pending change: maybe no caller waits for its answer."""

HELLO_BACKLOG_EVERY = 30.0
"""The same while the reader's journal is not empty: hello makes the reader deliver it."""

SLOW = 1.0
"""Seconds from hello to its answer that use up too much of the age limit of live touches."""

SILENCE = 5.0
"""Seconds past the reader's own deadline after which hello checks on a silent enrollment."""

SAME_START = timedelta(seconds=30)
"""Start times that differ by at most this are the same start."""


class Connection(BaseConnection):
    """Watches one reader, and sends requests to it."""

    def __init__(self, model: ReaderModel) -> None:
        """Initialize with the model of one reader; nothing is sent yet."""
        super().__init__(model)
        self._channel = RequestChannel(model.host, model.reader_id)
        self.liveness = Liveness(model.delivery_log.loaded)
        self._slow = False
        self._backlog = False
        self._changing = False
        self._next: asyncio.TimerHandle | None = None
        """When hello is sent without a special reason."""
        self._silence: asyncio.TimerHandle | None = None
        self._other_device_at = 0.0
        self.other_device_spoke = False
        """Whether another device has used this reader id since our reader last answered."""

    # Watching

    @override
    async def async_watch(self) -> None:
        """Send hello when there is a reason to, and at intervals; never returns."""
        while True:
            self._ask_again()
            await self._ask_now.wait()
            self._ask_now.clear()
            with suppress(UnreachableError):
                async with self.hello_queue.async_patient_turn():
                    await self._async_hello()

    @override
    async def _async_look(self, give_up_at: float) -> None:
        await self._async_hello(give_up_at)

    def _patience(self) -> float:
        if not self._model.state.available:
            return HELLO_AWAY_EVERY
        if self._slow:
            return HELLO_SLOW_EVERY
        if self._changing:
            return HELLO_CHANGING_EVERY
        return HELLO_BACKLOG_EVERY if self._backlog else HELLO_EVERY

    def _ask_again(self) -> None:
        """Schedule the next hello; the interval depends on the newest answer."""
        if self._next is not None:
            self._next.cancel()
        if not self._channel.stopped:
            self._next = self._loop.call_later(self._patience(), self.ask_soon)

    def heard(self, *, live: bool) -> None:
        """Note a message; a live one from an unavailable reader is a reason for hello."""
        if live and not self._model.state.available:
            self.ask_soon()

    @override
    def set_unavailable(self, why: str) -> None:
        was_available = self._model.state.available
        super().set_unavailable(why)
        if was_available:
            # A last will may arrive late, or twice, from a session that ended long ago.
            self.ask_soon()

    def expect_news_within(self, seconds: float | None) -> None:
        """Send hello if the enrollment is silent `SILENCE` past that; None: it is not running."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if seconds is not None:
            self._silence = self._loop.call_later(seconds + SILENCE, self.ask_soon)

    def stop(self) -> None:
        """Stop all waiting and timers; the next run checks availability itself."""
        self._channel.stop()
        self.expect_news_within(None)
        if self._next is not None:
            self._next.cancel()
        self._host.other_device(None)

    # Asking

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Hello]:
        """Send hello before a change, and keep its nonce valid until the change is done.

        Raises `UnreachableError`.
        """
        async with self.hello_queue.async_turn() as give_up_at:
            yield await self._async_hello(give_up_at)

    async def async_ask[T](
        self,
        topic: Topic,
        message: Callable[[str], str],
        read: Callable[[dict[str, object]], T],
    ) -> T:
        """Send a request, and return the result of the answer as parsed by `read`.

        Raises `RefusedError`, and `UnreachableError` if the answer is missing or malformed.
        """
        try:
            answer = await self._channel.async_ask(
                topic, message, give_up_at=self.hello_queue.give_up_at()
            )
        except UnreachableError:
            self.ask_soon()
            raise
        if isinstance(answer, Refused):
            raise RefusedError(answer.error)
        try:
            return read(answer.result)
        except MalformedError as err:
            _LOGGER.warning("Reader %s sent a malformed answer: %s", self._model.reader_id, err)
            self.ask_soon()
            raise UnreachableError from err

    async def async_change[T](
        self,
        topic: Topic,
        message: Callable[[str], str],
        read: Callable[[dict[str, object]], T],
    ) -> T:
        """Send a request that changes the reader; parameters and errors as in `async_ask`.

        Without a positive answer, also if the caller is cancelled, the change may still have
        been made, in part or whole: hello is sent to find out.
        """
        done = False
        try:
            result = await self.async_ask(topic, message, read)
            done = True
        finally:
            if not done:
                self.ask_soon()
        return result

    async def async_acknowledge(self, touch: str) -> None:
        """Acknowledge a touch; a reader that does not receive this sends the touch again."""
        with suppress(UnreachableError):
            await self._channel.async_say(
                Topic.COMMAND, builder.ack(self._host.new_id(), touch=touch)
            )

    async def _async_hello(self, give_up_at: float = math.inf) -> Hello:
        """Send hello. Raises `UnreachableError`, and then the reader is marked unavailable."""
        request, sent = self._host.new_id(), self._loop.time()
        self.liveness.sent(request, self._host.clocks())
        try:
            answer = await self._channel.async_ask(
                Topic.COMMAND, builder.hello, request, give_up_at
            )
            if isinstance(answer, Answer):
                self._slow = self._loop.time() - sent > SLOW
                hello = parser.hello(answer.result)
                self._backlog = hello.journal > 0
                self._changing = hello.changing
                self._ask_again()
                return hello
        except UnreachableError:
            self.hello_queue.unanswered()
            if not self._channel.stopped:
                self.set_unavailable("it does not answer")
            raise
        self.set_unavailable("it refuses to answer hello")
        raise UnreachableError

    # Who answers

    def handle_answer(self, answer: Answer | Refused) -> tuple[Hello, float] | None:
        """Pass an answer to the request that waits for it.

        If it is the first answer to a hello, return it, with the loop's time at which that hello
        was first sent; otherwise None. Raises `MalformedError`.
        """
        asked = self.liveness.sent_at(answer.request)
        if asked is None or isinstance(answer, Refused):
            self._channel.receive(answer)
            return None
        sent = asked.monotonic
        hello = parser.hello(answer.result)
        if not self.is_ours(hello.identity):
            return None
        # At once, not when the waiting task runs: the next message may be a touch that needs it.
        # Also for a second answer: the reader may have restarted in between.
        self.liveness.answered(answer.request, hello.boot, hello.uptime_ms, self._host.clocks())
        if not self._channel.waits_for(answer.request):
            # A repeated answer, no newer than the first.
            return None
        if sent > self._other_device_at:
            self.other_device_spoke = False
            self._host.other_device(None)
        self._found(hello)
        self._channel.receive(answer)
        return hello, sent

    def _found(self, hello: Hello) -> None:
        self._log_return()
        if hello.identity != self._model.state.identity:
            self._host.identity_changed(hello.identity)
        self._model.update(
            available=True,
            identity=hello.identity,
            templates=hello.templates,
            settings=hello.settings,
            diagnostics=hello.diagnostics,
            sensor_info=hello.sensor_info,
            started_at=self._started_at(hello.uptime_ms),
        )

    def _started_at(self, uptime_ms: int) -> datetime:
        """Return when the reader started; stable although answers take different times."""
        started = self._host.utcnow() - timedelta(milliseconds=uptime_ms)
        known = self._model.state.started_at
        if known is not None and abs(started - known) <= SAME_START:
            return known
        return started.replace(microsecond=0)

    def is_ours(self, identity: Identity) -> bool:
        """Return whether this is our reader; otherwise report the other device."""
        if identity.device == self._model.device:
            return True
        self._other_device_at = self._loop.time()
        self.other_device_spoke = True
        self._host.other_device(identity)
        return False
