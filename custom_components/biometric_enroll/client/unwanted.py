"""Delete what was stored by enrollments that were reported as not started.

Somebody who holds a start back, and lets it through later, would otherwise be enrolled under the
name that was meant for somebody else.
"""

import logging
from typing import TYPE_CHECKING

from ..protocol.words import Feature
from .enrollment import GIVEN_UP
from .errors import ReaderError

if TYPE_CHECKING:
    import asyncio

    from .changes import Changes
    from .model import ReaderModel

_LOGGER = logging.getLogger(__name__)

AGAIN_AFTER = 30.0
"""Seconds after a deletion that failed until the next attempt."""


class UnwantedTemplates:
    """Deletes the unwanted templates of one reader, and tries again until they are gone."""

    def __init__(self, model: ReaderModel, changes: Changes) -> None:
        """Initialize with the model and the changes of one reader."""
        self._model = model
        self._changes = changes
        self._deleting = False
        self._stopped = False
        self._again: asyncio.TimerHandle | None = None
        """While it waits, nothing is deleted."""
        self._failed: str | None = None
        """The template of the last failure: a sensor may be broken for days."""
        self._deleted: set[str] = set()
        """By template id; without a list nobody else could tell."""

    def consider(self) -> None:
        """Delete an unwanted template, if one is known to be there."""
        if self._deleting or self._stopped or self._again is not None:
            return
        if (found := self._found()) is not None:
            self._deleting = True
            self._model.host.create_task(self._async_delete(*found))

    def stop(self) -> None:
        """Stop; the next run deletes what is left."""
        self._stopped = True
        if self._again is not None:
            self._again.cancel()

    def _found(self) -> tuple[int, str] | None:
        """Return slot and id of an unwanted template that the reader holds."""
        state = self._model.state
        unwanted = self._model.registry.unwanted(self._model.device)
        if not unwanted or not state.available or state.identity is None:
            return None
        if Feature.DELETE not in state.identity.features:
            return None
        if Feature.LIST in state.identity.features:
            listed = state.inventory.templates if state.inventory is not None else {}
            return next(
                ((slot, each) for slot, each in listed.items() if each in unwanted),
                None,
            )
        snapshot = self._model.delivered.snapshot
        slot, template_id = snapshot.slot, snapshot.template_id
        if snapshot.reason != GIVEN_UP or slot is None or template_id not in unwanted:
            return None
        return None if template_id in self._deleted else (slot, template_id)

    async def _async_delete(self, slot: int, template_id: str) -> None:
        where = f"slot {slot} of reader {self._model.reader_id}"
        try:
            await self._changes.async_delete(slot, template_id)
        except ReaderError as err:
            level = logging.DEBUG if template_id == self._failed else logging.WARNING
            self._failed = template_id
            _LOGGER.log(level, "Could not delete the unwanted template in %s: %r", where, err)
            if not self._stopped:
                self._again = self._model.host.loop.call_later(AGAIN_AFTER, self._try_again)
        else:
            _LOGGER.warning(
                "Deleted the template in %s: it was enrolled although the start was given up", where
            )
            self._deleted.add(template_id)
        finally:
            self._deleting = False
        self.consider()

    def _try_again(self) -> None:
        self._again = None
        self.consider()
