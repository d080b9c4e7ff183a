"""What the user changes on one reader of protocol version 1: its templates and its settings."""

from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..reader import build, decode
from ..reader.words import Feature, Refusal, Topic
from .errors import RefusedError, TooOldError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from ..reader.words import LedColor
    from .knowledge import Knowledge
    from .presence import Presence
    from .surroundings import Cause

    type Templates = Mapping[int, str | None]


class Changes:
    """Changes one reader; every method raises `ReaderError` where that comes to nothing."""

    def __init__(self, knowledge: Knowledge, presence: Presence) -> None:
        """Change the reader of this presence."""
        self._knowledge = knowledge
        self._presence = presence

    async def async_delete(self, slot: int, template_id: str | None) -> None:
        """Empty a slot, and forget the name of what was in it; done when the sensor has done it.

        After an error the reader may still do it: then the next list tells, and the name goes.
        """
        knowledge = self._knowledge
        async with self._async_allowed(Feature.DELETE) as nonce:
            before = await knowledge.roster.async_expect_deletion(knowledge.device, template_id)
            delete = partial(build.delete, nonce=nonce, slot=slot, template_id=template_id)
            try:
                await self._presence.async_ask(Topic.COMMAND, delete, decode.nothing)
            except RefusedError as err:
                # That it is not there is what was wanted; it may have been done before.
                if err.refusal is not Refusal.NOT_FOUND:
                    if not _unsure(err):
                        # One that was asked for before may still be done.
                        await knowledge.roster.async_expect_deletion(
                            knowledge.device, template_id, expected=before
                        )
                    raise
        # That one only: after `not_found` the slot may hold another.
        self._show_list(lambda templates: dict(templates.items() - {(slot, template_id)}))
        if template_id is not None:
            await knowledge.async_forget([template_id])

    async def async_adopt(self, slot: int, template_id: str) -> None:
        """Give an id to a template that has none."""
        async with self._async_allowed(Feature.ADOPT) as nonce:
            adopt = partial(build.adopt, nonce=nonce, slot=slot, template_id=template_id)
            await self._presence.async_ask(Topic.COMMAND, adopt, decode.nothing)
        self._show_list(lambda templates: {**templates, slot: template_id})

    async def async_accept_sensor(self) -> None:
        """Take the sensor that is there now for the reader's own."""
        async with self._async_allowed(Feature.ACCEPT_SENSOR) as nonce:
            accept = partial(build.accept_sensor, nonce=nonce)
            await self._presence.async_ask(Topic.COMMAND, accept, decode.nothing)

    async def async_set(
        self,
        cause: Cause = None,
        *,
        identification: bool | None = None,
        security_level: int | None = None,
        led_color: LedColor | None = None,
    ) -> None:
        """Change the settings that are given, and show all as they then are."""
        async with self._async_allowed(Feature.SETTINGS) as nonce:
            change = partial(
                build.settings,
                nonce=nonce,
                identification=identification,
                security_level=security_level,
                led_color=led_color,
            )
            try:
                settings = await self._presence.async_ask(Topic.COMMAND, change, decode.settings)
            except RefusedError:
                # Some of it may have been done, or all of it: hello tells.
                self._presence.doubt()
                raise
        self._knowledge.update(cause, settings=settings)

    def _show_list(self, changed: Callable[[Templates], Templates]) -> None:
        """Show what a change has made of the list, until the reader is listed anew."""
        if (inventory := self._knowledge.state.inventory) is not None:
            templates = changed(inventory.templates)
            self._knowledge.update(inventory=replace(inventory, templates=templates))

    @asynccontextmanager
    async def _async_allowed(self, feature: Feature) -> AsyncGenerator[str]:
        """Say hello, and return the nonce for a change that the reader must know."""
        async with self._presence.async_greeted() as hello:
            if feature not in hello.identity.features:
                raise TooOldError
            yield hello.nonce


def _unsure(err: RefusedError) -> bool:
    """Return whether a deletion may still be done.

    The sensor fell silent in the middle, or another reader under the same id has answered: with a
    nonce this fresh, ours does not say `stale`.
    """
    return err.refusal in {Refusal.SENSOR_ERROR, Refusal.STALE}
