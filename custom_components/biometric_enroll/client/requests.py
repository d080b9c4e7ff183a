"""Requests to a reader of protocol version 1: enrollments, identify, restart."""

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from ..protocol import builder, parser
from ..protocol.fields import MalformedError
from ..protocol.words import Refusal, Topic
from .enroller import Greeting
from .errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ..protocol.messages import Snapshot
    from .connection import Connection
    from .enroller import EnrollOptions


class Requests:
    """Sends requests to one reader; every async method raises `ReaderError` on failure."""

    def __init__(self, connection: Connection) -> None:
        """Initialize with the connection of the reader."""
        self._connection = connection

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Greeting]:
        """Send hello before a start, and keep its nonce valid until that is done."""
        async with self._connection.async_greeted() as hello:
            # What the reader runs, if that cannot be read, it knows itself: then it is busy.
            running = hello.enrollment is not None and hello.enrollment.running
            yield Greeting(running, hello.identity.max_scans, hello.nonce)

    async def async_start(
        self, greeting: Greeting, template_id: str, enroll_options: EnrollOptions
    ) -> int:
        """Start an enrollment; return its slot once the reader has accepted it."""
        return await self._connection.async_change(
            Topic.ENROLL,
            partial(
                builder.start,
                template_id=template_id,
                nonce=greeting.nonce,
                slot=enroll_options.slot,
                total=enroll_options.scans,
                scan_timeout_s=enroll_options.scan_timeout,
            ),
            parser.started_slot,
        )

    async def async_cancel(self, template_id: str) -> Snapshot:
        """Cancel an enrollment; return its final snapshot."""
        return await self._connection.async_change(
            Topic.ENROLL,
            partial(builder.cancel, template_id=template_id),
            partial(_ended, template_id),
        )

    def expect_news_within(self, seconds: float | None) -> None:
        """Send hello if the running enrollment is silent past the reader's own deadline."""
        self._connection.expect_news_within(seconds)

    async def async_identify(self) -> None:
        """Make the reader blink."""
        await self._connection.async_ask(Topic.COMMAND, builder.identify, parser.nothing)

    async def async_restart(self) -> None:
        """Restart the reader.

        A repeat that comes after the restart is stale: then only the reader's boot tells.
        """
        try:
            async with self._connection.async_greeted() as before:
                restart = partial(builder.restart, nonce=before.nonce)
                await self._connection.async_change(Topic.COMMAND, restart, parser.nothing)
        except RefusedError as err:
            if err.refusal != Refusal.STALE:
                raise
            async with self._connection.async_greeted() as after:
                if after.boot == before.boot:
                    raise


def _ended(template_id: str, result: dict[str, object]) -> Snapshot:
    """Parse the answer to a cancel. Raises `MalformedError`."""
    snapshot = parser.ended_snapshot(result)
    if snapshot.template_id != template_id:
        raise MalformedError("the end of another enrollment")
    return snapshot
