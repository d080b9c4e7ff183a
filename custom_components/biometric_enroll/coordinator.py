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
from .follower.errors import TooOldError, UnreachableError
from .follower.first_generation import FirstGenerationFollower
from .follower.follower import Follower
from .issues import Issues
from .moments import Moments
from .reader.state import ReaderState
from .stores import DATA_MARKS, DATA_ROSTER
from .surroundings import ReaderSurroundings
from .upgrade import async_upgrade

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from .follower.changes import Changes

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
        self.issues = Issues(hass, entry)
        self.context = Context()
        """On whose behalf the newest change of the state happened."""
        self._upgrading = False
        self.follower = self._follower()
        self.data = self.follower.state
        self._holdings_of: tuple[object, ...] = ()
        self.unnamed: dict[int, str | None] = {}
        """Templates that the sensor holds and nobody knows by name: id by slot."""
        self.listed: str | None = None
        """Revision of the list that tells of them; another one may tell of other fingers."""
        self.gone: dict[str, str] = {}
        """Fingerprints whose template is gone: by template id, how users tell them apart."""

    def _follower(self) -> Follower | FirstGenerationFollower:
        entry = self.config_entry
        surroundings = ReaderSurroundings(self.hass, entry, self.moments, self.issues, self._show)
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

    @property
    def changes(self) -> Changes:
        """What can be changed on the reader. Raises `TooOldError` for the first generation."""
        if isinstance(self.follower, FirstGenerationFollower):
            raise TooOldError
        return self.follower.changes

    @callback
    def _show(self, state: ReaderState, context: Context) -> None:
        self.context = context
        self._hold(state)
        self.issues.show(state, len(self.gone))
        self.async_set_updated_data(state)

    @callback
    def roster_changed(self) -> None:
        """Show the state with the names as they are now."""
        self._show(self.follower.state, Context())

    def _hold(self, state: ReaderState) -> None:
        """Compare what the sensor holds with the roster, if either has changed."""
        followed = self.follower.knowledge.followed()
        # Until it has ended, its template is neither somebody's nor nobody's.
        pending = None if followed.final else self.roster.enrollment(self.device)
        pending_id = pending.template_id if pending else None
        # What another sensor holds says nothing of the one that is there now.
        changed = state.templates is not None and state.templates.sensor_changed
        inventory = None if changed else state.inventory
        holdings_of = (inventory, self.roster.changes, pending_id)
        if holdings_of == self._holdings_of:
            return
        self._holdings_of = holdings_of
        templates, gone = (
            (inventory.templates, inventory.gone) if inventory is not None else ({}, frozenset())
        )
        self.listed = None if inventory is None else inventory.revision
        named = {
            place.template_id: f"{fingerprint.subject.name} ({place.slot})"
            for fingerprint, place in self.roster.on_reader(self.device)
        }
        self.unnamed = {
            slot: template_id
            for slot, template_id in templates.items()
            if template_id is None or (template_id not in named and template_id != pending_id)
        }
        self.gone = {each: who for each, who in named.items() if each in gone}

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
