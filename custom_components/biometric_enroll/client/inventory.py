"""The list of the templates on the sensor of one reader, made again after each change.

Nothing is concluded from a missing answer, from pages of different revisions, or from a reader
whose sensor was changed.
"""

import logging
from functools import partial
from typing import TYPE_CHECKING

from ..protocol import builder, parser
from ..protocol.fields import MalformedError
from ..protocol.words import Feature, Topic
from .errors import ReaderError
from .state import Inventory

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..protocol.messages import Page
    from .connection import Connection
    from .model import ReaderModel

_LOGGER = logging.getLogger(__name__)

_TRIES = 3
"""Attempts to get a list of one revision; the next change of the templates starts again."""


class InventoryUpdater:
    """Keeps the list of the templates of one reader up to date."""

    def __init__(
        self, model: ReaderModel, connection: Connection, listed: Callable[[], None]
    ) -> None:
        """Initialize with the model and the connection of one reader.

        `listed` is called after each new list.
        """
        self._model = model
        self._connection = connection
        self._listed = listed
        self._listing = False
        self._senseless: tuple[str | None, datetime | None] | None = None
        """Revision and start time of the reader when its list was malformed."""

    def consider(self) -> None:
        """List, if the newest list is not of the revision that the reader reports."""
        if not self._listing and self._outdated():
            self._listing = True
            self._model.host.create_task(self._async_list())

    def _outdated(self) -> bool:
        state = self._model.state
        return (
            state.available
            and state.identity is not None
            and Feature.LIST in state.identity.features
            and state.templates is not None
            and state.templates.revision is not None
            # Its ids are void until the user decides.
            and not state.templates.sensor_changed
            and (
                state.inventory is None
                or state.inventory.revision != state.templates.revision
                or self._named_since(state.inventory)
            )
            # Listing again would give the same malformed list.
            and self._told() != self._senseless
        )

    def _named_since(self, inventory: Inventory) -> bool:
        """Return whether a template was named after this list, which does not have it.

        A template that is lost before it was ever listed does not change the revision.
        """
        named = self._model.registry.ids_on(self._model.device)
        return not named <= {*inventory.templates.values(), *inventory.missing}

    def _told(self) -> tuple[str | None, datetime | None]:
        """Return the revision that the reader reports, and when it started."""
        state = self._model.state
        return (state.templates.revision if state.templates else None), state.started_at

    async def async_is_gone(self, slot: int, template_id: str | None) -> bool:
        """List now, and return whether a template is gone from the sensor; False if unknown."""
        state = self._model.state
        if state.identity is None or Feature.LIST not in state.identity.features:
            return False
        try:
            inventory = await self._async_whole_list()
        except (MalformedError, ReaderError) as err:
            _LOGGER.debug("Reader %s was not listed: %r", self._model.reader_id, err)
            return False
        templates = self._model.state.templates
        if inventory is None or templates is None or templates.sensor_changed:
            # Such a list has no ids.
            return False
        await self._async_conclude(inventory)
        if template_id is None:
            return slot not in inventory.templates
        return template_id not in inventory.templates.values()

    async def _async_list(self) -> None:
        try:
            for _ in range(_TRIES):
                if (inventory := await self._async_whole_list()) is not None:
                    await self._async_conclude(inventory)
                if not self._outdated():
                    return
        except MalformedError as err:
            self._senseless = self._told()
            _LOGGER.warning("Reader %s sent a malformed list: %s", self._model.reader_id, err)
        except ReaderError as err:
            # The next hello tries again.
            _LOGGER.debug("Reader %s was not listed: %r", self._model.reader_id, err)
        finally:
            self._listing = False

    async def _async_whole_list(self) -> Inventory | None:
        """Return the whole list; None if it changed meanwhile.

        Raises `ReaderError`, and `MalformedError` for a malformed list.
        """
        model = self._model
        # Before listing: a template named meanwhile may not be on the list, but is not missing.
        named = model.registry.ids_on(model.device)
        # A page has no hardware id, but a revision: hello tells the revision of our reader.
        async with self._connection.async_greeted() as hello:
            told = hello.templates
        found: dict[int, str | None] = {}
        first: int | None = 0
        while first is not None:
            ask = partial(builder.list_templates, first=first)
            page = _page(first, await self._connection.async_ask(Topic.COMMAND, ask, dict))
            if page.revision != told.revision:
                return None
            found |= page.templates
            # Always higher than before, so the loop ends.
            first = page.next
        if len(found) != told.count:
            raise MalformedError("not as many as the reader counts")
        ids = [template_id for template_id in found.values() if template_id is not None]
        if len(set(ids)) < len(ids):
            raise MalformedError("an id twice")
        return Inventory(page.revision, found, frozenset(named.difference(ids)))

    async def _async_conclude(self, inventory: Inventory) -> None:
        """Update state and registry from a complete list."""
        templates = self._model.state.templates
        if templates is None or templates.sensor_changed:
            return
        model = self._model
        before = model.registry.ids_on(model.device)
        changed = model.registry.reconcile(model.device, inventory)
        # Both change in one update: in between, a fingerprint would seem to be missing.
        model.update(inventory=inventory)
        if changed:
            await model.registry.async_save()
        deleted = before - model.registry.ids_on(model.device)
        await model.delivery_log.async_forget(model.device, deleted)
        self._listed()


def _page(first: int, result: dict[str, object]) -> Page:
    """Parse a page that begins at slot `first`. Raises `MalformedError`."""
    page = parser.page(result)
    if any(slot < first for slot in page.templates):
        raise MalformedError("a page from before its first slot")
    return page
