"""One reader in Home Assistant: shows entities what its client knows.

Everything that decides is in `client/`; `ReaderHost` lends it the world.
"""

import logging
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Context, callback
from homeassistant.helpers import service
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .client.client import ReaderClient
from .client.errors import TooOldError, UnreachableError
from .client.state import ReaderState
from .const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
)
from .events import EventReporter
from .host import ReaderHost
from .issues import Issues
from .legacy.client import LegacyClient
from .migration import async_upgrade
from .storage import DATA_DELIVERY_LOG, DATA_REGISTRY
from .subscriptions import Subscriptions

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

    from .client.changes import Changes

_LOGGER = logging.getLogger(__name__)

type BiometricEnrollConfigEntry = ConfigEntry[ReaderCoordinator]


class ReaderCoordinator(DataUpdateCoordinator[ReaderState]):
    """Shows entities what the client of one reader knows."""

    config_entry: BiometricEnrollConfigEntry

    def __init__(self, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
        """Take up the reader where earlier runs have left off; the stores must be loaded."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.reader_id: str = entry.data[CONF_READER_ID]
        self.device: str = entry.data[CONF_DEVICE]
        self.registry = hass.data[DATA_REGISTRY]
        self.events = EventReporter(hass, entry, self.device)
        self.issues = Issues(hass, entry)
        self.context = Context()
        """On whose behalf the newest change of the state happened."""
        self._upgrading = False
        self.client = self._client()
        self.subscriptions = Subscriptions(self)
        self.data = self.client.state
        self._holdings_of: tuple[object, ...] = ()
        self.unnamed: dict[int, str | None] = {}
        """Templates that the sensor holds and nobody knows by name: id by slot."""
        self.listed: str | None = None
        """Revision of the list that tells of them; another one may tell of other fingers."""
        self.gone: dict[str, str] = {}
        """Fingerprints whose template is gone: by template id, how users tell them apart."""

    def _client(self) -> ReaderClient | LegacyClient:
        entry = self.config_entry
        host = ReaderHost(self.hass, entry, self.events, self.issues, self._show)
        delivery_log = self.hass.data[DATA_DELIVERY_LOG]
        if entry.data.get(CONF_DIALECT) != DIALECT_FIRST_GENERATION:
            return ReaderClient(self.reader_id, self.device, host, self.registry, delivery_log)
        return LegacyClient(
            self.reader_id,
            self.device,
            host,
            self.registry,
            delivery_log,
            trusted=lambda: bool(entry.options.get(CONF_TRUST_TOUCHES)),
            speaks_version_1=self._speaks_version_1,
        )

    @property
    def changes(self) -> Changes:
        """What can be changed on the reader. Raises `TooOldError` for the first generation."""
        if isinstance(self.client, LegacyClient):
            raise TooOldError
        return self.client.changes

    @callback
    def _show(self, state: ReaderState, context: Context) -> None:
        self.context = context
        self._hold(state)
        self.issues.show(state, len(self.gone))
        self.async_set_updated_data(state)

    @callback
    def registry_changed(self) -> None:
        """Show the state with the names as they are now."""
        self._show(self.client.state, Context())

    def _hold(self, state: ReaderState) -> None:
        """Compare what the sensor holds with the registry, if either has changed."""
        followed = self.client.model.followed()
        # Until it has ended, its template is neither somebody's nor nobody's.
        pending = None if followed.final else self.registry.enrollment(self.device)
        pending_id = pending.template_id if pending else None
        # What another sensor holds says nothing of the one that is there now.
        changed = state.templates is not None and state.templates.sensor_changed
        inventory = None if changed else state.inventory
        holdings_of = (inventory, self.registry.changes, pending_id)
        if holdings_of == self._holdings_of:
            return
        self._holdings_of = holdings_of
        templates, gone = (
            (inventory.templates, inventory.gone) if inventory is not None else ({}, frozenset())
        )
        self.listed = None if inventory is None else inventory.revision
        named = {
            place.template_id: f"{fingerprint.subject.name} ({place.slot})"
            for fingerprint, place in self.registry.on_reader(self.device)
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
            await self.client.async_look()
        except UnreachableError:
            _LOGGER.debug("Reader %s does not answer", self.reader_id)
        return self.client.state


def coordinators(hass: HomeAssistant) -> list[ReaderCoordinator]:
    """Return all readers that are loaded."""
    return [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]


def coordinator_of(hass: HomeAssistant, device: str) -> ReaderCoordinator | None:
    """Return the reader of this hardware id, if it is loaded."""
    return next((reader for reader in coordinators(hass) if reader.device == device), None)


def reader_of(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader that a call names by its device. Raises a translated error."""
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    reader: ReaderCoordinator = entry.runtime_data
    return reader
