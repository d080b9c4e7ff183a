"""Requests to one reader: published at QoS 0, and repeated until answered or until a deadline.

A QoS 1 publish that fails while the broker is away is kept by the MQTT client and delivered minutes
later. With QoS 0 and our own repeats, no request is sent after the caller has given up.
"""

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ..protocol.words import topic_of
from .errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..protocol.messages import Answer, Refused
    from ..protocol.words import Topic
    from .host import Broker

REPEAT_AFTER = 2.0
"""Seconds without an answer after which a request is repeated."""

ANSWER_WITHIN = 10.0
"""Seconds without an answer after which the reader counts as unreachable."""

AWAY_WITHIN = 5.0
"""The same for a caller that waits for a reader that is already unavailable."""


class _Request(NamedTuple):
    asked_at: float
    answer: asyncio.Future[Answer | Refused]


class RequestChannel:
    """Sends requests to one reader, and matches its answers by their ids."""

    def __init__(self, broker: Broker, reader_id: str) -> None:
        """Initialize for one reader; the owner must pass all answers to `receive`."""
        self._broker = broker
        self._reader_id = reader_id
        self._waiting: dict[str, _Request] = {}
        self.stopped = False
        """Whether answers are no longer received."""

    def asked_at(self, request: str) -> float | None:
        """Return the loop's time at which a request that waits was first sent; None: none does."""
        waiting = self._waiting.get(request)
        return None if waiting is None or waiting.answer.done() else waiting.asked_at

    def receive(self, answer: Answer | Refused) -> bool:
        """Handle an answer; return whether a request waits for it."""
        if self.asked_at(answer.request) is None:
            return False
        self._waiting[answer.request].answer.set_result(answer)
        return True

    async def async_ask(
        self,
        topic: Topic,
        builder: Callable[[str], str],
        request: str | None = None,
        give_up_at: float = math.inf,
    ) -> Answer | Refused:
        """Send a request until it is answered, and return the answer.

        `builder` makes the message from its request id; `give_up_at` is the loop's time at which to
        give up, if that is sooner than usual. Raises `UnreachableError`.
        """
        if self.stopped:
            raise UnreachableError
        request = request or self._broker.new_id()
        message = builder(request)
        future: asyncio.Future[Answer | Refused] = self._broker.loop.create_future()
        self._waiting[request] = _Request(self._broker.loop.time(), future)
        try:
            async with asyncio.timeout_at(_deadline(self._broker, give_up_at)):
                while not future.done():
                    await self.async_say(topic, message)
                    await asyncio.wait([future], timeout=REPEAT_AFTER)
                if future.cancelled():
                    raise UnreachableError
                return future.result()
        except TimeoutError:
            raise UnreachableError from None
        finally:
            del self._waiting[request]

    def stop(self) -> None:
        """Stop; waiting requests raise `UnreachableError`."""
        self.stopped = True
        for waiting in self._waiting.values():
            waiting.answer.cancel()

    async def async_say(self, topic: Topic, message: str) -> None:
        """Publish once, without expecting an answer. Raises `UnreachableError` without a broker."""
        await self._broker.async_publish(topic_of(self._reader_id, topic), message)


async def async_repeat(
    broker: Broker, topic: str, message: str, done: asyncio.Event, give_up_at: float = math.inf
) -> None:
    """Publish a message repeatedly until `done` is set. Raises `UnreachableError`.

    `give_up_at` is the loop's time at which to give up, if that is sooner than usual.
    """
    try:
        async with asyncio.timeout_at(_deadline(broker, give_up_at)):
            while not done.is_set():
                await broker.async_publish(topic, message)
                with suppress(TimeoutError):
                    async with asyncio.timeout(REPEAT_AFTER):
                        await done.wait()
    except TimeoutError:
        raise UnreachableError from None


def _deadline(broker: Broker, give_up_at: float) -> float:
    return min(broker.loop.time() + ANSWER_WITHIN, give_up_at)
