"""The two storage files of this integration, shared by all readers."""

import asyncio
from typing import TYPE_CHECKING, Any, override

from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from . import clocks
from .client.delivery_log import DeliveryLog
from .client.fingerprint_registry import FingerprintRegistry
from .const import CONF_DEVICE, DOMAIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .coordinator import BiometricEnrollConfigEntry

DATA_REGISTRY: HassKey[FingerprintRegistry] = HassKey(f"{DOMAIN}_roster")
DATA_DELIVERY_LOG: HassKey[DeliveryLog] = HassKey(f"{DOMAIN}_marks")

_VERSION = 1
_MINOR_VERSION = 4


class _UnbrokenStore(Store[dict[str, Any]]):
    """A store whose writes complete even if the caller is cancelled."""

    @override
    async def async_save(self, data: dict[str, Any]) -> None:
        """Save; returns when it is on disk. Cancelling the caller does not cancel saving.

        Home Assistant's own store loses the data if cancelled while it waits for a thread.
        """
        await asyncio.shield(self.hass.async_create_task(super().async_save(data)))


class _RegistryStore(_UnbrokenStore):
    """The store of the fingerprint registry."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Add the keys that older versions did not have."""
        for fingerprint in old_data["fingerprints"]:
            fingerprint.setdefault("enabled", True)
            fingerprint.setdefault("deleting", False)
        # Older versions could not delete: an enrollment is named if it has a fingerprint.
        named = {
            place["template_id"]
            for fingerprint in old_data["fingerprints"]
            for place in fingerprint["places"]
        }
        for enrollment in old_data["enrollments"].values():
            enrollment.setdefault("named", enrollment["template_id"] in named)
        old_data.setdefault("removed", {})
        # Older versions kept only the newest one, and named it if it was completed nevertheless: by
        # now that finger is somebody's.
        old_data.setdefault(
            "unwanted",
            {
                device: [enrollment["template_id"]]
                for device, enrollment in old_data["enrollments"].items()
                if enrollment["given_up"] and enrollment["template_id"] not in named
            },
        )
        return old_data


class _DeliveryLogStore(_UnbrokenStore):
    """The store of the delivery log."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Add the keys that older versions did not have."""
        for delivered in old_data.values():
            delivered.setdefault("uses", {})
        return old_data


async def async_load(hass: HomeAssistant) -> None:
    """Load registry and delivery log into `hass.data`."""
    registry = FingerprintRegistry(_store(_RegistryStore, hass, "roster"))
    delivery_log = DeliveryLog(_store(_DeliveryLogStore, hass, "marks"))
    await registry.async_load()
    await delivery_log.async_load(lambda: clocks.read(hass))
    # The delivery log may have been saved, for a touch or another reader, before the name was.
    await registry.async_catch_up(delivery_log.completed(), dt_util.utcnow())
    hass.data[DATA_REGISTRY] = registry
    hass.data[DATA_DELIVERY_LOG] = delivery_log


async def async_expire(
    hass: HomeAssistant, without: BiometricEnrollConfigEntry | None = None
) -> None:
    """Forget readers that were removed long ago, see `FingerprintRegistry.async_expire`.

    `without` is an entry that is just being removed.
    """
    present = {
        entry.data[CONF_DEVICE]
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry is not without
    }
    delivery_log = hass.data[DATA_DELIVERY_LOG]
    expired = await hass.data[DATA_REGISTRY].async_expire(
        present, delivery_log.devices, dt_util.utcnow()
    )
    await delivery_log.async_drop(expired)


def _store[S: Store[dict[str, Any]]](kind: type[S], hass: HomeAssistant, name: str) -> S:
    return kind(
        hass,
        _VERSION,
        f"{DOMAIN}.{name}",
        minor_version=_MINOR_VERSION,
        private=True,
        atomic_writes=True,
    )
