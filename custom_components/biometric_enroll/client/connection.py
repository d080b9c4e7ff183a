"""Whether a reader is there, and how it is asked for things.

Hello is the one mechanism: only its answer makes a reader available, gives the nonce for a change,
and bounds the age of touches. Nothing here waits without a deadline.
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
from .base import BaseConnection
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
"""Seconds between hellos when nothing raises a doubt."""

HELLO_AWAY_EVERY = 60.0
"""The same while the reader is unavailable; normally it announces itself long before."""

HELLO_SLOW_EVERY = 5.0
"""The same while an answer was slow: its delay counts into the age of every touch."""

HELLO_CHANGING_EVERY = 5.0
"""The same while the reader is about to change something: nobody may wait for that answer."""

HELLO_BACKLOG_EVERY = 30.0
"""The same while the reader's journal is not empty: hello is what makes it deliver."""

SLOW = 1.0
"""Seconds between hello and its answer that leave too little of the age that a touch may have."""

SILENCE = 5.0
"""Seconds past the reader's own deadline after which a silent enrollment raises a doubt."""

SAME_START = timedelta(seconds=30)
"""Two answers say the same of when the reader started, if they differ by no more."""


class Connection(BaseConnection):
    """Watches one reader, and carries requests to it."""

    def __init__(self, model: ReaderModel) -> None:
        """Begin with nobody there."""
        super().__init__(model)
        self._channel = RequestChannel(model.host, model.reader_id)
        self.liveness = Liveness()
        self._slow = False
        self._backlog = False
        self._changing = False
        self._next: asyncio.TimerHandle | None = None
        """When hello is said without a doubt."""
        self._silence: asyncio.TimerHandle | None = None
        self._other_device_at = 0.0
        self.other_device_spoke = False
        """Whether another reader has spoken under this reader's id since this one was heard."""

    # Watching

    @override
    async def async_watch(self) -> None:
        """Say hello whenever there is reason to doubt, and now and then without; for ever."""
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
        """Have hello said again when the patience is over that the newest one leaves."""
        if self._next is not None:
            self._next.cancel()
        if not self._channel.stopped:
            self._next = self._loop.call_later(self._patience(), self.ask_soon)

    def heard(self, *, live: bool) -> None:
        """Ask a reader that speaks while it is thought to be away."""
        if live and not self._model.state.available:
            self.ask_soon()

    @override
    def set_unavailable(self, why: str) -> None:
        was_available = self._model.state.available
        super().set_unavailable(why)
        if was_available:
            # A last will may come late, or twice, from a session that was over long ago.
            self.ask_soon()

    def expect_news_within(self, seconds: float | None) -> None:
        """Raise a doubt if the running enrollment is silent past the reader's own deadline."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if seconds is not None:
            self._silence = self._loop.call_later(seconds + SILENCE, self.ask_soon)

    def stop(self) -> None:
        """Forget what was waited for; the next run sees for itself who is there."""
        self._channel.stop()
        self.expect_news_within(None)
        if self._next is not None:
            self._next.cancel()
        self._host.other_device(None)

    # Asking

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Hello]:
        """Say hello before a change, and keep its nonce the newest until the change is done.

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
        """Ask the reader, and return what `read` makes of its answer.

        Raises `RefusedError`, and `UnreachableError` for silence and for an answer without sense.
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
            _LOGGER.warning("Reader %s answered without sense: %s", self._model.reader_id, err)
            self.ask_soon()
            raise UnreachableError from err

    async def async_change[T](
        self,
        topic: Topic,
        message: Callable[[str], str],
        read: Callable[[dict[str, object]], T],
    ) -> T:
        """Ask the reader for something that changes it; parameters and errors as `async_ask`.

        Unless the reader says that it is done, some of it or all of it may be done all the same,
        also where the caller goes away while it waits: hello tells.
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
        """Let the reader forget a touch; one that is not reached tells of it again."""
        with suppress(UnreachableError):
            await self._channel.async_say(
                Topic.COMMAND, builder.ack(self._host.new_id(), touch=touch)
            )

    async def _async_hello(self, give_up_at: float = math.inf) -> Hello:
        """Ask for presence and truth. Raises `UnreachableError`: the reader is unavailable."""
        request, sent = self._host.new_id(), self._loop.time()
        self.liveness.sent(request, sent)
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
        """Give an answer to whoever waits for it.

        If it was the answer to hello, return it, with the time at which hello was first said.
        Raises `MalformedError` for one that makes no sense.
        """
        sent = self.liveness.sent_at(answer.request)
        if sent is None or isinstance(answer, Refused):
            self._channel.receive(answer)
            return None
        hello = parser.hello(answer.result)
        if not self.is_ours(hello.identity):
            return None
        # At once, not when its waiter runs: the next message may be a touch that counts on it. And
        # also a second one: it may come from the reader's next life.
        self.liveness.answered(answer.request, hello.uptime_ms)
        if not self._channel.waits_for(answer.request):
            # It came again, and is as old as the one before.
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
            started_at=self._started_at(hello.uptime_ms),
        )

    def _started_at(self, uptime_ms: int) -> datetime:
        """Return when the reader has started: the same each time, however long the answer took."""
        started = self._host.utcnow() - timedelta(milliseconds=uptime_ms)
        known = self._model.state.started_at
        if known is not None and abs(started - known) <= SAME_START:
            return known
        return started.replace(microsecond=0)

    def is_ours(self, identity: Identity) -> bool:
        """Return whether it is the reader of this entry; if not, the user has to know."""
        if identity.device == self._model.device:
            return True
        self._other_device_at = self._loop.time()
        self.other_device_spoke = True
        self._host.other_device(identity)
        return False
