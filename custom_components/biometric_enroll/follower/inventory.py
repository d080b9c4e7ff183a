"""What the sensor of one reader really holds: listed whenever the reader says that it has changed.

Nothing is ever concluded from silence, from pages that do not belong together, or from a reader
that does not know its sensor.
"""

import logging
from functools import partial
from typing import TYPE_CHECKING

from ..reader import build, decode
from ..reader.fields import MalformedError
from ..reader.state import Inventory
from ..reader.words import Feature, Topic
from .errors import ReaderError

if TYPE_CHECKING:
    from ..reader.messages import Page
    from .knowledge import Knowledge
    from .presence import Presence

_LOGGER = logging.getLogger(__name__)

_TRIES = 3
"""Lists to begin until one is of one revision; the next change of the templates begins anew."""


class Lister:
    """Keeps what is known of the templates of one reader in step with its sensor."""

    def __init__(self, knowledge: Knowledge, presence: Presence) -> None:
        """List the templates of the reader of this presence."""
        self._knowledge = knowledge
        self._presence = presence
        self._listing = False

    def consider(self) -> None:
        """List, if what is known is not of the revision that the reader tells."""
        if not self._listing and self._outdated():
            self._listing = True
            self._knowledge.surroundings.create_task(self._async_list())

    def _outdated(self) -> bool:
        state = self._knowledge.state
        return (
            state.available
            and state.identity is not None
            and Feature.LIST in state.identity.features
            and state.templates is not None
            and state.templates.revision is not None
            # Its ids are void, and it is the user who decides about them.
            and not state.templates.sensor_changed
            and (state.inventory is None or state.inventory.revision != state.templates.revision)
        )

    async def _async_list(self) -> None:
        try:
            for _ in range(_TRIES):
                told = self._knowledge.state.templates
                if (inventory := await self._async_whole_list()) is not None:
                    await self._async_conclude(inventory)
                    if not self._outdated() or self._knowledge.state.templates == told:
                        # Where the list is the newer of the two, the reader is about to tell.
                        return
        except ReaderError as err:
            # The next hello tries again.
            _LOGGER.debug("Reader %s was not listed: %r", self._knowledge.reader_id, err)
        finally:
            self._listing = False

    async def _async_whole_list(self) -> Inventory | None:
        """Return the whole list; None if it proves nothing. Raises `ReaderError`."""
        knowledge = self._knowledge
        named = self._named()
        found: dict[int, str | None] = {}
        revision, first = None, 0
        while True:
            page = await self._presence.async_ask(
                Topic.COMMAND,
                partial(build.list_templates, first=first),
                partial(_page, first),
            )
            if revision not in (None, page.revision):
                return None
            revision = page.revision
            found |= page.templates
            if page.next is None:
                break
            # Always higher, so this comes to an end.
            first = page.next
        ids = [template_id for template_id in found.values() if template_id is not None]
        if len(set(ids)) < len(ids):
            _LOGGER.warning("Reader %s lists an id twice", knowledge.reader_id)
            return None
        if self._named() - named - set(ids):
            # Named while the list was on its way: only another one can tell whether it is gone.
            return None
        return Inventory(revision, found, frozenset(named.difference(ids)))

    def _named(self) -> set[str]:
        """Return the template ids that are known by name on this reader."""
        knowledge = self._knowledge
        return {place.template_id for _, place in knowledge.roster.on_reader(knowledge.device)}

    async def _async_conclude(self, inventory: Inventory) -> None:
        """Keep the roster in step with a complete list."""
        templates = self._knowledge.state.templates
        if templates is None or templates.sensor_changed:
            return
        knowledge = self._knowledge
        await knowledge.roster.async_reconcile(knowledge.device, inventory)
        knowledge.update(inventory=inventory)


def _page(first: int, result: dict[str, object]) -> Page:
    """Read a page that begins at a slot."""
    page = decode.page(result)
    if any(slot < first for slot in page.templates):
        raise MalformedError("a page from before its first slot")
    return page
