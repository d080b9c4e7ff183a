"""One reader in Home Assistant: shows entities what its follower knows.

Everything that decides is in `follower/`; `ReaderSurroundings` lends it the world.
"""

import logging
from typing import TYPE_CHECKING, Any, override

from homeassistant.core import Context, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DIALECT_FIRST_GENERATION,
)
from .follower.errors import UnreachableError
from .follower.first_generation import FirstGenerationFollower
from .follower.follower import Follower
from .moments import Moments
from .reader.state import ReaderState
from .stores import DATA_MARKS, DATA_ROSTER
from .surroundings import ReaderSurroundings
from .upgrade import async_upgrade

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

_LOGGER = logging.getLogger(__name__)


class ReaderCoordinator(DataUpdateCoordinator[ReaderState]):
    """Shows entities what the follower of one reader knows."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Take up the reader where earlier runs have left off; the stores must be loaded."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.reader_id: str = entry.data[CONF_READER_ID]
        self.device: str = entry.data[CONF_DEVICE]
        self.roster = hass.data[DATA_ROSTER]
        self.moments = Moments(hass, entry, self.device)
        self.context = Context()
        """On whose behalf the newest change of the state happened."""
        self._upgrading = False
        self.follower = self._follower()
        self.data = self.follower.state

    def _follower(self) -> Follower | FirstGenerationFollower:
        entry = self.config_entry
        surroundings = ReaderSurroundings(self.hass, entry, self.moments, self._show)
        marks = self.hass.data[DATA_MARKS]
        if entry.data.get(CONF_DIALECT) != DIALECT_FIRST_GENERATION:
            return Follower(self.reader_id, self.device, surroundings, self.roster, marks)
        return FirstGenerationFollower(
            self.reader_id,
            self.device,
            surroundings,
            self.roster,
            marks,
            trusted=lambda: bool(entry.options.get(CONF_TRUST_TOUCHES)),
            speaks_version_1=self._speaks_version_1,
        )

    @callback
    def _show(self, state: ReaderState, context: Context) -> None:
        self.context = context
        self.async_set_updated_data(state)

    @callback
    def _speaks_version_1(self) -> None:
        """See whether the reader was given the firmware of today."""
        if not self._upgrading:
            self._upgrading = True
            # Not a task of the entry, which it unloads.
            self.hass.async_create_background_task(
                self._async_upgrade(), f"upgrade of {self.reader_id}"
            )

    async def _async_upgrade(self) -> None:
        try:
            await async_upgrade(self.hass, self.config_entry)
        finally:
            self._upgrading = False

    @override
    async def _async_update_data(self) -> ReaderState:
        """Ask the reader, as `homeassistant.update_entity` wants; what it says came in already."""
        try:
            await self.follower.async_look()
        except UnreachableError:
            _LOGGER.debug("Reader %s does not answer", self.reader_id)
        return self.follower.state
