"""What is known of one reader, and who is told when that changes.

The road: bytes of a topic (inbox) → typed message (reader/decode) → frozen `ReaderState` (here) →
entities. What happened, rather than is, goes through `Moments`.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from homeassistant.core import Context, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_DEVICE, CONF_READER_ID
from .marks import DATA_MARKS
from .moments import Moments
from .reader.messages import IDLE, Snapshot
from .reader.state import ReaderState
from .roster import DATA_ROSTER

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

_LOGGER = logging.getLogger(__name__)


class ReaderCoordinator(DataUpdateCoordinator[ReaderState]):
    """Keeps the state of one reader, and what belongs to it in the stores."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Take up what is known of the reader from earlier runs.

        Needs the roster and the marks in `hass.data`.
        """
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.reader_id: str = entry.data[CONF_READER_ID]
        self.device: str = entry.data[CONF_DEVICE]
        self.roster = hass.data[DATA_ROSTER]
        self.marks = hass.data[DATA_MARKS]
        self.mark = self.marks.of(self.device)
        self.moments = Moments(hass, entry, self.device)
        self.context = Context()
        """On whose behalf the newest change of the state happened."""
        self.data = self._remembered()

    def followed(self) -> Snapshot:
        """Return the newest snapshot of the enrollment that was asked for last."""
        enrollment = self.roster.enrollment(self.device)
        if enrollment is None or self.mark.snapshot.template_id != enrollment.template_id:
            return IDLE
        return self.mark.snapshot

    def _remembered(self) -> ReaderState:
        snapshot, enrollment = self.followed(), self.roster.enrollment(self.device)
        # While an enrollment is only meant, nobody knows whether it will start.
        subject = None if enrollment is None or snapshot is IDLE else enrollment.subject
        return ReaderState(snapshot=snapshot, subject=subject)

    @callback
    def update(self, context: Context | None = None, **changes: object) -> None:
        """Replace parts of the state and tell the entities, and on whose behalf it happened."""
        self.context = context or Context()
        self.async_set_updated_data(replace(self.data, **changes))  # type: ignore[arg-type]
