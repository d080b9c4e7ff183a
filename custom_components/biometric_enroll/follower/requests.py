"""What a reader of protocol version 1 can be asked to do."""

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from ..reader import build, decode
from ..reader.fields import MalformedError
from ..reader.words import Topic
from .enroller import Greeting

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ..reader.messages import Snapshot
    from .enroller import Wish
    from .presence import Presence


class Requests:
    """Asks one reader; every method raises `ReaderError` where that comes to nothing."""

    def __init__(self, presence: Presence) -> None:
        """Ask the reader of this presence."""
        self._presence = presence

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Greeting]:
        """Say hello before a start, and keep its nonce the newest until that is done."""
        async with self._presence.async_greeted() as hello:
            yield Greeting(hello.enrollment.running, hello.identity.max_scans, hello.nonce)

    async def async_start(self, greeting: Greeting, template_id: str, wish: Wish) -> int:
        """Start an enrollment; return its slot once the reader has accepted it."""
        return await self._presence.async_change(
            Topic.ENROLL,
            partial(
                build.start,
                template_id=template_id,
                nonce=greeting.nonce,
                slot=wish.slot,
                total=wish.scans,
                scan_timeout_s=wish.scan_timeout,
            ),
            decode.started_slot,
        )

    async def async_cancel(self, template_id: str) -> Snapshot:
        """End an enrollment; return how it has ended."""
        return await self._presence.async_change(
            Topic.ENROLL,
            partial(build.cancel, template_id=template_id),
            partial(_ended, template_id),
        )

    def expect_news_within(self, seconds: float | None) -> None:
        """Say hello if the running enrollment is silent past the reader's own deadline."""
        self._presence.expect_news_within(seconds)

    async def async_identify(self) -> None:
        """Let the reader blink."""
        await self._presence.async_ask(Topic.COMMAND, build.identify, decode.nothing)

    async def async_restart(self) -> None:
        """Restart the reader."""
        async with self._presence.async_greeted() as hello:
            restart = partial(build.restart, nonce=hello.nonce)
            await self._presence.async_change(Topic.COMMAND, restart, decode.nothing)


def _ended(template_id: str, result: dict[str, object]) -> Snapshot:
    """Read the answer to a cancel."""
    snapshot = decode.ended_snapshot(result)
    if snapshot.template_id != template_id:
        raise MalformedError("the end of another enrollment")
    return snapshot
