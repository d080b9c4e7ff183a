"""The two files in which this integration outlives a restart, shared by all readers."""

import asyncio
from typing import TYPE_CHECKING, Any, override

from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import CONF_DEVICE, DOMAIN
from .follower.marks import Marks
from .follower.roster import Roster

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

DATA_ROSTER: HassKey[Roster] = HassKey(f"{DOMAIN}_roster")
DATA_MARKS: HassKey[Marks] = HassKey(f"{DOMAIN}_marks")

_VERSION = 1
_MINOR_VERSION = 3


class _UnbrokenStore(Store[dict[str, Any]]):
    """A file that what was changed reaches, whatever becomes of whoever has changed it."""

    @override
    async def async_save(self, data: dict[str, Any]) -> None:
        """Save; done when it is on disk. A caller that stops waiting does not stop it.

        Cancelled while it waits for a thread, Home Assistant's own store forgets the data.
        """
        await asyncio.shield(self.hass.async_create_task(super().async_save(data)))


class _RosterStore(_UnbrokenStore):
    """The names."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Add what an older version did not know."""
        for fingerprint in old_data["fingerprints"]:
            fingerprint.setdefault("enabled", True)
            fingerprint.setdefault("deleting", False)
        # Whose name was made real has kept it: nothing could be deleted then.
        named = {
            place["template_id"]
            for fingerprint in old_data["fingerprints"]
            for place in fingerprint["places"]
        }
        for enrollment in old_data["enrollments"].values():
            enrollment.setdefault("named", enrollment["template_id"] in named)
        old_data.setdefault("removed", {})
        return old_data


class _MarksStore(_UnbrokenStore):
    """What was reported."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Add what an older version did not know."""
        for mark in old_data.values():
            mark.setdefault("uses", {})
        return old_data


async def async_load(hass: HomeAssistant) -> None:
    """Load roster and marks into `hass.data`."""
    roster = Roster(_store(_RosterStore, hass, "roster"))
    marks = Marks(_store(_MarksStore, hass, "marks"))
    await roster.async_load()
    await marks.async_load()
    # The marks may have been saved, for a touch or another reader, before the name was.
    await roster.async_catch_up(marks.completed(), dt_util.utcnow())
    hass.data[DATA_ROSTER] = roster
    hass.data[DATA_MARKS] = marks


async def async_expire(hass: HomeAssistant, without: ConfigEntry[Any] | None = None) -> None:
    """Forget what is known of readers that were removed long ago, see `Roster.async_expire`.

    `without` is an entry that is just being removed.
    """
    present = {
        entry.data[CONF_DEVICE]
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry is not without
    }
    marks = hass.data[DATA_MARKS]
    expired = await hass.data[DATA_ROSTER].async_expire(present, marks.devices, dt_util.utcnow())
    await marks.async_drop(expired)


def _store[S: Store[dict[str, Any]]](kind: type[S], hass: HomeAssistant, name: str) -> S:
    return kind(
        hass,
        _VERSION,
        f"{DOMAIN}.{name}",
        minor_version=_MINOR_VERSION,
        private=True,
        atomic_writes=True,
    )
